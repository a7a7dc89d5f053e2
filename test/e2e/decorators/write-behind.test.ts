import { Injectable, Scope } from '@nestjs/common';
import { describe, expect, it, vi } from 'vitest';
import {
  CacheService,
  CacheSink,
  Cacheable,
  CacheModule,
  CacheWriteQueue,
  WriteBehind,
  type SinkWrite,
  type WriteSink,
} from 'nestjs-hybrid-cache';
import { refusalOf, startApp, startWith } from '../../support/nest-app.js';

interface Views {
  readonly id: string;
  readonly count: number;
}

@Injectable()
@CacheSink('views')
class ViewsSink implements WriteSink<Views> {
  readonly rows = new Map<string, Views>();

  async write(writes: readonly SinkWrite<Views>[]): Promise<void> {
    for (const { key, value } of writes) this.rows.set(key, value);
  }
}

@Injectable()
class Counters {
  loads = 0;

  constructor(private readonly sink: ViewsSink) {}

  @Cacheable({ cache: 'views', key: (id: string) => id })
  async find(id: string): Promise<Views> {
    this.loads++;
    return this.sink.rows.get(id) ?? { id, count: 0 };
  }

  @WriteBehind({
    cache: 'views',
    key: (views: Views) => views.id,
    tags: { fromResult: (views: Views) => [`product:${views.id}`] },
    invalidates: ['bestsellers'],
    condition: (views: Views) => views.count >= 0,
    flushEvery: '1h',
    batch: 50,
  })
  async set(id: string, count: number): Promise<Views> {
    return { id, count };
  }

  @Cacheable({ tags: ['bestsellers'] })
  async best(): Promise<number> {
    return Math.max(0, ...[...this.sink.rows.values()].map(({ count }) => count));
  }
}

const CACHES = { caches: { views: {} } };

describe('@WriteBehind', () => {
  it('queues what the method returns, for readers now and for the sink later', async () => {
    const app = await startApp({ providers: [Counters, ViewsSink] }, CACHES);
    const [counters, sink, cache] = [app.get(Counters), app.get(ViewsSink), app.get(CacheService)];
    expect(await counters.find('7')).toEqual({ id: '7', count: 0 });
    expect(await counters.best()).toBe(0);

    expect(await counters.set('7', 3)).toEqual({ id: '7', count: 3 });

    expect(sink.rows.size).toBe(0);
    expect(await counters.find('7')).toEqual({ id: '7', count: 3 });
    await cache.invalidate({ tags: ['product:7'] });
    expect(await counters.find('7')).toEqual({ id: '7', count: 3 });
    expect(counters.loads).toBe(1);
    expect(await counters.best()).toBe(0);

    const queue = cache.writeQueue<Views>('views');
    expect(queue).toBeInstanceOf(CacheWriteQueue);
    await queue.flush();
    expect(sink.rows.get('7')).toEqual({ id: '7', count: 3 });
    await vi.waitFor(async () => expect(await counters.best()).toBe(3));
  });

  it('leaves alone what its condition doesn’t want', async () => {
    const app = await startApp({ providers: [Counters, ViewsSink] }, CACHES);
    expect(await app.get(Counters).set('7', -1)).toEqual({ id: '7', count: -1 });
    expect((await app.get(CacheService).writeQueue('views').status()).waiting).toBe(0);
  });

  it('gives the error to the caller where the write has no room, after the method has run', async () => {
    @Injectable()
    class Narrow {
      readonly ran: string[] = [];

      @WriteBehind({ cache: 'views', key: (views: Views) => views.id, flushEvery: '1h', maxWaiting: 1 })
      async set(id: string): Promise<Views> {
        this.ran.push(id);
        return { id, count: 1 };
      }
    }
    const app = await startApp({ providers: [Narrow, ViewsSink] }, CACHES);
    const narrow = app.get(Narrow);
    await narrow.set('7');
    await expect(narrow.set('8')).rejects.toMatchObject({ code: 'CACHE_OVERLOAD' });
    expect(narrow.ran).toEqual(['7', '8']);
  });

  it('writes what waits when the application ends', async () => {
    const app = await startApp({ providers: [Counters, ViewsSink] }, CACHES);
    const sink = app.get(ViewsSink);
    await app.get(Counters).set('7', 3);
    await app.close();
    expect(sink.rows.get('7')).toEqual({ id: '7', count: 3 });
  });

  it('calls the sink at once where the cache is disabled', async () => {
    const app = await startWith({ imports: [CacheModule.disabled(CACHES)], providers: [Counters, ViewsSink] });
    await app.get(Counters).set('7', 3);
    expect(app.get(ViewsSink).rows.get('7')).toEqual({ id: '7', count: 3 });
  });

  it('is refused at start, by name, where it can’t be right', async () => {
    @Injectable()
    class Wrong {
      @WriteBehind({ cache: 'views', key: (views: Views) => views.id, batch: 0, flushEvery: 'soon' })
      async options(): Promise<Views> {
        return { id: '1', count: 1 };
      }

      @WriteBehind({ cache: 'vews', key: (views: Views) => views.id })
      async misspelt(): Promise<Views> {
        return { id: '1', count: 1 };
      }

      @Cacheable({ cache: 'views', key: () => '1' })
      @WriteBehind({ cache: 'views', key: (views: Views) => views.id })
      async both(): Promise<Views> {
        return { id: '1', count: 1 };
      }

      @WriteBehind({ cache: 'views' } as never)
      async keyless(): Promise<Views> {
        return { id: '1', count: 1 };
      }
    }
    @Injectable({ scope: Scope.REQUEST })
    @CacheSink('views')
    class PerRequest extends ViewsSink {}
    @Injectable()
    @CacheSink('others')
    @CacheSink('plain')
    class Elsewhere extends ViewsSink {}

    const refusal = await refusalOf(
      { providers: [Wrong, PerRequest, Elsewhere] },
      { caches: { views: {}, plain: {} } },
    );

    expect(refusal).toContain('Wrong.options @WriteBehind.batch: got 0; takes a whole number of at least 1');
    expect(refusal).toContain("Wrong.options @WriteBehind.flushEvery: got 'soon'; takes a duration of at least 1 ms");
    expect(refusal).toMatch(/Wrong\.misspelt @WriteBehind.*: there is no such cache.*did you mean 'views'\?/u);
    expect(refusal).toContain('Wrong.both: has @Cacheable and @WriteBehind; a method reads through the cache or');
    expect(refusal).toContain('Wrong.keyless @WriteBehind: needs `key`, a function that finds the key in the result');
    expect(refusal).toContain("PerRequest @CacheSink('views'): is made for each request or use; a sink has to be a");
    expect(refusal).toContain("Elsewhere @CacheSink('others'): there is no such cache");
    expect(refusal).toContain("Elsewhere @CacheSink('plain'): isn't written behind; say caches: { 'plain': { write");
  });

  it('is refused where two places say different things of one queue, or two are its sink', async () => {
    @Injectable()
    class Two {
      @WriteBehind({ cache: 'views', key: (views: Views) => views.id, batch: 7 })
      async one(): Promise<Views> {
        return { id: '1', count: 1 };
      }
    }
    @Injectable()
    @CacheSink('views')
    class Second extends ViewsSink {}

    const refusal = await refusalOf(
      { providers: [Two, ViewsSink, Second] },
      { caches: { views: { writeBehind: { batch: 8 } } } },
    );

    expect(refusal).toContain("Two.one @WriteBehind: cache 'views' is written behind with other options already");
    expect(refusal).toContain("Second @CacheSink('views'): there is one already; a cache has one");
  });
});
