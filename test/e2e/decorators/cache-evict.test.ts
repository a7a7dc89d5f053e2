import { Injectable } from '@nestjs/common';
import { lastValueFrom, Observable, of, throwError } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { Cacheable, CacheEvict, CachePut, CacheService } from 'nestjs-hybrid-cache';
import { startApp } from '../../support/nest-app.js';

@Injectable()
class Users {
  runs = 0;

  @Cacheable({ cache: 'users', key: (id: string) => id, tags: (id: string) => [`user:${id}`] })
  async find(id: string): Promise<string> {
    return `${id} ${++this.runs}`;
  }

  @CacheEvict({
    tags: (id: string) => [`user:${id}`],
    condition: (_id: string, works: boolean | 'no') => works !== 'no',
  })
  async update(_id: string, works: boolean | 'no'): Promise<string> {
    if (works === false) throw new Error('the database said no');
    return 'done';
  }

  @CacheEvict({ cache: 'users', key: (id: string) => id })
  async byKey(_id: string): Promise<void> {}

  @Cacheable({ cache: 'numbered' })
  async byNumber(id: number): Promise<string> {
    return `${id} ${++this.runs}`;
  }

  @CacheEvict({ cache: 'numbered', key: (id: number) => id })
  async evictNumber(_id: number): Promise<void> {}

  @CachePut({ cache: 'numbered', key: (_result: string, id: number) => id })
  async saveNumber(id: number): Promise<string> {
    return `saved ${id}`;
  }

  @CacheEvict({ cache: 'users' })
  async wholeCache(): Promise<void> {}

  @CacheEvict({ all: true })
  async everything(): Promise<void> {}

  @CacheEvict({ tags: { fromResult: (id: string) => [`user:${id}`] } })
  async byResult(name: string): Promise<string> {
    return name[0]!;
  }

  @CacheEvict({ tags: ['user:a'], before: true })
  async before(read: () => Promise<unknown>): Promise<void> {
    await read();
    throw new Error('and yet it is evicted');
  }

  @CacheEvict({ tags: ['user:a'] })
  @CacheEvict({ tags: ['user:b'] })
  async both(): Promise<void> {}

  @CacheEvict({ tags: ['user:a'], mode: 'soft' })
  async soft(): Promise<void> {}

  @CacheEvict({ tags: (id: string) => [`user:${id}`] })
  stream(_id: string, works: boolean): Observable<number> {
    return works ? of(1, 2) : throwError(() => new Error('broken stream'));
  }
}

let users: Users;
let cache: CacheService;

beforeEach(async () => {
  const app = await startApp({ providers: [Users] }, { caches: { users: {}, numbered: {} }, grace: '1m' });
  users = app.get(Users);
  cache = app.get(CacheService);
  await users.find('a');
  await users.find('b');
});

const isFresh = async (id: string): Promise<boolean> => (await cache.explain('users', id)).freshness === 'fresh';

describe('@CacheEvict', () => {
  it('invalidates before the caller has the result', async () => {
    expect(await users.update('a', true)).toBe('done');
    expect([await isFresh('a'), await isFresh('b')]).toEqual([false, true]);
  });

  it('invalidates nothing when the method fails, and passes its error on', async () => {
    await expect(users.update('a', false)).rejects.toThrow('the database said no');
    expect(await isFresh('a')).toBe(true);
  });

  it('asks its condition', async () => {
    await users.update('a', 'no');
    expect(await isFresh('a')).toBe(true);
  });

  it('evicts one key', async () => {
    await users.byKey('a');
    expect([await isFresh('a'), await isFresh('b')]).toEqual([false, true]);
  });

  it('evicts a number where numbers are the arguments that make the keys', async () => {
    const ways = [() => users.evictNumber(7), () => cache.evict('numbered', 7), () => cache.evict('numbered', [7])];
    for (const evict of ways) {
      const before = await users.byNumber(7);
      expect(await users.byNumber(7)).toBe(before);
      await evict();
      expect(await users.byNumber(7)).not.toBe(before);
    }
    await users.saveNumber(7);
    expect(await users.byNumber(7)).toBe('saved 7');
  });

  it.each(['wholeCache', 'everything'] as const)('empties a cache: %s', async (method) => {
    await users[method]();
    expect([await isFresh('a'), await isFresh('b')]).toEqual([false, false]);
  });

  it('takes tags from the result', async () => {
    await users.byResult('alpha');
    expect([await isFresh('a'), await isFresh('b')]).toEqual([false, true]);
  });

  it('evicts before the method, whatever becomes of it', async () => {
    let seen = '';
    const read = async (): Promise<void> => {
      seen = await users.find('a');
    };
    await expect(users.before(read)).rejects.toThrow('and yet');
    expect(seen).toBe('a 3');
  });

  it('can be used several times', async () => {
    await users.both();
    expect([await isFresh('a'), await isFresh('b')]).toEqual([false, false]);
  });

  it('softly lets the old value be served once more, while it is refreshed', async () => {
    await users.soft();
    expect(await users.find('a')).toBe('a 1');
    await expect.poll(() => users.find('a')).toBe('a 3');
  });

  it('waits for an Observable to complete', async () => {
    const stream = users.stream('a', true);
    expect(await isFresh('a')).toBe(true);
    expect(await lastValueFrom(stream)).toBe(2);
    expect(await isFresh('a')).toBe(false);
  });

  it('invalidates nothing when an Observable fails', async () => {
    await expect(lastValueFrom(users.stream('a', false))).rejects.toThrow('broken stream');
    expect(await isFresh('a')).toBe(true);
  });

  it('waits for the commit inside afterCommit, and is dropped with it', async () => {
    await cache.afterCommit(async () => {
      await users.update('a', true);
      expect(await users.find('a')).toBe('a 3'); // its own reads go to the source
      expect(await isFresh('a')).toBe(true);
    });
    expect(await isFresh('a')).toBe(false);

    const rolledBack = cache.afterCommit(async () => {
      await users.update('b', true);
      throw new Error('rolled back');
    });
    await expect(rolledBack).rejects.toThrow('rolled back');
    expect(await isFresh('b')).toBe(true);
  });
});
