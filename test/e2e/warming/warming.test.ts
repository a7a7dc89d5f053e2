import { Injectable } from '@nestjs/common';
import { Observable, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  Cacheable,
  CacheableMany,
  CacheModule,
  CacheService,
  CacheWarmer,
  CacheWarmup,
  getCacheWarmupToken,
  type CacheStatisticsSnapshot,
  type WarmContext,
  type WarmRunReport,
} from 'nestjs-hybrid-cache';
import { startApp } from '../../support/nest-app.js';
import { gate } from '../../support/engine.js';
import { eventually } from '../../support/servers/eventually.js';

const options = { caches: { products: {} }, jitter: 0, earlyRefresh: false } as const;

type App = Awaited<ReturnType<typeof startApp>>;
const countsOf = (app: App, cache = 'products'): CacheStatisticsSnapshot =>
  app.get(CacheService).status().caches[cache]!;
const lastOf = (app: App, name: string): WarmRunReport => app.get(CacheWarmup).status().warmers[name]!.last!;

describe('a warmer', () => {
  it('loads at start what its method lists, and counts loads and no reads', async () => {
    @Injectable()
    class Products {
      readonly loads: string[] = [];
      @Cacheable({ cache: 'products', key: (id: string) => id })
      async find(id: string): Promise<string> {
        this.loads.push(id);
        return `product ${id}`;
      }
      @CacheWarmer({ warms: 'find' })
      async top(): Promise<string[]> {
        return ['1', '2', '3'];
      }
    }
    const app = await startApp({ providers: [Products] }, options);
    await app.get(CacheWarmup).ready;

    expect(app.get(Products).loads).toEqual(['1', '2', '3']);
    expect(countsOf(app)).toMatchObject({ reads: 0, loads: 3, entries: 3 });
    expect(lastOf(app, 'Products.top')).toMatchObject({ end: 'complete', total: 3, loaded: 3, there: 0, failed: 0 });
    expect(await app.get(Products).find('2')).toBe('product 2');
    expect(countsOf(app)).toMatchObject({ reads: 1, hits: 1, loads: 3 });
  });

  it('finds the method by its cache, in whatever class it is', async () => {
    @Injectable()
    class Products {
      @Cacheable({ cache: 'products' })
      async find(id: number, lang: string): Promise<string> {
        return `${id} ${lang}`;
      }
    }
    @Injectable()
    class Warmup {
      @CacheWarmer({ cache: 'products' })
      *top(): Iterable<[number, string]> {
        yield [1, 'en'];
        yield [2, 'de'];
      }
    }
    const app = await startApp({ providers: [Warmup, Products] }, options);
    await app.get(CacheWarmup).ready;

    expect(await app.get(Products).find(2, 'de')).toBe('2 de');
    expect(countsOf(app)).toMatchObject({ reads: 1, hits: 1, loads: 2 });
  });

  it('doesn’t load what is fresh, and has what is stale refreshed', async () => {
    @Injectable()
    class Products {
      version = 1;
      @Cacheable({ cache: 'products', key: (id: string) => id, grace: '1h' })
      async find(id: string): Promise<string> {
        return `${id} v${this.version}`;
      }
      @CacheWarmer({ warms: 'find' })
      top(): string[] {
        return ['1', '2', '3'];
      }
    }
    const app = await startApp({ providers: [Products] }, options);
    const warmup = app.get(CacheWarmup);
    await warmup.ready;
    app.get(Products).version = 2;
    await app.get(CacheService).invalidate({ keys: [['products', '1']] });
    await app.get(CacheService).invalidate({ keys: [['products', '2']], mode: 'soft' });

    expect(await warmup.run('Products.top')).toMatchObject({ occasion: 'hand', loaded: 2, there: 1, failed: 0 });
    const all = await Promise.all(['1', '2', '3'].map(async (id) => app.get(Products).find(id)));
    expect(all).toEqual(['1 v2', '2 v2', '3 v1']);
    expect(countsOf(app)).toMatchObject({ reads: 3, hits: 3, outcomes: { stale: 0 } });
  });

  it('goes on after what fails, counts it, and says why', async () => {
    @Injectable()
    class Products {
      @Cacheable({ cache: 'products', key: (id: string) => id })
      async find(id: string): Promise<string> {
        if (id === 'bad') throw new Error('no such product');
        return id;
      }
      @CacheWarmer({ warms: 'find', concurrency: 1 })
      top(): string[] {
        return ['1', 'bad', '3'];
      }
    }
    const app = await startApp({ providers: [Products] }, options);
    await app.get(CacheWarmup).ready;

    const expected = { end: 'complete', loaded: 2, failed: 1, lastError: 'no such product' };
    expect(lastOf(app, 'Products.top')).toMatchObject(expected);
    expect(app.get(CacheWarmup).status().warmers['Products.top']).toMatchObject({ runs: 1, loaded: 2, failed: 1 });
  });

  it('says so when there is no list', async () => {
    @Injectable()
    class Products {
      @Cacheable({ cache: 'products', key: (id: string) => id })
      async find(id: string): Promise<string> {
        return id;
      }
      @CacheWarmer({ warms: 'find' })
      async fails(): Promise<string[]> {
        throw new Error('the database is away');
      }
      @CacheWarmer({ warms: 'find' })
      async *breaksOff(): AsyncIterable<string> {
        yield '1';
        throw new Error('connection lost');
      }
      @CacheWarmer({ warms: 'find' })
      nothing(): string[] {
        return undefined as never;
      }
    }
    const app = await startApp({ providers: [Products] }, options);
    await app.get(CacheWarmup).ready;

    expect(lastOf(app, 'Products.fails')).toMatchObject({ end: 'failed', lastError: 'the database is away' });
    expect(lastOf(app, 'Products.breaksOff')).toMatchObject({ end: 'failed', loaded: 1, lastError: 'connection lost' });
    expect(lastOf(app, 'Products.nothing').lastError).toMatch(/returned undefined; a warmer returns a list/);
  });

  it('loads so many at a time', async () => {
    @Injectable()
    class Products {
      running = 0;
      most = 0;
      @Cacheable({ cache: 'products', key: (id: number) => id })
      async find(id: number): Promise<number> {
        this.most = Math.max(this.most, ++this.running);
        await new Promise((resolve) => setImmediate(resolve));
        this.running--;
        return id;
      }
      @CacheWarmer({ warms: 'find', concurrency: 3 })
      async *top(): AsyncIterable<number> {
        for (let id = 0; id < 20; id++) yield id;
      }
    }
    const app = await startApp({ providers: [Products] }, options);
    await app.get(CacheWarmup).ready;

    expect(app.get(Products).most).toBe(3);
    expect(lastOf(app, 'Products.top')).toMatchObject({ loaded: 20, total: undefined });
  });

  it('loads the keys of a @CacheableMany method in batches', async () => {
    @Injectable()
    class Products {
      readonly calls: number[][] = [];
      @CacheableMany({ cache: 'products', key: (product: { id: number }) => product.id })
      async findMany(ids: number[]): Promise<{ id: number }[]> {
        this.calls.push(ids);
        if (ids.includes(8)) throw new Error('batch of 8');
        return ids.filter((id) => id !== 2).map((id) => ({ id }));
      }
      @CacheWarmer({ warms: 'findMany', batch: 4, concurrency: 1 })
      top(): number[] {
        return [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
      }
    }
    const app = await startApp({ providers: [Products] }, options);
    await app.get(CacheWarmup).ready;

    expect(app.get(Products).calls).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
      [9, 10],
    ]);
    expect(lastOf(app, 'Products.top')).toMatchObject({ loaded: 6, failed: 4, lastError: 'batch of 8' });
    expect(await app.get(Products).findMany([1, 2, 9])).toEqual([{ id: 1 }, { id: 9 }]);
    expect(countsOf(app)).toMatchObject({ reads: 3, hits: 3 });
  });

  it('warms a method that returns an Observable, and one that reads by hand', async () => {
    @Injectable()
    class Products {
      constructor(private readonly cache: CacheService) {}
      @Cacheable({ cache: 'products', key: (id: string) => `observed ${id}`, returns: 'observable' })
      observe(id: string): Observable<string> {
        return of(id);
      }
      async byHand(id: string): Promise<string> {
        return this.cache.getOrLoad('products', `hand ${id}`, () => id);
      }
      async nothing(): Promise<void> {}
      @CacheWarmer({ warms: 'observe' })
      observed(): string[] {
        return ['1'];
      }
      @CacheWarmer({ cache: 'products', warms: 'byHand' })
      hand(): string[] {
        return ['1', '2'];
      }
      @CacheWarmer({ cache: 'products', warms: 'nothing' })
      idle(): [][] {
        return [[]];
      }
    }
    const app = await startApp({ providers: [Products] }, options);
    await app.get(CacheWarmup).ready;

    expect(lastOf(app, 'Products.observed')).toMatchObject({ loaded: 1, failed: 0 });
    expect(lastOf(app, 'Products.hand')).toMatchObject({ loaded: 2, failed: 0 });
    expect(lastOf(app, 'Products.idle').lastError).toBe("the call read nothing through cache 'products'");
    expect(countsOf(app)).toMatchObject({ reads: 0, loads: 3 });
  });

  it('counts what its loaders read of other caches as it always is', async () => {
    @Injectable()
    class Products {
      @Cacheable({ cache: 'prices', key: (id: string) => id })
      async price(_id: string): Promise<number> {
        return 1;
      }
      @Cacheable({ cache: 'products', key: (id: string) => id })
      async find(id: string): Promise<number> {
        return this.price(id);
      }
      @Cacheable({ cache: 'apart', key: (id: string) => id, nested: false })
      async findApart(id: string): Promise<number> {
        return this.price(id);
      }
      @CacheWarmer({ warms: 'find' })
      top(): string[] {
        return ['1', '2'];
      }
      @CacheWarmer({ warms: 'findApart' })
      topApart(): string[] {
        return ['3', '4'];
      }
    }
    const caches = { products: {}, prices: {}, apart: {} };
    const app = await startApp({ providers: [Products] }, { ...options, caches });
    await app.get(CacheWarmup).ready;

    expect(countsOf(app)).toMatchObject({ reads: 0, loads: 2 });
    expect(countsOf(app, 'apart')).toMatchObject({ reads: 0, loads: 2 });
    expect(countsOf(app, 'prices')).toMatchObject({ reads: 4, loads: 4 });
  });

  it('runs for a subclass, which may list something else', async () => {
    @Injectable()
    class Base {
      @Cacheable({ key: (id: string) => id })
      async find(id: string): Promise<string> {
        return id;
      }
      @CacheWarmer({ warms: 'find' })
      top(): string[] {
        return ['base'];
      }
    }
    @Injectable()
    class Shop extends Base {
      override top(): string[] {
        return ['a', 'b'];
      }
    }
    const app = await startApp({ providers: [Shop] }, options);
    await app.get(CacheWarmup).ready;

    expect(Object.keys(app.get(CacheWarmup).status().warmers)).toEqual(['Shop.top']);
    expect(countsOf(app, 'Shop.find')).toMatchObject({ loads: 2 });
  });

  it('belongs to its registration', async () => {
    @Injectable()
    class Products {
      @Cacheable({ registration: 'second', key: (id: string) => id })
      async find(id: string): Promise<string> {
        return id;
      }
      @CacheWarmer({ registration: 'second', warms: 'find' })
      top(): string[] {
        return ['1'];
      }
    }
    const second = CacheModule.forRoot({ registration: 'second' });
    const app = await startApp({ imports: [second], providers: [Products] }, options);
    const warmup = app.get<CacheWarmup>(getCacheWarmupToken('second'));
    await warmup.ready;

    expect(warmup.status().warmers['Products.top']).toMatchObject({ cache: 'Products.find', loaded: 1 });
    expect(app.get(CacheWarmup).status()).toEqual({ ready: true, warmers: {} });
  });

  it('does nothing where the cache is disabled, and is ready', async () => {
    @Injectable()
    class Products {
      @Cacheable({ cache: 'products', key: (id: string) => id })
      async find(id: string): Promise<string> {
        return id;
      }
      @CacheWarmer({ warms: 'find' })
      top(): string[] {
        throw new Error('nobody asks');
      }
    }
    const app = await startApp({ providers: [Products] }, { ...options, enabled: false });
    await app.get(CacheWarmup).ready;

    expect(app.get(CacheWarmup).status().warmers['Products.top']).toMatchObject({ runs: 0, last: undefined });
  });
});

describe('readiness', () => {
  /** A source that answers when the test says so. */
  function slowProducts(hold: boolean, holdAtMost: string) {
    const answer = gate();
    @Injectable()
    class Products {
      @Cacheable({ cache: 'products', key: (id: string) => id })
      async find(id: string): Promise<string> {
        await answer.passed;
        return id;
      }
      @CacheWarmer({ warms: 'find', hold, holdAtMost })
      top(): string[] {
        return ['1', '2'];
      }
    }
    return { Products, answer };
  }

  it('comes when everything is warm, and the application starts meanwhile', async () => {
    const { Products, answer } = slowProducts(false, '1h');
    const app = await startApp({ providers: [Products] }, options);
    const warmup = app.get(CacheWarmup);
    expect(warmup.isReady()).toBe(false);
    expect(warmup.status()).toMatchObject({ ready: false, warmers: { 'Products.top': { state: 'running' } } });
    answer.open();
    await warmup.ready;

    expect(warmup.isReady()).toBe(true);
    await eventually('it ends', () => warmup.status().warmers['Products.top']!.state === 'idle');
  });

  it('is waited for by the start of the application with `hold`', async () => {
    const { Products, answer } = slowProducts(true, '1h');
    const starting = startApp({ providers: [Products] }, options);
    let isStarted = false;
    void starting.then(() => (isStarted = true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isStarted).toBe(false);
    answer.open();

    expect((await starting).get(CacheWarmup).isReady()).toBe(true);
  });

  it('is waited for no longer than `holdAtMost`, and the rest is warmed afterwards', async () => {
    const { Products, answer } = slowProducts(true, '20ms');
    const app = await startApp({ providers: [Products] }, options);
    expect(app.get(CacheWarmup).isReady()).toBe(true);
    expect(lastOf(app, 'Products.top')).toMatchObject({ end: 'running' });
    answer.open();

    await eventually('it is complete', () => lastOf(app, 'Products.top').end === 'complete');
    expect(lastOf(app, 'Products.top')).toMatchObject({ loaded: 2 });
  });

  it('is there at once where nothing is warmed at start', async () => {
    const app = await startApp({}, options);
    await app.get(CacheWarmup).ready;
    expect(app.get(CacheWarmup).status()).toEqual({ ready: true, warmers: {} });
  });
});

describe('an application that closes', () => {
  it('ends a run at once: nothing more is listed, and the list may clean up', async () => {
    const ends: string[] = [];
    @Injectable()
    class Products {
      @Cacheable({ cache: 'products', key: (id: number) => id })
      async find(id: number): Promise<number> {
        return id;
      }
      @CacheWarmer({ warms: 'find' })
      async *endless({ signal }: WarmContext): AsyncIterable<number> {
        try {
          for (let id = 0; ; id++) {
            await new Promise((resolve) => setImmediate(resolve));
            yield id;
          }
        } finally {
          ends.push(`ended, ${signal.aborted ? 'aborted' : 'not aborted'}`);
        }
      }
      @CacheWarmer({ warms: 'find' })
      async never(): Promise<number[]> {
        return new Promise(() => undefined);
      }
    }
    const app = await startApp({ providers: [Products] }, options);
    const warmup = app.get(CacheWarmup);
    await eventually('something is warm', () => countsOf(app).loads > 5);
    warmup.close();
    await warmup.ready;
    await eventually('they end', () => app.get(CacheService).status().background === 0);

    expect(lastOf(app, 'Products.endless')).toMatchObject({ end: 'aborted', failed: 0 });
    expect(lastOf(app, 'Products.never')).toMatchObject({ end: 'aborted' });
    await eventually('the list is left', () => ends.length === 1);
    expect(ends).toEqual(['ended, aborted']);
  });
});

describe('timers', () => {
  it('warm again and again, with intervals and cron expressions', async () => {
    @Injectable()
    class Products {
      @Cacheable({ cache: 'products', key: (id: string) => id })
      async find(id: string): Promise<string> {
        return id;
      }
      @CacheWarmer({ warms: 'find', on: ['1s', '* * * * * *'] })
      top(): string[] {
        return ['1'];
      }
    }
    const app = await startApp({ providers: [Products] }, options);
    const runs = (): number => app.get(CacheWarmup).status().warmers['Products.top']!.runs;
    expect(app.get(CacheWarmup).isReady()).toBe(true);
    const occasions = new Set<string>();
    await eventually('both ran', () => {
      const { last } = app.get(CacheWarmup).status().warmers['Products.top']!;
      if (last !== undefined) occasions.add(last.occasion);
      return occasions.size === 2 && runs() >= 3;
    });
    expect([...occasions].sort()).toEqual(['* * * * * *', '1s']);
  });
});
