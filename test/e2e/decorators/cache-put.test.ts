import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Cacheable, CacheableMany, CachePut, CacheService } from 'nestjs-hybrid-cache';
import { startApp } from '../../support/nest-app.js';

interface User {
  id: string;
  name: string;
}

@Injectable()
class Users {
  asked: string[][] = [];
  rows = new Map<string, User>([
    ['a', { id: 'a', name: 'Ada' }],
    ['b', { id: 'b', name: 'Bob' }],
  ]);

  @Cacheable({ cache: 'users', key: (id: string) => id })
  async find(id: string): Promise<User | undefined> {
    this.asked.push([id]);
    return this.rows.get(id);
  }

  @CacheableMany({
    cache: 'users',
    key: (user: User) => user.id,
    tags: { fromResult: (user: User) => [`name:${user.name}`] },
  })
  async findMany(ids: string[]): Promise<User[]> {
    this.asked.push(ids);
    return [...this.rows.values()].filter(({ id }) => ids.includes(id));
  }

  @CachePut({ cache: 'users', key: (user: User) => user.id, invalidates: ['lists'] })
  async save(user: User, works = true): Promise<User> {
    if (!works) throw new Error('not saved');
    this.rows.set(user.id, user);
    return user;
  }

  @CachePut({ cache: 'users', key: (user: User | null) => user!.id })
  async saveNothing(): Promise<User | null> {
    return null;
  }
}

async function start(): Promise<{ users: Users; cache: CacheService }> {
  const app = await startApp({ providers: [Users] }, { caches: { users: {} } });
  return { users: app.get(Users), cache: app.get(CacheService) };
}

describe('@CachePut', () => {
  it('replaces the entry with the result', async () => {
    const { users } = await start();
    await users.find('a');
    expect(await users.save({ id: 'a', name: 'Eve' })).toEqual({ id: 'a', name: 'Eve' });
    expect(await users.find('a')).toEqual({ id: 'a', name: 'Eve' });
    expect(users.asked).toEqual([['a']]);
  });

  it('makes the entry stale for others while the application ends as well', async () => {
    const { users, cache } = await start();
    await cache.close();
    const { position } = cache.status().journal;
    await users.save({ id: 'a', name: 'Eve' });
    expect(cache.status().journal.position).toBe(position + 1);
  });

  it('leaves the entry alone when the method fails', async () => {
    const { users } = await start();
    await users.find('a');
    await expect(users.save({ id: 'a', name: 'Eve' }, false)).rejects.toThrow('not saved');
    expect(await users.find('a')).toEqual({ id: 'a', name: 'Ada' });
    expect(users.asked).toEqual([['a']]);
  });

  it('invalidates what else it makes stale', async () => {
    const { users, cache } = await start();
    await cache.getOrLoad('users', 'everybody', () => 'Ada, Bob', { tags: ['lists'] });
    await users.save({ id: 'a', name: 'Eve' });
    expect(await cache.get('users', 'everybody')).toBeUndefined();
  });

  it('keeps neither of two writes that cross', async () => {
    const { users } = await start();
    await Promise.all([users.save({ id: 'a', name: 'one' }), users.save({ id: 'a', name: 'two' })]);
    await users.find('a');
    expect(users.asked).toEqual([['a']]);
  });

  it('returns the result when no key can be made of it, and clears the cache rather than guess', async () => {
    const { users, cache } = await start();
    await users.find('a');
    expect(await users.saveNothing()).toBeNull();
    expect(await cache.get('users', 'a')).toBeUndefined();
  });
});

describe('@CacheableMany', () => {
  it('asks once for what is missing, and keeps the order', async () => {
    const { users } = await start();
    await users.find('b');
    expect(await users.findMany(['b', 'a'])).toEqual([
      { id: 'b', name: 'Bob' },
      { id: 'a', name: 'Ada' },
    ]);
    expect(users.asked).toEqual([['b'], ['a']]);
    expect(await users.find('a')).toEqual({ id: 'a', name: 'Ada' });
    expect(users.asked).toHaveLength(2);
  });

  it('remembers what doesn’t exist', async () => {
    const { users } = await start();
    expect(await users.findMany(['z', 'a'])).toEqual([{ id: 'a', name: 'Ada' }]);
    expect(await users.findMany(['z', 'a'])).toHaveLength(1);
    expect(await users.findMany([])).toEqual([]);
    expect(users.asked).toEqual([['z', 'a']]);
  });

  it('gives each item its own tags', async () => {
    const { users, cache } = await start();
    await users.findMany(['a', 'b']);
    await cache.invalidate({ tags: ['name:Ada'] });
    await users.findMany(['a', 'b']);
    expect(users.asked).toEqual([['a', 'b'], ['a']]);
  });
});
