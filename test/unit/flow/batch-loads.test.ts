import { describe, expect, it } from 'vitest';
import { CacheKeyError } from '../../../lib/cache.errors.js';
import { bypass } from '../../../lib/index.js';
import { TestClock } from '../../../lib/testing/test-clock.js';
import { ControlledLoader, engine, settle, stateOf, twoTierEngine, type TwoTierBench } from '../../support/engine.js';

interface User {
  id: number;
}
const userOf = (id: number): User => ({ id });
const usersOf = (ids: readonly number[]): User[] => ids.map(userOf);

/** A loader that notes what it was asked for. */
function noting(): { readonly asked: number[][]; readonly load: (ids: number[]) => User[] } {
  const asked: number[][] = [];
  return { asked, load: (ids) => (asked.push(ids), usersOf(ids)) };
}

/** What another process would put into the store. */
async function theirs(ids: readonly number[], { journal, clock }: TwoTierBench): Promise<Map<string, Buffer>> {
  const other = twoTierEngine({}, { journal, clock: new TestClock({ at: clock.time }) });
  await other.cache.getOrLoadMany('users', ids, usersOf);
  await settle();
  await other.cache.close();
  return other.shared.bytes;
}

/** A bench whose locks look into its store, as those in Redis do. */
const looking = (options = {}): TwoTierBench => {
  const bench = twoTierEngine(options);
  bench.locks.peek = (cache, key) => bench.shared.bytes.get(`${cache}:v1:${key}`);
  return bench;
};

describe('what a batch misses', () => {
  it('is looked for once, locked once, loaded once and stored once', async () => {
    const { cache, shared, locks } = looking();
    const batch = new ControlledLoader<User[]>();
    const read = cache.getOrLoadMany('users', [1, 2, 3], (_, ctx) => batch.load(ctx));
    await settle();
    expect([shared.reads, locks.attempts, locks.held, batch.calls]).toEqual([1, 1, 3, 1]);
    const open = shared.hold();
    batch.resolve(usersOf([1, 2, 3]));
    expect(await read).toEqual(usersOf([1, 2, 3]));
    expect(locks.held).toBe(3);
    open();
    await settle();
    expect([shared.writes, shared.bytes.size, locks.held]).toEqual([1, 3, 0]);
  });

  it('gives the locks back when the loader fails', async () => {
    const { cache, locks } = looking();
    await expect(cache.getOrLoadMany('users', [1, 2], () => Promise.reject(new Error('down')))).rejects.toThrow('down');
    await settle();
    expect(locks.held).toBe(0);
  });

  it('is loaded as far as nobody else loads it, and the rest taken when it comes', async () => {
    const bench = looking();
    const { cache, locks, shared, clock, count } = bench;
    locks.heldElsewhere = new Set(['2', '4']);
    const { asked, load } = noting();
    const read = cache.getOrLoadMany('users', [1, 2, 3, 4], load);
    await settle();
    expect(asked).toEqual([[1, 3]]);
    // nobody holds a lock while he waits for another
    expect(locks.held).toBe(0);
    await clock.advance(20);
    expect(await stateOf(read)).toBe('pending');
    for (const [name, bytes] of await theirs([2, 4], bench)) shared.bytes.set(name, bytes);
    await clock.advance(10);
    expect(await read).toEqual(usersOf([1, 2, 3, 4]));
    expect(asked).toEqual([[1, 3]]);
    expect(count().outcomes).toMatchObject({ loaded: 2, l2: 2 });
  });

  it('and was left to somebody who doesn’t bring it is taken over', async () => {
    const { cache, locks, clock } = looking();
    locks.heldElsewhere = new Set(['2']);
    const { asked, load } = noting();
    const read = cache.getOrLoadMany('users', [1, 2], load);
    await clock.advance(50);
    locks.heldElsewhere = false;
    await clock.advance(10);
    expect(await read).toEqual(usersOf([1, 2]));
    expect(asked).toEqual([[1], [2]]);
  });

  it('is loaded without the locks when they took too long', async () => {
    const { cache, locks, clock } = looking();
    locks.heldElsewhere = true;
    const { asked, load } = noting();
    const read = cache.getOrLoadMany('users', [1, 2], load);
    await clock.advance(4_999);
    expect(asked).toEqual([]);
    await clock.advance(41);
    expect(await read).toEqual(usersOf([1, 2]));
    expect(asked).toEqual([[1, 2]]);
  });

  it('of very many keys is looked for less often: each look costs the server more', async () => {
    const { cache, locks, clock } = looking();
    locks.heldElsewhere = true;
    const ids = Array.from({ length: 1_000 }, (_, id) => id);
    const read = cache.getOrLoadMany('users', ids, usersOf);
    await clock.advance(20);
    expect(locks.attempts).toBe(2);
    await clock.advance(400);
    expect(locks.attempts).toBe(12);
    locks.heldElsewhere = false;
    await clock.advance(40);
    expect(await read).toHaveLength(1_000);
  });

  it('isn’t locked where the store can’t be reached', async () => {
    const { cache, locks, shared } = looking();
    shared.isReachable = false;
    const { asked, load } = noting();
    expect(await cache.getOrLoadMany('users', [1, 2], load)).toEqual(usersOf([1, 2]));
    expect([asked, locks.attempts]).toEqual([[[1, 2]], 0]);
  });
});

describe('a batch of more keys than its loader takes', () => {
  it('is loaded part by part, one after the other', async () => {
    const { cache } = engine();
    const loader = new ControlledLoader<User[]>();
    const asked: number[][] = [];
    const read = cache.getOrLoadMany('users', [1, 2, 3, 4, 5], (ids, ctx) => (asked.push(ids), loader.load(ctx)), {
      maxSize: 2,
    });
    for (const part of [[1, 2], [3, 4], [5]]) {
      await settle();
      expect([asked.at(-1), loader.waiting]).toEqual([part, 1]);
      loader.resolve(usersOf(part));
    }
    expect(await read).toEqual(usersOf([1, 2, 3, 4, 5]));
  });

  it('isn’t held up by a part that another process loads, and takes over what that one doesn’t bring in parts', async () => {
    const { cache, locks, clock } = looking();
    locks.heldElsewhere = new Set(['1', '2', '3']);
    const { asked, load } = noting();
    const read = cache.getOrLoadMany('users', [1, 2, 3, 4, 5], load, { maxSize: 2 });
    await settle();
    expect(asked).toEqual([[4], [5]]);
    locks.heldElsewhere = false;
    await clock.advance(15);
    expect(await read).toEqual(usersOf([1, 2, 3, 4, 5]));
    expect(asked.slice(2)).toEqual([[1, 2], [3]]);
    await settle();
    expect(locks.held).toBe(0);
  });

  it('isn’t asked on when a part has failed; what was loaded stays', async () => {
    const { cache } = engine();
    const asked: number[][] = [];
    const load = (ids: number[]): User[] => {
      asked.push(ids);
      if (asked.length === 2) throw new Error('down');
      return usersOf(ids);
    };
    await expect(cache.getOrLoadMany('users', [1, 2, 3], load, { maxSize: 1 })).rejects.toThrow('down');
    expect(asked).toEqual([[1], [2]]);
    expect(await cache.getMany('users', [1, 2, 3])).toEqual([userOf(1), undefined, undefined]);
    expect(cache.status().flights).toBe(0);
  });

  it('goes to the source in parts too', async () => {
    const { cache, count } = engine();
    const { asked, load } = noting();
    const read = bypass(() => cache.getOrLoadMany('users', [1, 2, 1, 3], load, { maxSize: 2 }));
    expect(await read).toEqual(usersOf([1, 2, 1, 3]));
    expect(asked).toEqual([[1, 2], [3]]);
    expect(count()).toMatchObject({ reads: 0, bypassed: 4, entries: 0 });
  });

  it.each([0, -1, 1.5, Number.NaN, '2'])('refuses %s for its size', async (maxSize) => {
    const { cache } = engine();
    const read = cache.getOrLoadMany('users', [1], usersOf, { maxSize: maxSize as number });
    await expect(read).rejects.toThrow(/maxSize: got .*; takes a whole number of at least 1/u);
  });
});

describe('old items of a batch', () => {
  it('are served while one load refreshes them all', async () => {
    const { cache, clock, count } = engine({ ttl: '1m', grace: { revalidate: '1h' } });
    const { asked, load } = noting();
    await cache.getOrLoadMany('users', [1, 2, 3], load);
    await clock.advance(61_000);
    expect(await cache.getOrLoadMany('users', [3, 1, 2], load)).toEqual(usersOf([3, 1, 2]));
    await settle();
    expect(asked).toEqual([
      [1, 2, 3],
      [3, 1, 2],
    ]);
    expect(await cache.getOrLoadMany('users', [1, 2, 3], load)).toEqual(usersOf([1, 2, 3]));
    expect(count()).toMatchObject({ loads: 2, outcomes: { loaded: 3, stale: 3, l1: 3 } });
  });

  it('are refreshed together before they expire', async () => {
    const { cache, clock, count } = engine({ ttl: '1m', earlyRefresh: 1_000 }, new TestClock({ random: () => 0.99 }));
    const slow = new ControlledLoader<User[]>();
    const first = cache.getOrLoadMany('users', [1, 2], (_, ctx) => slow.load(ctx));
    await settle();
    await clock.advance(1_000);
    slow.resolve(usersOf([1, 2]));
    await first;
    const { asked, load } = noting();
    await clock.advance(1_000);
    expect(await cache.getOrLoadMany('users', [1, 2], load)).toEqual(usersOf([1, 2]));
    await settle();
    expect(asked).toEqual([[1, 2]]);
    expect(count()).toMatchObject({ earlyRefreshes: 2, loads: 2 });
  });

  it('from the store are served while one load refreshes them all', async () => {
    const options = { ttl: '1m', grace: { revalidate: '1h' } } as const;
    const first = looking(options);
    await first.cache.getOrLoadMany('users', [1, 2], usersOf);
    await settle();
    await first.cache.close();
    const { journal, shared } = first;
    const clock = new TestClock({ at: first.clock.time + 61_000 });
    const { cache, locks, count } = twoTierEngine(options, { journal, shared, clock });
    const { asked, load } = noting();
    expect(await cache.getOrLoadMany('users', [1, 2], load)).toEqual(usersOf([1, 2]));
    await settle();
    expect([asked, locks.attempts, count().outcomes.stale]).toEqual([[[1, 2]], 1, 2]);
  });

  it('are left to another process that refreshes them', async () => {
    const { cache, clock, locks } = looking({ ttl: '1m', grace: '1h' });
    const { asked, load } = noting();
    await cache.getOrLoadMany('users', [1, 2], load);
    await clock.advance(61_000);
    locks.heldElsewhere = new Set(['1']);
    expect(await cache.getOrLoadMany('users', [1, 2], load)).toEqual(usersOf([1, 2]));
    await settle();
    expect(asked).toEqual([[1, 2], [2]]);
    expect(cache.status()).toMatchObject({ flights: 0, background: 0 });
  });

  it('are left alone for a while when that fails', async () => {
    const { cache, clock } = engine({ ttl: '1m', grace: '1h' });
    await cache.getOrLoadMany('users', [1, 2], usersOf);
    await clock.advance(61_000);
    let calls = 0;
    const failing = (): Promise<User[]> => (calls++, Promise.reject(new Error('down')));
    for (let time = 0; time < 3; time++) {
      expect(await cache.getOrLoadMany('users', [1, 2], failing)).toEqual(usersOf([1, 2]));
      await settle();
    }
    expect(calls).toBe(1);
  });

  it('stand in each for itself; those that have none get the error', async () => {
    const { cache, clock, count } = engine({ ttl: '1m', grace: { error: '1h' } });
    await cache.getOrLoadMany('users', [1, 2], usersOf);
    await clock.advance(61_000);
    const failing = (): Promise<User[]> => Promise.reject(new Error('down'));
    await expect(cache.getOrLoadMany('users', [1, 2, 3], failing)).rejects.toThrow('down');
    expect(count().outcomes).toMatchObject({ stale: 2, error: 1 });
  });

  it('are at hand for the loader, in the order of its keys', async () => {
    const { cache, clock } = engine({ ttl: '1m', grace: { error: '1h' } });
    await cache.getOrLoadMany('users', [1, 2], usersOf);
    await clock.advance(61_000);
    let stale: unknown;
    await cache.getOrLoadMany('users', [3, 2, 1], (ids, ctx) => ((stale = ctx.stale), usersOf(ids)));
    expect(stale).toEqual([undefined, userOf(2), userOf(1)]);
  });
});

describe('one item of a batch', () => {
  it('that can’t be stored is returned, and the others are stored', async () => {
    const { cache, count } = engine();
    const load = (ids: number[]): unknown[] => ids.map((id) => (id === 2 ? { id, run: () => id } : userOf(id)));
    const [one, two, three] = await cache.getOrLoadMany<unknown, number>('users', [1, 2, 3], load);
    expect([one, (two as { run(): number }).run(), three]).toEqual([userOf(1), 2, userOf(3)]);
    expect(await cache.getMany('users', [1, 2, 3])).toEqual([userOf(1), undefined, userOf(3)]);
    expect(count().notStored).toMatchObject({ unstorable: 1 });
  });

  it('has a time to live of its own', async () => {
    const { cache, clock } = engine({ ttl: '1h' });
    const ttl = ({ id }: User): string | undefined => [undefined, '1m', '2m', '0'][id];
    await cache.getOrLoadMany('users', [0, 1, 2, 3, 4], (ids) => ids.map((id) => (id === 4 ? null : userOf(id))), {
      ttl: ttl as (user: User) => `${number}m` | undefined,
      negative: { ttl: '3m' },
    });
    const left = async (): Promise<number[]> => {
      const { entries } = cache.status().memory;
      return [entries, ...(await cache.getMany<User>('users', [0, 1, 2, 3])).flatMap((user) => user?.id ?? [])];
    };
    expect(await left()).toEqual([4, 0, 1, 2]);
    await clock.advance(60_000);
    expect((await left()).slice(1)).toEqual([0, 2]);
    await clock.advance(60_000);
    expect((await left()).slice(1)).toEqual([0]);
  });

  it('whose time to live makes no sense is returned and not stored, and it is said why', async () => {
    const { cache, events } = looking();
    const read = cache.getOrLoadMany('users', [1, 2], usersOf, {
      ttl: ({ id }) => (id === 1 ? '1m' : 'soon'),
    });
    expect(await read).toEqual(usersOf([1, 2]));
    expect(await cache.getMany('users', [1, 2])).toEqual([userOf(1), undefined]);
    const faults = events.flatMap((event) => (event.type === 'fault' ? [String(event.error)] : []));
    expect(faults).toEqual([expect.stringContaining('returned but not cached: its ttl: ')]);
    expect(faults[0]).toContain("got 'soon'".replace('got', 'returned'));
  });

  it('has the last word of its loader before its own time to live', async () => {
    const { cache } = engine();
    await cache.getOrLoadMany('users', [1], (ids, ctx) => (ctx.ttl(0), usersOf(ids)), { ttl: () => '1h' });
    expect(await cache.get('users', 1)).toBeUndefined();
  });
});

describe('the keys of a batch', () => {
  const HOSTILE = [
    '',
    '#',
    '#n7',
    '__proto__',
    'constructor',
    '\u0000',
    'ä:{7}',
    '\ud800',
    'x'.repeat(5_000),
    '*',
    '7',
  ];

  it('are told apart, whatever they are', async () => {
    const { cache, shared } = looking();
    const asked: string[][] = [];
    const load = (keys: string[]): Map<string, { at: number }> => {
      asked.push(keys);
      return new Map(keys.map((key) => [key, { at: HOSTILE.indexOf(key) }]));
    };
    const expected = HOSTILE.map((_, at) => ({ at }));
    expect(await cache.getOrLoadMany('users', HOSTILE, load)).toEqual(expected);
    expect(await cache.getOrLoadMany('users', [...HOSTILE].reverse(), load)).toEqual([...expected].reverse());
    await settle();
    expect([asked, shared.bytes.size]).toEqual([[HOSTILE], HOSTILE.length]);
  });

  it.each([null, undefined, Number.NaN, {}, Symbol('s'), new Date()])(
    'are refused before anything is loaded: %s',
    async (bad) => {
      const { cache, count } = engine();
      const read = cache.getOrLoadMany('users', ['1', bad as string], () => expect.unreachable());
      await expect(read).rejects.toBeInstanceOf(CacheKeyError);
      expect([count().reads, cache.status().flights]).toEqual([0, 0]);
      await expect(cache.getMany('users', ['1', bad as string])).rejects.toBeInstanceOf(CacheKeyError);
    },
  );
});

describe('a batch in special surroundings', () => {
  it('that is strong confirms the journal once for all its keys', async () => {
    const { cache, journal } = looking();
    await cache.getOrLoadMany('users', [1, 2], usersOf);
    journal.confirmations = 0;
    const { asked, load } = noting();
    const strong = { consistency: 'strong' } as const;
    expect(await cache.getOrLoadMany('users', [1, 2], load, strong)).toEqual(usersOf([1, 2]));
    expect([journal.confirmations, asked]).toEqual([1, []]);
    journal.confirmation = 'fails';
    await cache.getOrLoadMany('users', [1, 2], load, strong);
    expect(asked).toEqual([[1, 2]]);
  });

  it('inside a transaction sees none of what it has invalidated, and fills nothing of it', async () => {
    const { cache, count } = engine();
    const { asked, load } = noting();
    await cache.getOrLoadMany('users', [1, 2], load, { tags: ({ id }) => [`user:${id}`] });
    await cache.afterCommit(async () => {
      await cache.invalidate({ tags: ['user:1'] });
      await cache.getOrLoadMany('users', [1, 2, 3], load);
    });
    expect(asked).toEqual([
      [1, 2],
      [1, 3],
    ]);
    expect(count().notStored).toMatchObject({ transaction: 2 });
    expect(await cache.getMany('users', [1, 2, 3])).toEqual([undefined, userOf(2), undefined]);
  });

  it('whose loader reads a key of it goes to the source for that', { timeout: 5_000 }, async () => {
    const { cache } = engine();
    const read = cache.getOrLoadMany('users', [1, 2], async (ids) => {
      const [again] = await cache.getOrLoadMany('users', [2], usersOf);
      expect(again).toEqual(userOf(2));
      return usersOf(ids);
    });
    expect(await read).toEqual(usersOf([1, 2]));
  });

  it('whose loader waits for a batch that waits for it goes to the source', { timeout: 5_000 }, async () => {
    const { cache } = engine();
    const batch = (mine: number[], other: number[]) =>
      cache.getOrLoadMany('users', mine, async (ids) => {
        await settle();
        await cache.getOrLoadMany('users', other, usersOf);
        return usersOf(ids);
      });
    const reads = await Promise.all([batch([1, 2], [4]), batch([3, 4], [1])]);
    expect(reads).toEqual([usersOf([1, 2]), usersOf([3, 4])]);
  });

  it('inside a loader hands on the tags and the expiry of all its items', async () => {
    const { cache } = engine();
    await cache.getOrLoadMany('users', [1, 2], usersOf, { tags: ({ id }) => [`user:${id}`] });
    const page = () => cache.getOrLoad('pages', 'all', () => cache.getOrLoadMany('users', [1, 2], usersOf));
    await page();
    await cache.invalidate({ tags: ['user:2'] });
    expect(await cache.get('pages', 'all')).toBeUndefined();
  });

  it('leaves with its hard timeout, and what is loaded is kept', async () => {
    const { cache, clock } = engine({ hardTimeout: '100ms', abandonAfter: 0 });
    const slow = new ControlledLoader<User[]>();
    const read = cache.getOrLoadMany('users', [1, 2], (_, ctx) => slow.load(ctx));
    read.catch(() => undefined);
    await clock.advance(100);
    await expect(read).rejects.toMatchObject({ code: 'CACHE_TIMEOUT' });
    slow.resolve(usersOf([1, 2]));
    await settle();
    expect(await cache.getMany('users', [1, 2])).toEqual(usersOf([1, 2]));
  });
});

describe('a batch that joined loads which are of no use to it', () => {
  it('loads what is left together', async () => {
    const { cache } = engine();
    const slow = new ControlledLoader<User[]>();
    const first = cache.getOrLoadMany('users', [1, 2, 3], (_, ctx) => slow.load(ctx));
    await settle();
    const { asked, load } = noting();
    const second = cache.getOrLoadMany('users', [1, 2, 3], load);
    await settle();
    await cache.clear('users');
    slow.resolve(usersOf([1, 2, 3]));
    await first;
    expect(await second).toEqual(usersOf([1, 2, 3]));
    expect(asked).toEqual([[1, 2, 3]]);
  });
});

describe('getMany', () => {
  it('looks into the store once, for what memory lacks', async () => {
    const { cache, shared, count } = looking();
    await cache.getOrLoadMany('users', [1, 2], usersOf);
    await settle();
    shared.reads = 0;
    expect(await cache.getMany('users', [1, 2])).toEqual(usersOf([1, 2]));
    expect(shared.reads).toBe(0);
    expect(await cache.getMany('users', [2, 3, 1, 4])).toEqual([userOf(2), undefined, userOf(1), undefined]);
    expect(shared.reads).toBe(1);
    expect(count()).toMatchObject({ reads: 8, outcomes: { l1: 4, absent: 2, loaded: 2 } });
    expect(await cache.getMany('users', [])).toEqual([]);
  });

  it('gives old items only where they are welcome', async () => {
    const { cache, clock } = engine({ ttl: '1m', grace: '1h' });
    await cache.getOrLoadMany('users', [1], usersOf);
    await clock.advance(61_000);
    expect(await cache.getMany('users', [1, 2])).toEqual([undefined, undefined]);
    expect(await cache.getMany('users', [1, 2], { allowStale: true })).toEqual([userOf(1), undefined]);
  });

  it('goes nowhere inside a bypass', async () => {
    const { cache, count } = engine();
    await cache.getOrLoadMany('users', [1], usersOf);
    expect(await bypass(() => cache.getMany('users', [1, 2]))).toEqual([undefined, undefined]);
    expect(count().bypassed).toBe(2);
  });
});
