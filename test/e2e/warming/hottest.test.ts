import { Controller, Get, Injectable, Scope } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  Cacheable,
  CacheableMany,
  CacheEvict,
  CacheService,
  CacheWarmer,
  CacheWarmup,
  type WarmerStatus,
} from 'nestjs-hybrid-cache';
import { refusalOf, startApp } from '../../support/nest-app.js';
import { eventually } from '../../support/servers/eventually.js';

const options = { jitter: 0, earlyRefresh: false } as const;
type App = Awaited<ReturnType<typeof startApp>>;
const statusOf = (app: App, cache: string): WarmerStatus =>
  app.get(CacheWarmup).status().warmers[`hottest of ${cache}`]!;

@Injectable()
class Products {
  readonly loads: string[] = [];
  @Cacheable({ cache: 'products', key: ({ id }: { id: string }, lang: string) => `${id} ${lang}` })
  async find({ id }: { id: string }, lang: string): Promise<string> {
    this.loads.push(`${id} ${lang}`);
    return id;
  }
  @Cacheable({ cache: 'products', key: (id: string) => `price of ${id}` })
  async price(id: string): Promise<number> {
    this.loads.push(`price ${id}`);
    return 1;
  }
  @CacheableMany({ cache: 'stock', key: (item: { id: number }) => item.id })
  async stock(ids: number[]): Promise<{ id: number }[]> {
    this.loads.push(ids.join());
    return ids.map((id) => ({ id }));
  }
}

/** Every key so often as its place from the end says. */
async function readByHeat(keys: readonly string[], read: (key: string) => Promise<unknown>): Promise<void> {
  for (const [index, key] of keys.entries())
    for (let times = 0; times < 3 * (keys.length - index); times++) await read(key);
}

describe('the hottest calls of a cache', () => {
  it('are loaded again when it was cleared, with the arguments they were made with, and the others aren’t', async () => {
    const caches = { products: { warm: { hottest: 3 } } };
    const app = await startApp({ providers: [Products] }, { ...options, caches: { ...caches, stock: {} } });
    const products = app.get(Products);
    await app.get(CacheWarmup).ready;
    await readByHeat(['a', 'b', 'c', 'd'], async (id) => products.find({ id }, 'en'));
    for (let times = 0; times < 20; times++) await products.price('a');
    products.loads.length = 0;
    await app.get(CacheService).clear('products');
    await eventually('they are warm', () => statusOf(app, 'products').runs === 1);

    expect(products.loads.sort()).toEqual(['a en', 'b en', 'price a']);
    expect(statusOf(app, 'products')).toMatchObject({ loaded: 3, failed: 0, last: { occasion: 'clear', total: 3 } });
    const { reads, loads } = app.get(CacheService).status().caches['products']!;
    await products.find({ id: 'a' }, 'en');
    expect(app.get(CacheService).status().caches['products']).toMatchObject({ reads: reads + 1, loads });
  });

  it.each([
    ['everything is cleared', async (cache: CacheService) => cache.clear()],
    ['it is cleared softly', async (cache: CacheService) => cache.invalidate({ caches: ['products'], mode: 'soft' })],
  ])('are loaded when %s', async (_what, clear) => {
    const app = await startApp(
      { providers: [Products] },
      { ...options, warm: { hottest: 1 }, caches: { products: { grace: '1h' }, stock: {} } },
    );
    await app.get(Products).price('a');
    app.get(Products).loads.length = 0;
    await clear(app.get(CacheService));
    await eventually('they are warm', () => statusOf(app, 'products').loaded === 1);
    expect(app.get(Products).loads).toEqual(['price a']);
  });

  it('aren’t loaded for an invalidation of something else', async () => {
    const app = await startApp(
      { providers: [Products] },
      { ...options, warm: {}, caches: { products: {}, stock: {} } },
    );
    await app.get(Products).price('a');
    await app.get(Products).stock([1]);
    await app.get(CacheService).invalidate({ keys: [['products', 'price of a']] });
    await app.get(CacheService).clear('stock');
    await eventually('stock is warm', () => statusOf(app, 'stock').runs === 1);
    expect(statusOf(app, 'products').runs).toBe(0);
  });

  it('are loaded in one call where the method takes a list', async () => {
    const app = await startApp(
      { providers: [Products] },
      { ...options, caches: { products: {}, stock: { warm: { hottest: 2 } } } },
    );
    const products = app.get(Products);
    await products.stock([1, 2, 3]);
    await products.stock([2, 3]);
    products.loads.length = 0;
    await app.get(CacheService).clear('stock');
    await eventually('they are warm', () => statusOf(app, 'stock').runs === 1);

    expect(products.loads).toHaveLength(1);
    expect(products.loads[0]!.split(',').sort()).toEqual(['2', '3']);
    expect(statusOf(app, 'stock')).toMatchObject({ loaded: 2, failed: 0 });
  });

  it('aren’t learned from what was warmed', async () => {
    @Injectable()
    class Warmed extends Products {
      @CacheWarmer({ warms: 'price' })
      often(): string[] {
        return Array.from({ length: 50 }, () => 'warmed');
      }
    }
    const caches = { products: { warm: { hottest: 1 } }, stock: {} };
    const app = await startApp({ providers: [Warmed] }, { ...options, caches });
    await app.get(CacheWarmup).ready;
    await app.get(Warmed).price('asked for');
    app.get(Warmed).loads.length = 0;
    await app.get(CacheService).clear('products');
    await eventually('it is warm', () => statusOf(app, 'products').runs === 1);
    expect(app.get(Warmed).loads).toEqual(['price asked for']);
  });

  it('aren’t learned with arguments that can’t be kept', async () => {
    @Injectable()
    class Odd {
      loads = 0;
      @Cacheable({ cache: 'odd', key: (at: Date) => at.getTime() })
      async find(at: Date): Promise<number> {
        this.loads++;
        return at.getTime();
      }
    }
    const app = await startApp({ providers: [Odd] }, { ...options, caches: { odd: { warm: {} } } });
    for (let times = 0; times < 5; times++) await app.get(Odd).find(new Date(7));
    await app.get(CacheService).clear('odd');
    await eventually('it looked', () => statusOf(app, 'odd').runs === 1);
    expect(statusOf(app, 'odd')).toMatchObject({ loaded: 0, failed: 0, last: { total: 0 } });
    expect(app.get(Odd).loads).toBe(1);
  });
});

describe('an application doesn’t start', () => {
  it.each([
    [
      'a number of keys that can’t be',
      { hottest: 0 },
      'caches.products.warm.hottest: got 0; takes a whole number from 1',
    ],
    [
      'an option that isn’t there',
      { hotest: 5 },
      'caches.products.warm.hotest: there is no such option; did you mean `hottest`?',
    ],
    ['something else', 'yes', "caches.products.warm: got 'yes'; takes { hottest, concurrency, hold }; or false"],
    [
      'no concurrency',
      { concurrency: 0 },
      'caches.products.warm.concurrency: got 0; takes a whole number of at least 1',
    ],
  ])('with `warm` that says %s', async (_what, warm, message) => {
    expect(
      await refusalOf({ providers: [Products] }, { caches: { stock: {}, products: { warm: warm as object } } }),
    ).toContain(message);
  });

  it('with `warm` of the module that can’t be right, which is said once', async () => {
    const message = await refusalOf(
      { providers: [Products] },
      { warm: { hottest: 0 }, caches: { stock: {}, products: {} } },
    );
    expect(message.match(/warm\.hottest/g)).toHaveLength(1);
  });

  it('with `warm` beside `scope` or `encrypt`', async () => {
    const keys = { a: Buffer.alloc(32).toString('base64') };
    const caches = {
      products: { warm: {}, scope: () => 'tenant' },
      stock: { warm: {}, encrypt: true },
    };
    const message = await refusalOf({ providers: [Products] }, { caches, encryption: { keys, current: 'a' } });
    expect(message).toContain('caches.products.warm: can’t be said beside `scope`');
    expect(message).toContain('caches.stock.warm: can’t be said beside `encrypt`');
  });

  it('with `warm` where there is nothing to learn from', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      @Cacheable({ cache: 'perRequest' })
      async find(id: string): Promise<string> {
        return id;
      }
    }
    @Injectable()
    class Evicting {
      @Cacheable({ cache: 'evicting' })
      @CacheEvict({ tags: ['x'] })
      async find(id: string): Promise<string> {
        return id;
      }
    }
    @Controller()
    class Route {
      @Get()
      @Cacheable({ cache: 'route' })
      async find(): Promise<string> {
        return '';
      }
    }
    const caches = { byHand: { warm: {} }, perRequest: { warm: {} }, evicting: { warm: {} }, route: { warm: {} } };
    const message = await refusalOf({ providers: [PerRequest, Evicting], controllers: [Route] }, { caches });
    for (const name of Object.keys(caches)) expect(message).toContain(`caches.${name}.warm: nothing can be learned`);
  });

  it('but does where the module says it of all, and leaves those out', async () => {
    const caches = { products: { scope: () => 'tenant' }, stock: {}, byHand: {} };
    const app = await startApp({ providers: [Products] }, { warm: {}, caches });
    expect(Object.keys(app.get(CacheWarmup).status().warmers)).toEqual(['hottest of stock']);
  });
});
