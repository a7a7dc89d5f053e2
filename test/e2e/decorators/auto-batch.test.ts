import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable, Scope } from '@nestjs/common';
import { ContextIdFactory } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { bypass, Cacheable, CacheableMany, CacheService, type CacheModuleOptions } from 'nestjs-hybrid-cache';
import { TestClock } from '../../../lib/testing/test-clock.js';
import { startApp } from '../../support/nest-app.js';

interface User {
  id: number;
  name: string;
}
const userOf = (id: number): User => ({ id, name: `user ${id}` });
const range = (count: number): number[] => Array.from({ length: count }, (_, id) => id);

/** The tenant of whoever is calling. */
const tenants = new AsyncLocalStorage<string>();

@Injectable()
class Users {
  /** What was loaded, call by call. */
  readonly asked: number[][] = [];
  singles = 0;
  fails = false;

  @Cacheable({
    cache: 'users',
    key: (id: number) => id,
    tags: (id: number) => [`user:${id}`],
    autoBatch: { load: 'findMany', maxSize: 100, within: 'tick' },
  })
  async findOne(id: number): Promise<User | undefined> {
    this.singles++;
    return (await this.findMany([id]))[0];
  }

  @CacheableMany({ cache: 'users', key: (user: User) => user.id })
  async findMany(ids: number[]): Promise<User[]> {
    this.asked.push(ids);
    if (this.fails) throw new Error('down');
    // in any order, and without those that don't exist
    return ids
      .filter((id) => id < 1_000)
      .map(userOf)
      .reverse();
  }

  @Cacheable({ autoBatch: { load: 'inOrder' } })
  async byName(name: string): Promise<string | null> {
    return (await this.inOrder([name]))[0]!;
  }

  async inOrder(names: readonly string[]): Promise<(string | null)[]> {
    this.asked.push(names.map(Number));
    return names.map((name) => (name === '' ? null : name.toUpperCase()));
  }

  @Cacheable({ key: ({ id }: { id: number }) => `user:${id}`, autoBatch: { load: 'byQueries', maxSize: 2 } })
  async byQuery(query: { id: number }): Promise<User | undefined> {
    return (await this.byQueries([query])).get(query);
  }

  async byQueries(queries: { id: number }[]): Promise<Map<{ id: number }, User>> {
    this.asked.push(queries.map(({ id }) => id));
    return new Map(queries.map((query) => [query, userOf(query.id)]));
  }

  @Cacheable({ autoBatch: { load: 'late', within: '5ms', key: (user: User) => user.id } })
  async slowly(id: number): Promise<User> {
    return userOf(id);
  }

  async late(ids: number[]): Promise<User[]> {
    this.asked.push(ids);
    return ids.map(userOf);
  }

  @Cacheable({ autoBatch: { load: 'late', within: '1h', maxSize: 2, key: (user: User) => user.id } })
  async patiently(id: number): Promise<User> {
    return userOf(id);
  }

  @Cacheable({
    cache: 'strong',
    consistency: 'strong',
    key: (id: number) => id,
    autoBatch: { load: 'late', key: (user: User) => user.id },
  })
  async strongly(id: number): Promise<User> {
    return userOf(id);
  }

  @Cacheable({ cache: 'tenants', key: (id: number) => id, autoBatch: { load: 'ofTenantMany' } })
  async ofTenant(id: number): Promise<string> {
    return (await this.ofTenantMany([id]))[0]!;
  }

  async ofTenantMany(ids: number[]): Promise<string[]> {
    this.asked.push(ids);
    const tenant = tenants.getStore();
    return ids.map((id) => `${tenant}:${id}`);
  }

  @Cacheable({ cache: 'pages' })
  async page(ids: number[]): Promise<(User | undefined)[]> {
    return Promise.all(ids.map(async (id) => this.findOne(id)));
  }
}

const start = async (options: CacheModuleOptions = {}) => {
  const caches = { users: {}, pages: {}, strong: {}, tenants: { scope: () => tenants.getStore() ?? 'nobody' } };
  const app = await startApp({ providers: [Users] }, { caches, earlyRefresh: false, jitter: 0, ...options });
  const cache = app.get(CacheService);
  return { users: app.get(Users), cache, count: (name: string) => cache.status().caches[name]! };
};

describe('the single calls of one tick', () => {
  it('become one call of the method that loads many, and each gets its own answer', async () => {
    const { users, count } = await start();
    const ids = [3, 1, 2, 1, 5_000];
    const found = await Promise.all(ids.map(async (id) => users.findOne(id)));
    expect(found).toEqual([userOf(3), userOf(1), userOf(2), userOf(1), undefined]);
    expect([users.asked, users.singles]).toEqual([[[3, 1, 2, 5_000]], 0]);
    expect(await Promise.all(ids.map(async (id) => users.findOne(id)))).toEqual(found);
    expect(users.asked).toHaveLength(1);
    expect(count('users')).toMatchObject({ reads: 10, loads: 1, outcomes: { loaded: 4, joined: 1, l1: 5 } });
  });

  it('come together across the turns of its promises', async () => {
    const { users } = await start();
    const later = async (turns: number, id: number): Promise<User | undefined> => {
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      return users.findOne(id);
    };
    await Promise.all([later(0, 1), later(3, 2), later(30, 3)]);
    expect(users.asked).toEqual([[1, 2, 3]]);
  });

  it('are as many batches as their size says', async () => {
    const { users } = await start();
    await Promise.all(range(250).map(async (id) => users.findOne(id)));
    expect(users.asked.map(({ length }) => length)).toEqual([100, 100, 50]);
  });

  it('leave at once when their batch is full, and no timer is left of it', async () => {
    const clock = new TestClock();
    const { users } = await start({ runtime: clock });
    const timers = clock.pendingTimers;
    expect(await Promise.all([1, 2].map(async (id) => users.patiently(id)))).toEqual([1, 2].map(userOf));
    expect([users.asked, clock.pendingTimers]).toEqual([[[1, 2]], timers]);
  });

  it('share their entries with the method that loads many', async () => {
    const { users, cache } = await start();
    await users.findMany([1, 2]);
    expect(await Promise.all([1, 2, 3].map(async (id) => users.findOne(id)))).toEqual([1, 2, 3].map(userOf));
    expect(users.asked).toEqual([[1, 2], [3]]);
    await cache.invalidate({ tags: ['user:3'] });
    await users.findMany([1, 2, 3]);
    expect(users.asked.at(-1)).toEqual([3]);
  });

  it('are answered from a list in their order, or a Map', async () => {
    const { users } = await start();
    expect(await Promise.all(['1', '', '2'].map(async (name) => users.byName(name)))).toEqual(['1', undefined, '2']);
    const queries = [{ id: 1 }, { id: 2 }, { id: 3 }];
    expect(await Promise.all(queries.map(async (query) => users.byQuery(query)))).toEqual([1, 2, 3].map(userOf));
    expect(users.asked).toEqual([[1, 0, 2], [1, 2], [3]]);
  });

  it('wait for each other as long as they are told to', async () => {
    const clock = new TestClock();
    const { users } = await start({ runtime: clock });
    const first = users.slowly(1);
    await clock.advance(4);
    const second = users.slowly(2);
    expect(users.asked).toEqual([]);
    await clock.advance(1);
    expect(await Promise.all([first, second])).toEqual([1, 2].map(userOf));
    const third = users.slowly(3);
    await clock.advance(5);
    await third;
    expect(users.asked).toEqual([[1, 2], [3]]);
  });

  it('fail as the load fails, all of them, and the next ones load anew', async () => {
    const { users, count } = await start();
    users.fails = true;
    const ends = await Promise.allSettled([1, 2].map(async (id) => users.findOne(id)));
    expect(ends.map((end) => (end.status === 'rejected' ? (end.reason as Error).message : end.status))).toEqual([
      'down',
      'down',
    ]);
    users.fails = false;
    expect(await users.findOne(1)).toEqual(userOf(1));
    expect(count('users').outcomes).toMatchObject({ error: 2, loaded: 1 });
  });

  it('are each answered as soon as its answer is there', async () => {
    const { users, cache } = await start();
    let open = (_user: User): void => undefined;
    const slow = cache.getOrLoad('users', 1, () => new Promise<User>((resolve) => (open = resolve)));
    await new Promise(setImmediate);
    const joined = users.findOne(1);
    expect(await users.findOne(2)).toEqual(userOf(2));
    open(userOf(1));
    expect(await Promise.all([joined, slow])).toEqual([userOf(1), userOf(1)]);
    expect(users.asked).toEqual([[2]]);
  });

  it('get their old values while one load refreshes them', async () => {
    const clock = new TestClock();
    const { users } = await start({ ttl: '1m', grace: '1h', runtime: clock });
    const read = async () => Promise.all([1, 2].map(async (id) => users.findOne(id)));
    await read();
    await clock.advance(61_000);
    expect(await read()).toEqual([1, 2].map(userOf));
    await new Promise(setImmediate);
    expect(users.asked).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('that are strong are one batch as well', async () => {
    const { users } = await start();
    for (let time = 0; time < 2; time++) await Promise.all([1, 2].map(async (id) => users.strongly(id)));
    expect(users.asked).toEqual([[1, 2]]);
  });
});

describe('calls that a batch would be wrong for', () => {
  it('of two tenants are two batches, each in the surroundings of its own', async () => {
    const { users } = await start();
    const read = async (tenant: string, id: number) => tenants.run(tenant, async () => users.ofTenant(id));
    const found = await Promise.all([read('a', 1), read('b', 1), read('a', 2), read('b', 2)]);
    expect(found).toEqual(['a:1', 'b:1', 'a:2', 'b:2']);
    expect(users.asked).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('inside a transaction are a batch of their own, which fills nothing', async () => {
    const { users, cache } = await start();
    const outside = users.findOne(1);
    await cache.afterCommit(async () => {
      await cache.invalidate({ tags: ['user:2'] });
      await Promise.all([users.findOne(2), users.findOne(3)]);
    });
    await outside;
    expect(users.asked.toSorted((a, b) => a.length - b.length)).toEqual([[1], [2, 3]]);
    expect(await cache.getMany('users', [1, 2, 3])).toEqual([userOf(1), undefined, undefined]);
  });

  it('inside a bypass go to the source, in one call', async () => {
    const { users, count } = await start();
    await users.findOne(1);
    await bypass(async () => Promise.all([users.findOne(1), users.findOne(2)]));
    expect(users.asked).toEqual([[1], [1, 2]]);
    expect(count('users')).toMatchObject({ reads: 1, bypassed: 2, entries: 1 });
  });

  it('inside a loader hand it their tags', async () => {
    const { users, cache } = await start();
    await users.page([1, 2, 3]);
    expect(users.asked).toEqual([[1, 2, 3]]);
    await cache.invalidate({ tags: ['user:2'] });
    await users.page([1, 2, 3]);
    expect(users.asked).toEqual([[1, 2, 3], [2]]);
  });

  it('of two instances are two batches', async () => {
    const asked: [name: string, ids: number[]][] = [];
    let instances = 0;
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      readonly name = `instance ${++instances}`;
      @Cacheable({ autoBatch: { load: 'many' } })
      async one(id: number): Promise<number> {
        return (await this.many([id]))[0]!;
      }
      async many(ids: number[]): Promise<number[]> {
        asked.push([this.name, ids]);
        return ids;
      }
    }
    const app = await startApp({ providers: [PerRequest] });
    const resolve = async () => app.resolve(PerRequest, ContextIdFactory.create());
    const [first, second] = await Promise.all([resolve(), resolve()]);
    await Promise.all([first.one(1), second.one(2), first.one(3), second.one(4)]);
    expect(asked.toSorted(([a], [b]) => a.localeCompare(b))).toEqual([
      ['instance 1', [1, 3]],
      ['instance 2', [2, 4]],
    ]);
  });

  it('where caching is disabled are batches all the same', async () => {
    const { users } = await start({ enabled: false });
    for (let time = 0; time < 2; time++) await Promise.all([1, 2].map(async (id) => users.findOne(id)));
    expect(users.asked).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('without the module are just the method', async () => {
    const users = new Users();
    expect(await Promise.all([1, 2].map(async (id) => users.findOne(id)))).toEqual([1, 2].map(userOf));
    expect(users.singles).toBe(2);
  });
});

describe('a method that loads many', () => {
  it('of another cache is called as it is decorated', async () => {
    @Injectable()
    class Other {
      readonly asked: number[][] = [];
      @Cacheable({ cache: 'users', key: (id: number) => id, autoBatch: { load: 'many' } })
      async one(id: number): Promise<User | undefined> {
        return (await this.many([id]))[0];
      }
      @CacheableMany({ cache: 'pages', key: (user: User) => user.id })
      async many(ids: number[]): Promise<User[]> {
        this.asked.push(ids);
        return ids.map(userOf);
      }
    }
    const app = await startApp({ providers: [Other] }, { caches: { users: {}, pages: {} } });
    const [other, cache] = [app.get(Other), app.get(CacheService)];
    await Promise.all([other.one(1), other.one(2)]);
    expect([await cache.getMany('pages', [1, 2]), other.asked]).toEqual([[1, 2].map(userOf), [[1, 2]]]);
  });

  it('of a subclass is the one that is called', async () => {
    @Injectable()
    class Louder extends Users {
      override async inOrder(names: readonly string[]): Promise<(string | null)[]> {
        return names.map((name) => `${name}!`);
      }
    }
    const caches = { users: {}, pages: {}, strong: {}, tenants: {} };
    const app = await startApp({ providers: [Louder] }, { caches });
    expect(await Promise.all(['a', 'b'].map(async (name) => app.get(Louder).byName(name)))).toEqual(['a!', 'b!']);
  });

  it('that returns another number of items is an error that says so', async () => {
    @Injectable()
    class Wrong {
      @Cacheable({ autoBatch: { load: 'many' } })
      async one(id: number): Promise<number> {
        return id;
      }
      async many(): Promise<number[]> {
        return [1];
      }
      @Cacheable({ autoBatch: { load: 'atOnce' } })
      async other(id: number): Promise<number> {
        return id;
      }
      atOnce(ids: number[]): Promise<number[]> {
        return ids as unknown as Promise<number[]>;
      }
    }
    const wrong = (await startApp({ providers: [Wrong] })).get(Wrong);
    await expect(Promise.all([wrong.one(1), wrong.one(2)])).rejects.toThrow('the loader returned 1 items for 2 keys');
    await expect(wrong.other(1)).rejects.toThrow('Wrong.atOnce: has to return a Promise of a list, or of a Map');
  });
});
