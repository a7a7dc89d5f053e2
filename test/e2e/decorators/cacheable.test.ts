import { Injectable, NotFoundException, SetMetadata } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { bypass, Cacheable, CacheKeyError, CacheService, CacheTags, currentLoad } from 'nestjs-hybrid-cache';
import { planOf } from '../../../lib/bindings/metadata.accessor.js';
import { startApp } from '../../support/nest-app.js';

interface User {
  id: number;
  name: string;
}

@Injectable()
class Users {
  runs = 0;
  names = new Map([[1, 'Ada']]);

  @SetMetadata('above', 1)
  @Cacheable()
  @SetMetadata('below', 2)
  async find(id: number, _locale?: string): Promise<User | null> {
    this.runs++;
    const name = this.names.get(id);
    return name === undefined ? null : { id, name };
  }

  @Cacheable({ cache: 'users', key: (name: string) => name.toLowerCase() })
  @CacheTags('named', (name: string) => [`name:${name}`], { fromResult: (user: User) => [`user:${user.id}`] })
  async byName(name: string): Promise<User> {
    this.runs++;
    return { id: name.length, name };
  }

  @Cacheable({ condition: (id: number) => id > 0, unless: (user: User, id: number) => user.id !== id })
  async sometimes(id: number): Promise<User> {
    this.runs++;
    return { id: id === 3 ? 0 : id, name: `${this.runs}` };
  }

  @Cacheable({ negative: { errors: [NotFoundException], ttl: '10s' } })
  async orFail(id: number): Promise<User> {
    this.runs++;
    throw new NotFoundException({ message: `no user ${id}`, code: 'NO_USER' });
  }

  @Cacheable()
  async anything(..._args: unknown[]): Promise<number> {
    return ++this.runs;
  }

  @Cacheable()
  async page(id: number): Promise<string> {
    this.runs++;
    const user = await this.byName(`user ${id}`);
    currentLoad().tags('pages');
    return `<h1>${user.name}</h1>`;
  }

  @Cacheable({ nested: false })
  async unnested(id: number): Promise<number> {
    currentLoad().tags(`unnested:${id}`);
    return ++this.runs;
  }
}

const start = async (options = {}) => {
  const app = await startApp({ providers: [Users] }, { caches: { users: {} }, ...options });
  return { users: app.get(Users), cache: app.get(CacheService) };
};

describe('@Cacheable', () => {
  it('runs the method once for calls with the same arguments', async () => {
    const { users } = await start();
    const all = await Promise.all(Array.from({ length: 50 }, () => users.find(1)));
    expect(all).toEqual(Array.from({ length: 50 }, () => ({ id: 1, name: 'Ada' })));
    await users.find(1);
    expect(users.runs).toBe(1);
  });

  it('gives every caller a copy of its own', async () => {
    const { users } = await start();
    (await users.find(1))!.name = 'Eve';
    (await users.find(1))!.name = 'Eve';
    expect(await users.find(1)).toEqual({ id: 1, name: 'Ada' });
  });

  it('gives every caller the same frozen value, with `isolation: frozen`', async () => {
    const { users } = await start({ isolation: 'frozen' });
    const first = await users.find(1);
    expect(await users.find(1)).toBe(first);
    expect(Object.isFrozen(first)).toBe(true);
  });

  it('hands out the very promise it has, on a hit of a frozen value', async () => {
    const { users, cache } = await start({ isolation: 'frozen' });
    await users.find(1);
    await users.find(1);
    const hit = users.find(1);
    expect(users.find(1)).toBe(hit);
    await cache.invalidate({ tags: ['another'] });
    expect(users.find(1)).toBe(hit);
    const byHand = (): Promise<unknown> => cache.getOrLoad('users', 'by hand', () => ({ a: 1 }));
    await byHand();
    expect(byHand()).toBe(byHand());
  });

  it('keeps `null` like any other value', async () => {
    const { users } = await start();
    expect([await users.find(2), await users.find(2)]).toEqual([null, null]);
    expect(users.runs).toBe(1);
  });

  it('tells calls apart by all of their arguments', async () => {
    const { users } = await start();
    const calls: unknown[][] = [[1], ['1'], [1n], [true], [1, 'a'], ['1,a'], [[1, 'a']], [{ a: 1 }], [null], [0], [-0]];
    const results = new Set<number>();
    for (const args of calls) results.add(await users.anything(...args));
    expect(results.size).toBe(calls.length);
    const again: number[] = [];
    for (const args of calls) again.push(await users.anything(...args));
    expect(again).toEqual([...results]);
  });

  it('takes calls for the same that a reader would', async () => {
    const { users } = await start();
    expect(await users.anything({ a: 1, b: 2 })).toBe(await users.anything({ b: 2, a: 1 }));
    expect(await users.anything(1)).toBe(await users.anything(1, undefined));
    expect(await users.anything()).toBe(await users.anything(undefined));
  });

  it('rejects with the name of an argument that has no stable form', async () => {
    const { users } = await start();
    const call = users.anything(1, { callback: () => 1 });
    await expect(call).rejects.toThrow(CacheKeyError);
    await expect(call).rejects.toThrow(/Users\.anything: argument 2\.callback is a function/);
  });

  it('shares a named cache under exactly the key it is told', async () => {
    const { users, cache } = await start();
    expect(await users.byName('Ada')).toEqual(await users.byName('ADA'));
    expect(await cache.get('users', 'ada')).toEqual({ id: 3, name: 'Ada' });
  });

  it.each([['named'], ['name:Ada'], ['user:3']])('is invalidated through the tag %s', async (tag) => {
    const { users, cache } = await start();
    await users.byName('Ada');
    await cache.invalidate({ tags: ['another'] });
    await users.byName('Ada');
    expect(users.runs).toBe(1);
    await cache.invalidate({ tags: [tag] });
    await users.byName('Ada');
    expect(users.runs).toBe(2);
  });

  it('passes by calls that fail its condition, and doesn’t store what `unless` names', async () => {
    const { users, cache } = await start();
    await users.sometimes(0);
    await users.sometimes(0);
    await users.sometimes(3);
    await users.sometimes(3);
    expect(users.runs).toBe(4);
    await users.sometimes(1);
    await users.sometimes(1);
    expect(users.runs).toBe(5);
    expect(cache.status().caches['Users.sometimes']).toMatchObject({ reads: 4, bypassed: 2 });
  });

  it('remembers the errors it is told to, with class, status and body', async () => {
    const { users } = await start();
    for (let call = 0; call < 3; call++) {
      const error = await users.orFail(7).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(NotFoundException);
      expect((error as NotFoundException).getStatus()).toBe(404);
      expect((error as NotFoundException).getResponse()).toEqual({ message: 'no user 7', code: 'NO_USER' });
      expect((error as NotFoundException).message).toBe('no user 7');
    }
    expect(users.runs).toBe(1);
  });

  it('inherits the tags of cached calls inside', async () => {
    const { users, cache } = await start();
    for (const tag of ['name:user 1', 'pages']) {
      await users.page(1);
      const { runs } = users;
      await users.page(1);
      expect(users.runs).toBe(runs);
      await cache.invalidate({ tags: [tag] });
      await users.page(1);
      expect(users.runs).toBeGreaterThan(runs);
    }
    await cache.evict('users', 'user 1');
    expect(await cache.explain('Users.page', [1])).toMatchObject({
      freshness: 'dead',
      invalidatedBy: { tag: 'key user 1 of cache users' },
    });
  });

  it('lets the method add tags without asynchronous context, before it awaits', async () => {
    const { users, cache } = await start();
    const first = await users.unnested(1);
    expect(await users.unnested(1)).toBe(first);
    await cache.invalidate({ tags: ['unnested:1'] });
    expect(await users.unnested(1)).not.toBe(first);
  });

  it('goes to the source inside `bypass`, and stores nothing', async () => {
    const { users, cache } = await start();
    await users.find(1);
    users.names.set(1, 'Eve');
    expect(await bypass(() => users.find(1))).toEqual({ id: 1, name: 'Eve' });
    expect(await users.find(1)).toEqual({ id: 1, name: 'Ada' });
    expect(cache.status().caches['Users.find']).toMatchObject({ reads: 2, bypassed: 1 });
  });

  it('can be evicted by the arguments of its call', async () => {
    const { users, cache } = await start();
    await users.find(1);
    await cache.evict('Users.find', [1]);
    await users.find(1);
    expect(users.runs).toBe(2);
  });

  it('keeps the keys of a scope apart', async () => {
    let tenant = 'a';
    const { users, cache } = await start({ caches: { users: { scope: () => tenant } } });
    await users.byName('Ada');
    tenant = 'b';
    await users.byName('Ada');
    expect(users.runs).toBe(2);
    tenant = 'a';
    await users.byName('Ada');
    expect(users.runs).toBe(2);
    tenant = '';
    await expect(users.byName('Ada')).rejects.toThrow(/scope.*could see another's values/);
    await expect(cache.get('users', 'ada')).rejects.toThrow(CacheKeyError);
  });
});

describe('a decorated method', () => {
  it('keeps its name, its length and the metadata of other decorators', () => {
    const { find } = Users.prototype;
    expect([find.name, find.length]).toEqual(['find', 2]);
    expect([Reflect.getMetadata('above', find), Reflect.getMetadata('below', find)]).toEqual([1, 2]);
    expect(Reflect.getMetadata('design:paramtypes', Users.prototype, 'find')).toEqual([Number, String]);
    expect(planOf(find)?.className).toBe('Users');
  });
});
