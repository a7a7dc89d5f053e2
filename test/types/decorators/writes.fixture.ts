import {
  CacheSink,
  CacheService,
  Cacheable,
  WriteBehind,
  type Cache,
  type SinkWrite,
  type WriteSink,
} from 'nestjs-hybrid-cache';

interface Views {
  id: string;
  count: number;
}
declare const later: never;

@CacheSink('views')
export class ViewsSink implements WriteSink<Views> {
  async write(writes: readonly SinkWrite<Views>[]): Promise<void> {
    writes.map(({ key, value, version, writtenAt }) => [key.length, value.count + version + writtenAt]);
  }
}

// prettier-ignore -- a line a case, with what the compiler says at its end
export class Accepted {
  constructor(
    private readonly cache: CacheService,
    private readonly views: Cache<Views>,
  ) {}

  @WriteBehind({ cache: 'views', key: (views: Views) => views.id }) count(id: string): Promise<Views> {
    return later;
  }
  @WriteBehind({
    cache: 'views',
    key: (_views: Views, id: string) => id,
    ttl: '1h',
    flushEvery: '2s',
    batch: 7,
    maxWaiting: 9,
    tags: { fromResult: (views: Views) => [views.id] },
    invalidates: ['best'],
    condition: ({ count }: Views) => count > 0,
  })
  async countAll(id: string) {
    return later as Views;
  }
  @Cacheable({ cache: 'views', ttlFrom: (views: Views) => (views.count > 9 ? '1m' : undefined), sliding: '5m' })
  find(id: string): Promise<Views> {
    return later;
  }

  async byHand(): Promise<void> {
    await this.cache.write('views', '7', { id: '7', count: 1 }, (views) => views.count);
    const { status, durable } = await this.cache.writeBehind(
      'views',
      '7',
      { id: '7' },
      { tags: ['a'], invalidates: ['b'] },
    );
    await this.views.writeBehind('7', { id: status, count: durable ? 1 : 0 });
    const [letter] = await this.cache.writeQueue<Views>('views').deadLetters({ count: 1 });
    letter?.value?.count.toFixed();
    this.cache.useSink<Views>('views', { write: async (writes) => writes.map(({ value }) => value.count) });
    const views: Views = await this.views.refresh('7', () => ({ id: '7', count: 1 }));
    await this.cache.refresh('views', views.id);
    await this.cache.getOrLoad('views', '7', () => views, { refresh: true });
  }
}

// prettier-ignore -- a line a case, with what the compiler says at its end
export class Refused {
  constructor(
    private readonly cache: CacheService,
    private readonly views: Cache<Views>,
  ) {}

  @WriteBehind({ cache: 'views', key: (views: { name: string }) => views.name }) // error: takes other arguments than the result of the method
  key(id: string): Promise<Views> {
    return later;
  }
  @WriteBehind({ cache: 'views' }) // error: Property 'key' is missing
  keyless(id: string): Promise<Views> {
    return later;
  }
  @WriteBehind({ cache: 'views', key: (views) => `${views}` }) // error: implicitly has an 'any' type
  implicit(id: string): Promise<Views> {
    return later;
  }
  @WriteBehind({ cache: 'views', key: (views: Views) => views.id, batches: 7 }) // error: 'batches' does not exist
  misspelt(id: string): Promise<Views> {
    return later;
  }
  @WriteBehind({ cache: 'views', key: (views: Views) => views.id }) // error: Type 'Views'
  synchronous(id: string): Views {
    return later;
  }

  async byHand(): Promise<void> {
    await this.views.writeBehind('7', { id: '7' }); // error: count
    await this.views.write('7', { id: '7', count: 1 }, (views) => views.name); // error: 'name' does not exist
    await this.cache.writeBehind('views', '7', 1, { unless: () => true }); // error: 'unless' does not exist
    await this.cache.writeQueue('views').flush({ timeout: [] }); // error: is not assignable to type
  }
}

@CacheSink('views') // error: is not assignable to parameter of type
export class NoSink {}
