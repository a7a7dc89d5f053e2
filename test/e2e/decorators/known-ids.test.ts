import { Controller, Get, Injectable, NotFoundException, Param } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  Cacheable,
  CacheableMany,
  CacheBreakerOpenError,
  CacheOverloadError,
  CachePut,
  CacheService,
  InjectCache,
  type Cache,
} from 'nestjs-hybrid-cache';
import { refusalOf, startApp } from '../../support/nest-app.js';
import { gate } from '../../support/engine.js';

interface Product {
  readonly id: number;
  readonly name: string;
}

@Injectable()
class Products {
  readonly rows = new Map<number, Product>();
  queries = 0;

  constructor(@InjectCache('products') readonly cache: Cache<Product | null>) {}

  @Cacheable({ cache: 'products', key: (id: number) => id })
  async find(id: number): Promise<Product | null> {
    this.queries++;
    return this.rows.get(id) ?? null;
  }

  @CacheableMany({ cache: 'products', key: (product: Product) => product.id })
  async findMany(ids: number[]): Promise<Product[]> {
    this.queries++;
    return ids.flatMap((id) => this.rows.get(id) ?? []);
  }

  @CachePut({
    cache: 'products',
    key: (product: Product) => product.id,
    condition: (name: string) => name !== 'unkept',
  })
  async create(name: string): Promise<Product> {
    const product = { id: this.rows.size + 1, name };
    this.rows.set(product.id, product);
    return product;
  }

  async rebuild(): Promise<void> {
    await this.cache.knownIds.rebuild(() => this.rows.keys());
  }
}

const products = (missing: null | (() => unknown) = null) => ({
  caches: { products: { knownIds: { capacity: 1_000, falsePositiveRate: 1e-6, commitWithin: 0, missing } } },
});

async function start(options = products()): Promise<Products> {
  const app = await startApp({ providers: [Products] }, options);
  const made = app.get(Products);
  await made.create('pen');
  await made.rebuild();
  return made;
}

describe('decorated methods of a cache with known ids', () => {
  it('aren’t called for ids that don’t exist', async () => {
    const made = await start();
    for (let id = 100; id < 200; id++) expect(await made.find(id)).toBeNull();
    expect(await made.findMany([100, 1, 101])).toEqual([{ id: 1, name: 'pen' }]);
    expect(made.queries).toBeLessThanOrEqual(1);
  });

  it('are called for what @CachePut has written, kept or not', async () => {
    const made = await start();
    expect(await made.find(2)).toBeNull();
    await made.create('ink');
    await made.create('unkept');
    await made.cache.evict(2);
    expect([await made.find(2), await made.find(3)]).toEqual([
      { id: 2, name: 'ink' },
      { id: 3, name: 'unkept' },
    ]);
    expect(made.queries).toBe(2);
  });

  it('reject with what `missing` returns', async () => {
    const made = await start(products(() => new NotFoundException('no such product')));
    await expect(made.find(9)).rejects.toMatchObject({ message: 'no such product', status: 404 });
    await expect(made.find(9)).rejects.toBeInstanceOf(NotFoundException);
  });

  it('can’t be handlers of requests', async () => {
    @Controller('products')
    class ProductsController {
      @Get(':id')
      @Cacheable({ cache: 'products', public: true })
      async find(@Param('id') id: string): Promise<string> {
        return id;
      }
    }
    expect(await refusalOf({ controllers: [ProductsController] }, products())).toContain(
      'ProductsController.find @Cacheable: caches answers to requests, whose keys are no ids',
    );
  });
});

describe('decorated methods with guards in front of their source', () => {
  @Injectable()
  class Prices {
    down = false;
    calls = 0;
    readonly gate = gate();

    @Cacheable({ origin: { bulkhead: { concurrency: 1, queue: 0 } } })
    async slow(_id: number): Promise<number> {
      await this.gate.passed;
      return 1;
    }

    @Cacheable({ origin: { breaker: { minimumLoads: 3 } } })
    async failing(_id: number): Promise<number> {
      this.calls++;
      throw new Error('prices are down');
    }
  }

  it('are called for so many at a time', async () => {
    const app = await startApp({ providers: [Prices] });
    const prices = app.get(Prices);
    const first = prices.slow(1);
    const joined = prices.slow(1);
    await expect(prices.slow(2)).rejects.toThrow(CacheOverloadError);
    prices.gate.open();
    expect([await first, await joined]).toEqual([1, 1]);
    expect(app.get(CacheService).status().caches['Prices.slow']!.refused).toEqual({ bulkhead: 1, breaker: 0 });
  });

  it('are left alone when they fail', async () => {
    const app = await startApp({ providers: [Prices] });
    const prices = app.get(Prices);
    for (const id of [1, 2, 3]) await expect(prices.failing(id)).rejects.toThrow('prices are down');
    await expect(prices.failing(4)).rejects.toThrow(CacheBreakerOpenError);
    expect(prices.calls).toBe(3);
  });

  it('are refused at start with what can’t be right, by its name', async () => {
    @Injectable()
    class Wrong {
      @Cacheable({ origin: { bulkhead: { concurrency: 0 }, breaker: { failureRate: 2 } } })
      async one(): Promise<number> {
        return 1;
      }

      @Cacheable({ knownIds: { capacity: -1 } })
      async other(): Promise<number> {
        return 1;
      }
    }
    const refusal = await refusalOf({ providers: [Wrong] });
    for (const where of ['one @Cacheable.origin.bulkhead.concurrency', 'one @Cacheable.origin.breaker.failureRate'])
      expect(refusal).toContain(`Wrong.${where}: got `);
    expect(refusal).toContain('Wrong.other @Cacheable.knownIds.capacity: got -1; takes a whole number from 1');
  });
});
