import { Controller, Get, Injectable, Scope } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  Cacheable,
  CacheEvict,
  CacheModule,
  CachePut,
  CacheWarmer,
  type CacheWarmerOptions,
} from 'nestjs-hybrid-cache';
import { refusalOf } from '../../support/nest-app.js';

const named = { caches: { products: {}, other: {} } };

/** What an application says of a warmer with these options. */
async function saidOf(options: object): Promise<string> {
  @Injectable()
  class Products {
    @Cacheable({ cache: 'products', key: (id: string) => id })
    async find(id: string): Promise<string> {
      return id;
    }
    async plain(id: string): Promise<string> {
      return id;
    }
    @CachePut({ cache: 'products', key: (id: string) => id })
    async put(id: string): Promise<string> {
      return id;
    }
    @Cacheable({ cache: 'other', key: (id: string) => id })
    @CacheEvict({ tags: ['x'] })
    async evicting(id: string): Promise<string> {
      return id;
    }
    @CacheWarmer(options as CacheWarmerOptions<never>)
    top(): string[] {
      return [];
    }
  }
  return refusalOf({ providers: [Products] }, named);
}

const on = "takes 'start', a duration of at least 1 s such as '10m', a cron expression of 5 or 6 fields, or a list";

describe('an application doesn’t start with a warmer', () => {
  it.each<[string, object, string]>([
    ['that says nothing', {}, 'says nothing to warm: give `warms`, a method of its class, or `cache`'],
    ['of an unknown cache', { cache: 'product' }, "cache 'product': there is no such cache; declare it"],
    [
      'whose method is misspelt',
      { warms: 'fnd' },
      "warms: got 'fnd'; takes the name of a method of its class; did you mean 'find'?",
    ],
    ['of a method that isn’t cached', { warms: 'plain' }, "warms: 'plain' isn't cached; decorate it with @Cacheable()"],
    ['of a method that writes', { warms: 'put' }, "warms: 'put' reads nothing from a cache"],
    ['of a method that evicts', { warms: 'evicting' }, 'evicting evicts when it is called'],
    ['of a method of another cache', { warms: 'find', cache: 'other' }, "'find' reads cache 'products', not 'other'"],
    ['that isn’t one for texts', { cache: 7 }, 'cache: got 7; takes the name of a cache'],
    ['with a bad cron expression', { warms: 'find', on: '61 * * * *' }, `on: got '61 * * * *'; ${on}`],
    ['with a day that never comes', { warms: 'find', on: '0 0 30 2 *' }, `on: got '0 0 30 2 *'; ${on}`],
    ['that runs all the time', { warms: 'find', on: '10ms' }, `on: got '10ms'; ${on}`],
    [
      'with one bad occasion of several',
      { warms: 'find', on: ['start', 'strat'] },
      `on: got [ 'start', 'strat' ]; ${on}`,
    ],
    ['with no occasion', { warms: 'find', on: [] }, `on: got []; ${on}`],
    [
      'without concurrency',
      { warms: 'find', concurrency: 0 },
      'concurrency: got 0; takes a whole number of at least 1',
    ],
    ['without a batch', { warms: 'find', batch: 1.5 }, 'batch: got 1.5; takes a whole number of at least 1'],
    [
      'with others that do something else',
      { warms: 'find', others: 'sleep' },
      "others: got 'sleep'; takes 'wait' or 'go on'",
    ],
    ['that holds by hand', { warms: 'find', hold: 'yes' }, "hold: got 'yes'; takes true or false"],
    [
      'that holds what isn’t a start',
      { warms: 'find', hold: true, on: '10m' },
      "hold: is about the start of the application, and needs 'start' in `on`",
    ],
    ['that holds for ever so long', { warms: 'find', holdAtMost: 'long' }, "holdAtMost: got 'long'; takes a duration"],
    ['that is done for ever', { warms: 'find', doneFor: -1 }, 'doneFor: got -1; takes a duration'],
    [
      'with an option that isn’t there',
      { warms: 'find', concurency: 3 },
      'concurency: there is no such option; did you mean `concurrency`?',
    ],
  ])('%s', async (_what, options, message) => {
    const said = await saidOf(options);
    expect(said).toContain('Products.top @CacheWarmer');
    expect(said).toContain(message);
  });

  it('that was given something else than options', async () => {
    expect(await saidOf(undefined as never)).toContain(
      'Products.top @CacheWarmer: got undefined; takes { cache, warms',
    );
  });

  it('of a method of another registration', async () => {
    @Injectable()
    class Products {
      @Cacheable({ registration: 'second', key: (id: string) => id })
      async find(id: string): Promise<string> {
        return id;
      }
      @CacheWarmer({ warms: 'find' })
      top(): string[] {
        return [];
      }
    }
    const said = await refusalOf({ imports: [CacheModule.forRoot({ registration: 'second' })], providers: [Products] });
    expect(said).toContain(
      "Products.top @CacheWarmer.warms: 'find' is cached with registration: 'second'; say so here",
    );
  });

  it('and says everything that is wrong at once', async () => {
    const said = await saidOf({ cache: 'nope', concurrency: -1, on: 'never' });
    for (const part of ["cache 'nope'", 'concurrency: got -1', "on: got 'never'"]) expect(said).toContain(part);
  });

  it('of a cache that no method reads, or several', async () => {
    @Injectable()
    class Products {
      @Cacheable({ cache: 'products', key: (id: string) => id })
      async find(id: string): Promise<string> {
        return id;
      }
      @Cacheable({ cache: 'products', key: (id: string) => `name ${id}` })
      async name(id: string): Promise<string> {
        return id;
      }
      @CacheWarmer({ cache: 'products' })
      several(): string[] {
        return [];
      }
      @CacheWarmer({ cache: 'other' })
      none(): string[] {
        return [];
      }
    }
    const said = await refusalOf({ providers: [Products] }, named);
    expect(said).toContain("cache 'products' is read by Products.find and Products.name; say with `warms`");
    expect(said).toContain("cache 'other' is read by no cached method; say with `warms`");
  });

  it('on a handler, or of one', async () => {
    @Controller()
    class Shop {
      @Cacheable({ cache: 'products', key: (id: string) => id })
      async find(id: string): Promise<string> {
        return id;
      }
      @Get()
      async route(): Promise<string> {
        return '';
      }
      @Get('top')
      @CacheWarmer({ warms: 'find' })
      async top(): Promise<string[]> {
        return [];
      }
      @CacheWarmer({ cache: 'products', warms: 'route' })
      routes(): [][] {
        return [];
      }
    }
    const said = await refusalOf({ controllers: [Shop] }, named);
    expect(said).toContain('Shop.top @CacheWarmer: is on a handler, which is called by requests');
    expect(said).toContain("Shop.routes @CacheWarmer.warms: 'route' is a handler");
  });

  it.each([Scope.REQUEST, Scope.TRANSIENT])('of a provider there isn’t one of (%s)', async (scope) => {
    @Injectable({ scope })
    class Products {
      @Cacheable({ cache: 'products', key: (id: string) => id })
      async find(id: string): Promise<string> {
        return id;
      }
      @CacheWarmer({ warms: 'find' })
      top(): string[] {
        return [];
      }
    }
    const said = await refusalOf({ providers: [Products] }, named);
    expect(said).toContain(
      'Products.top @CacheWarmer: Products is request-scoped, transient, or needs something that is',
    );
  });

  it('that needs something there isn’t one of, or whose cached method does', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      @Cacheable({ cache: 'products', key: (id: string) => id })
      async find(id: string): Promise<string> {
        return id;
      }
    }
    @Injectable()
    class Warmup {
      @CacheWarmer({ cache: 'products' })
      top(): string[] {
        return [];
      }
    }
    expect(await refusalOf({ providers: [PerRequest, Warmup] }, named)).toContain('PerRequest is request-scoped');
  });

  it('that is there twice on a method, or in two classes of one name', async () => {
    const make = (): new () => object => {
      @Injectable()
      class Products {
        async load(_id: string): Promise<void> {}
        @CacheWarmer({ cache: 'products', warms: 'load' })
        top(): string[] {
          return [];
        }
        @CacheWarmer({ cache: 'products', warms: 'load' })
        @CacheWarmer({ cache: 'products', warms: 'load', on: '1m' })
        twice(): string[] {
          return [];
        }
      }
      return Products;
    };
    const said = await refusalOf({ providers: [make(), make()] }, named);
    expect(said).toContain('Products.top @CacheWarmer: another class of that name has such a warmer');
    expect(said).toContain('Products.twice @CacheWarmer: is there twice; say every occasion in one list');
  });
});

describe('a class can’t be made with a warmer', () => {
  it('on a static method, or on something that is none', () => {
    const decorate = CacheWarmer({ warms: 'x' } as never) as (target: object, key: string, descriptor?: object) => void;
    class Static {}
    expect(() => decorate(Static, 'top', { value: () => [] })).toThrow(
      '@CacheWarmer on top: static methods belong to no instance',
    );
    expect(() => decorate(Static.prototype, 'top')).toThrow(
      '@CacheWarmer on top: it is for methods; decorate a method',
    );
  });
});
