import { describe, expect, it } from 'vitest';
import {
  ControlledLoader,
  FakeJournal,
  FakeSharedTier,
  settle,
  stateOf,
  twoTierEngine,
  type TwoTierBench,
} from '../../support/engine.js';
import { TestClock } from '../../../lib/testing/test-clock.js';
import type { CacheModuleOptions } from '../../../lib/options/cache-options.interface.js';

/** Two processes over one store and one journal, whose records reach both at once. */
function processes(options: CacheModuleOptions = {}): [TwoTierBench, TwoTierBench] {
  const clock = new TestClock();
  const shared = new FakeSharedTier();
  const journal = new FakeJournal();
  const one = twoTierEngine(options, { clock, shared, journal });
  const other = twoTierEngine(options, {
    clock: new TestClock({ at: clock.time }),
    shared,
    journal: new FakeJournal('epoch', journal),
  });
  return [one, other];
}

const forget = ({ engine: made }: TwoTierBench): void => made.desks.get('users')!.region.memory.clear();
const stored = 'users:v1:1';

describe('what one process loaded', () => {
  it('is a hit in another, which keeps it for what is left of its ttl', async () => {
    const [one, other] = processes({ ttl: '1m' });
    await one.cache.getOrLoad('users', '1', () => 'a', { tags: ['t'] });
    await settle();
    expect(one.shared.ttls.get(stored)).toBe(60_000);
    await other.clock.advance(40_000);
    expect(await other.cache.getOrLoad('users', '1', () => 'never')).toBe('a');
    expect(await other.cache.getOrLoad('users', '1', () => 'never')).toBe('a');
    expect(other.count().outcomes).toMatchObject({ l2: 1, l1: 1 });
    await other.clock.advance(19_999);
    expect(await other.cache.get('users', '1')).toBe('a');
    await other.clock.advance(1);
    expect(await other.cache.get('users', '1')).toBeUndefined();
  });

  it('is a miss in another after an invalidation by either', async () => {
    const [one, other] = processes();
    for (const by of [one, other]) {
      await one.cache.getOrLoad('users', '1', () => 'old', { tags: ['t'] });
      await settle();
      expect(await other.cache.get('users', '1')).toBe('old');
      await by.cache.invalidate({ tags: ['t'] });
      expect(await other.cache.get('users', '1')).toBeUndefined();
      expect(await one.cache.get('users', '1')).toBeUndefined();
    }
  });

  it('is no answer where it was invalidated while its bytes were on their way', async () => {
    const [one, other] = processes();
    await one.cache.getOrLoad('users', '1', () => 'old');
    await settle();
    const open = other.shared.hold();
    const read = other.cache.getOrLoad('users', '1', () => 'new');
    await settle();
    await other.cache.invalidate({ keys: [['users', '1']] });
    open();
    expect(await read).toBe('new');
    expect(await other.cache.get('users', '1')).toBe('new');
  });

  it('of another epoch is a miss', async () => {
    const { cache, journal, shared } = twoTierEngine();
    await cache.getOrLoad('users', '1', () => 'old');
    await settle();
    const restarted = twoTierEngine({}, { shared, journal: new FakeJournal('a new epoch') });
    expect(journal.replica.epoch).not.toBe(restarted.journal.replica.epoch);
    expect(await restarted.cache.getOrLoad('users', '1', () => 'new')).toBe('new');
  });

  it('is looked up with one round trip for a batch', async () => {
    const [one, other] = processes();
    await one.cache.getOrLoadMany('users', ['1', '2'], (ids) => ids);
    await settle();
    const before = other.shared.reads;
    const asked: string[][] = [];
    const read = other.cache.getOrLoadMany('users', ['1', '2', '3'], (ids) => (asked.push(ids), ids));
    expect(await read).toEqual(['1', '2', '3']);
    expect(asked).toEqual([['3']]);
    expect(other.shared.reads - before).toBe(1);
    expect(other.count().outcomes).toMatchObject({ l2: 2, loaded: 1 });
  });

  it('is evicted from the store as well', async () => {
    const { cache, shared } = twoTierEngine();
    await cache.getOrLoad('users', '1', () => 'a');
    await settle();
    await cache.evict('users', '1');
    await settle();
    expect(shared.bytes.has(stored)).toBe(false);
  });
});

describe('bytes that are no entry of ours', () => {
  const damages: Record<string, { damage: (bytes: Buffer) => Buffer; reason: string }> = {
    'somebody else’s': { damage: () => Buffer.from('{"json":true}'), reason: 'foreign' },
    empty: { damage: () => Buffer.alloc(0), reason: 'foreign' },
    truncated: { damage: (bytes) => bytes.subarray(0, bytes.length - 3), reason: 'truncated' },
    'cut inside the header': { damage: (bytes) => bytes.subarray(0, 9), reason: 'truncated' },
    'with a flipped bit': {
      damage: (bytes) => (bytes.writeUInt8(bytes.at(-1)! ^ 1, bytes.length - 1), bytes),
      reason: 'corrupt',
    },
    'of a later format': { damage: (bytes) => (bytes.writeUInt8(2, 3), bytes), reason: 'format' },
  };

  it.each(Object.keys(damages))('are a miss and a count: %s', async (name) => {
    const bench = twoTierEngine();
    await bench.cache.getOrLoad('users', '1', () => 'old');
    await settle();
    const { damage, reason } = damages[name]!;
    bench.shared.bytes.set(stored, damage(Buffer.from(bench.shared.bytes.get(stored)!)));
    forget(bench);
    expect((await bench.cache.explain('users', '1')).freshness).toBe('missing');
    expect(await bench.cache.getOrLoad('users', '1', () => 'new')).toBe('new');
    expect(bench.count().unreadable).toEqual({ [reason]: 1 });
  });

  it('are never another key’s value', async () => {
    const bench = twoTierEngine();
    await bench.cache.getOrLoad('users', '2', () => 'two');
    await settle();
    bench.shared.bytes.set(stored, bench.shared.bytes.get('users:v1:2')!);
    expect(await bench.cache.getOrLoad('users', '1', () => 'one')).toBe('one');
    expect(bench.count().unreadable).toEqual({ 'other-entry': 1 });
  });

  it('of another serializer are a miss', async () => {
    const written = twoTierEngine({ serializer: 'json' });
    await written.cache.getOrLoad('users', '1', () => 'a');
    await settle();
    const { cache, count } = twoTierEngine({}, { shared: written.shared, journal: written.journal });
    expect(await cache.getOrLoad('users', '1', () => 'b')).toBe('b');
    expect(count().unreadable).toEqual({ 'other-serializer': 1 });
  });

  it('of another schema aren’t even looked at', async () => {
    const { cache, shared, journal } = twoTierEngine({ caches: { users: { schema: 1 } } });
    await cache.getOrLoad('users', '1', () => 'a');
    await settle();
    const next = twoTierEngine({ caches: { users: { schema: 2 } } }, { shared, journal });
    expect(await next.cache.getOrLoad('users', '1', () => 'b')).toBe('b');
    expect(next.count().unreadable).toEqual({});
  });
});

describe('an old value in the shared tier', () => {
  const inGrace = async (options: CacheModuleOptions): Promise<TwoTierBench> => {
    const bench = twoTierEngine({ ttl: '1m', ...options });
    await bench.cache.getOrLoad('users', '1', () => 'old');
    await bench.clock.advance(61_000);
    forget(bench);
    return bench;
  };

  it('is served at once in grace while one caller refreshes it', async () => {
    const { cache, shared, count } = await inGrace({ grace: '1h' });
    expect(shared.ttls.get(stored)).toBe(3_660_000);
    const loader = new ControlledLoader<string>();
    const reads = Array.from({ length: 5 }, () => cache.getOrLoad('users', '1', loader.load));
    expect(new Set(await Promise.all(reads))).toEqual(new Set(['old']));
    await settle();
    expect(loader.calls).toBe(1);
    loader.resolve('new');
    await settle();
    expect(await cache.get('users', '1')).toBe('new');
    expect(count().outcomes.stale).toBe(5);
  });

  it('stands in for a loader that fails', async () => {
    const { cache } = await inGrace({ grace: { error: '1h' } });
    expect(await cache.getOrLoad('users', '1', () => Promise.reject(new Error('down')))).toBe('old');
  });

  it('is found by `get` only with allowStale', async () => {
    const { cache } = await inGrace({ grace: '1h' });
    expect(await cache.get('users', '1')).toBeUndefined();
    expect(await cache.get('users', '1', { allowStale: true })).toBe('old');
  });

  it('isn’t read by a cache that keeps nothing in memory either, once its grace is over', async () => {
    const { cache, clock } = await inGrace({ grace: '1h', memory: false });
    expect(await cache.getOrLoad('users', '1', () => 'new')).toBe('old');
    await settle();
    expect(await cache.getOrLoad('users', '1', () => 'newer')).toBe('new');
    await clock.advance(3_660_000);
    expect(await cache.getOrLoad('users', '1', () => 'newest')).toBe('newest');
  });
});

describe('a store that is slow', () => {
  it('keeps nobody waiting for a write', async () => {
    const { cache, shared } = twoTierEngine({ caches: { users: {} } });
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad('users', '1', loader.load);
    await settle();
    const open = shared.hold();
    loader.resolve('a');
    expect(await stateOf(read)).toBe('resolved');
    expect(cache.status().background).toBeGreaterThan(0);
    open();
  });

  it('has its writes in view until they are done', async () => {
    const { cache, shared } = twoTierEngine();
    const open = shared.hold();
    await cache.put('users', '1', () => 'a');
    expect(cache.status().background).toBe(1);
    open();
    await settle();
    expect(cache.status().background).toBe(0);
  });
});
