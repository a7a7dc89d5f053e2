import { describe, expect, it } from 'vitest';
import { CacheKeyError } from '../../../lib/cache.errors.js';
import { ControlledLoader, engine, settle, stateOf } from '../../support/engine.js';

interface User {
  id: number;
}
const userOf = (id: number): User => ({ id });

describe('a batch', () => {
  it('is answered in the order of its keys, with one call for those that are missing', async () => {
    const { cache, count } = engine();
    await cache.set('users', 2, userOf(2));
    const asked: number[][] = [];
    const load = (missing: number[]): User[] => {
      asked.push(missing);
      return missing.map(userOf);
    };
    expect(await cache.getOrLoadMany('users', [3, 2, 1], load)).toEqual([3, 2, 1].map(userOf));
    expect(await cache.getOrLoadMany('users', [1, 2, 3], load)).toEqual([1, 2, 3].map(userOf));
    expect(asked).toEqual([[3, 1]]);
    expect(count()).toMatchObject({ reads: 6, loads: 1, outcomes: { loaded: 2, l1: 4 } });
  });

  it('asks once for a key that it holds twice, and gives each its own copy', async () => {
    const { cache, count } = engine();
    const asked: number[][] = [];
    const load = (missing: number[]): User[] => {
      asked.push(missing);
      return missing.map(userOf);
    };
    const [one, two, again] = await cache.getOrLoadMany('users', [1, 2, 1], load);
    expect([one, two, again]).toEqual([1, 2, 1].map(userOf));
    expect(one).not.toBe(again);
    expect(asked).toEqual([[1, 2]]);
    expect(count().outcomes).toMatchObject({ loaded: 2, joined: 1 });
  });

  it('of nothing asks nobody', async () => {
    const { cache, count } = engine();
    expect(await cache.getOrLoadMany('users', [], () => expect.unreachable())).toEqual([]);
    expect(count().reads).toBe(0);
  });

  it('finds the places of a Map whose keys are the same keys in another form', async () => {
    const { cache } = engine();
    // as a driver of a database gives its bigints, and as a loader makes its own lists
    const rows: Map<never, string> = new Map<unknown, string>([
      ['1', 'one'],
      [2, 'two'],
      [['a', 3], 'three'],
      [null, 'nothing'],
    ]) as never;
    const keys = [1, 2n, ['a', 3], 'missing'] as never[];
    expect(await cache.getOrLoadMany('users', keys, () => rows)).toEqual(['one', 'two', 'three', undefined]);
  });

  it('takes a Map by key', async () => {
    const { cache } = engine();
    const load = (): Map<number, User> => new Map([2, 1].map((id) => [id, userOf(id)]));
    expect(await cache.getOrLoadMany('users', [1, 2, 3], load)).toEqual([userOf(1), userOf(2), undefined]);
  });

  it('takes a list in any order, with `key` to find the places', async () => {
    const { cache } = engine();
    const load = (): (User | null)[] => [userOf(9), null, userOf(2), userOf(1)];
    const read = cache.getOrLoadMany('users', [1, 2, 3], load, { key: ({ id }) => id });
    expect(await read).toEqual([userOf(1), userOf(2), undefined]);
  });

  it('keeps what is missing as missing', async () => {
    const { cache, count, clock } = engine({ negative: { ttl: '1s' } });
    const load = (): Map<number, User> => new Map();
    await cache.getOrLoadMany('users', [1, 2], load);
    expect(await cache.getOrLoadMany('users', [1, 2], load)).toEqual([undefined, undefined]);
    expect(count().loads).toBe(1);
    await clock.advance(1_000);
    await cache.getOrLoadMany('users', [1, 2], load);
    expect(count().loads).toBe(2);
  });

  it.each([
    { returned: [userOf(1)], says: 'returned 1 items for 2 keys' },
    { returned: [1, 2, 3].map(userOf), says: 'returned 3 items for 2 keys' },
    { returned: 'text' as unknown as User[], says: 'a list or a Map, this one string' },
    { returned: undefined as unknown as User[], says: 'a list or a Map, this one undefined' },
  ])('says what is wrong with what its loader returned: $says', async ({ returned, says }) => {
    const { cache } = engine();
    const read = cache.getOrLoadMany('users', [1, 2], () => returned);
    await expect(read).rejects.toBeInstanceOf(CacheKeyError);
    await expect(read).rejects.toThrow(says);
    expect(cache.status()).toMatchObject({ flights: 0, memory: { entries: 0 } });
  });

  it('carries tags and unless for each item, and the ttl its loader sets for all', async () => {
    const { cache, clock } = engine();
    const load = (missing: number[], ctx: { ttl(ms: string): void }): User[] => (ctx.ttl('1m'), missing.map(userOf));
    const options = { tags: ({ id }: User) => [`user:${id}`], unless: ({ id }: User) => id === 3 };
    await cache.getOrLoadMany('users', [1, 2, 3], load, options);
    await cache.invalidate({ tags: ['user:1'] });
    expect(await cache.getMany('users', [1, 2, 3])).toEqual([undefined, userOf(2), undefined]);
    await clock.advance(60_000);
    expect(await cache.get('users', 2)).toBeUndefined();
  });

  it('joins a load that is under way for one of its keys', async () => {
    const { cache, count } = engine();
    const single = new ControlledLoader<User>();
    const one = cache.getOrLoad('users', 1, single.load);
    await settle();
    const asked: number[][] = [];
    const many = cache.getOrLoadMany('users', [1, 2], (missing) => (asked.push(missing), missing.map(userOf)));
    expect(await stateOf(many)).toBe('pending');
    single.resolve(userOf(1));
    expect(await many).toEqual([1, 2].map(userOf));
    expect(await one).toEqual(userOf(1));
    expect(asked).toEqual([[2]]);
    expect(count().outcomes).toMatchObject({ loaded: 2, joined: 1 });
  });

  it('is joined by a read of one of its keys', async () => {
    const { cache, count } = engine();
    const batch = new ControlledLoader<User[]>();
    const many = cache.getOrLoadMany('users', [1, 2], (_, ctx) => batch.load(ctx));
    await settle();
    const one = cache.getOrLoad('users', 2, () => expect.unreachable());
    await settle();
    batch.resolve([1, 2].map(userOf));
    expect(await one).toEqual(userOf(2));
    await many;
    expect(count().outcomes).toMatchObject({ loaded: 2, joined: 1 });
  });

  it('fails as its loader fails, for who joined it too, and the next one loads anew', async () => {
    const { cache, count } = engine();
    const batch = new ControlledLoader<User[]>();
    const many = cache.getOrLoadMany('users', [1, 2], (_, ctx) => batch.load(ctx));
    await settle();
    const one = cache.getOrLoad('users', 1, () => expect.unreachable());
    const ends = Promise.allSettled([many, one]);
    await settle();
    const error = new Error('down');
    batch.reject(error);
    expect((await ends).map((end) => end.status === 'rejected' && end.reason === error)).toEqual([true, true]);
    expect(await cache.getOrLoadMany('users', [1], (ids) => ids.map(userOf))).toEqual([userOf(1)]);
    expect(count().outcomes).toMatchObject({ error: 3, loaded: 1 });
  });

  it('whose loader throws at once fails the same way', async () => {
    const { cache } = engine();
    const load = (): User[] => {
      throw new Error('at once');
    };
    await expect(cache.getOrLoadMany('users', [1, 2], load)).rejects.toThrow('at once');
  });

  it('takes old values in grace where the loader fails, if there are some for all', async () => {
    const { cache, clock } = engine({ ttl: '1m', grace: { error: '1h' } });
    await cache.getOrLoadMany('users', [1, 2], (ids) => ids.map(userOf));
    await clock.advance(61_000);
    const failing = (): Promise<User[]> => Promise.reject(new Error('down'));
    expect(await cache.getOrLoadMany('users', [1, 2], failing)).toEqual([1, 2].map(userOf));
    await expect(cache.getOrLoadMany('users', [1, 2, 3], failing)).rejects.toThrow('down');
  });

  it('that succeeds ends the pause of its keys', async () => {
    const { cache, engine: made } = engine({ grace: '1h' });
    const { pauses } = made.desks.get('users')!.region;
    await cache.getOrLoadMany('users', [1], () => Promise.reject(new Error('down'))).catch(() => undefined);
    expect(pauses.size).toBe(1);
    await cache.getOrLoadMany('users', [1], (ids) => ids.map(userOf));
    expect(pauses.size).toBe(0);
  });

  it('evicted while it loads isn’t stored', async () => {
    const { cache } = engine();
    const batch = new ControlledLoader<User[]>();
    const many = cache.getOrLoadMany('users', [1, 2], (_, ctx) => batch.load(ctx));
    await settle();
    await cache.evict('users', 1);
    batch.resolve([1, 2].map(userOf));
    expect(await many).toEqual([1, 2].map(userOf));
    expect(await cache.getMany('users', [1, 2])).toEqual([undefined, userOf(2)]);
  });
});
