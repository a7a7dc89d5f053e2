import { describe, expect, it } from 'vitest';
import { TestClock } from '../../../lib/testing/test-clock.js';
import type { CacheModuleOptions } from '../../../lib/options/cache-options.interface.js';
import { FakeJournal, FakeSharedTier, settle, twoTierEngine, type TwoTierBench } from '../../support/engine.js';

const STORED = 'users:v1:1';
const keyOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const encrypted = (keys: Record<string, number> = { k1: 1 }): CacheModuleOptions => ({
  encrypt: true,
  encryption: {
    keys: Object.fromEntries(Object.entries(keys).map(([id, byte]) => [id, keyOf(byte)])),
    current: Object.keys(keys)[0]!,
  },
});

/** Two processes over one store and one journal. */
function processes(one: CacheModuleOptions, other: CacheModuleOptions): [TwoTierBench, TwoTierBench] {
  const shared = new FakeSharedTier();
  const journal = new FakeJournal();
  const clock = new TestClock();
  const first = twoTierEngine(one, { shared, journal, clock });
  const follower = { shared, journal: new FakeJournal('epoch', journal), clock: new TestClock({ at: clock.time }) };
  return [first, twoTierEngine(other, follower)];
}

async function load({ cache }: TwoTierBench, value: unknown, key = '1'): Promise<unknown> {
  const got = await cache.getOrLoad('users', key, () => value);
  await settle();
  return got;
}

describe('an encrypted cache', () => {
  it('is shared by processes with the same keys, and shows its values to nobody else', async () => {
    const [one, other] = processes(encrypted(), encrypted());

    await load(one, { iban: 'DE89370400440532013000' });

    expect(one.shared.bytes.get(STORED)!.includes('DE8937')).toBe(false);
    expect(await load(other, 'never')).toEqual({ iban: 'DE89370400440532013000' });
    expect(other.count().outcomes.l2).toBe(1);
  });

  it.each([
    ['in clear', {}, 'not-encrypted'],
    ['with a key nobody here has', encrypted({ k2: 1 }), 'key'],
    ['with another key of that id', encrypted({ k1: 2 }), 'forged'],
  ])('takes what was written %s for a counted miss', async (_how, writer, reason) => {
    const [one, other] = processes(writer, encrypted());
    await load(one, 'theirs');

    expect(await load(other, 'ours')).toBe('ours');
    expect(other.count().unreadable).toEqual({ [reason]: 1 });
    expect(other.events.map(({ type }) => type)).not.toContain('fault');
  });

  it('tells why an entry can’t be read', async () => {
    const [one, other] = processes({}, encrypted());
    await load(one, 'theirs');

    expect((await other.cache.explain('users', '1')).reason).toContain("can't be read: not-encrypted");
  });

  it('takes an entry that was copied to another key for a counted miss', async () => {
    const [one, other] = processes(encrypted(), encrypted());
    await load(one, 'of one');
    one.shared.bytes.set('users:v1:2', one.shared.bytes.get(STORED)!);

    expect(await load(other, 'of two', '2')).toBe('of two');
    expect(other.count().unreadable).toEqual({ 'other-entry': 1 });
  });
});

describe('a cache with `compression`', () => {
  it('stores fewer bytes, which any process reads', async () => {
    const [one, other] = processes({ compression: { threshold: '1kb' } }, {});
    const value = { text: 'the same again '.repeat(1_000) };

    await load(one, value);

    expect(one.shared.bytes.get(STORED)!.length).toBeLessThan(1_000);
    expect(await load(other, 'never')).toEqual(value);
  });
});

describe('a value above `maxValueBytes`', () => {
  const large = 'x'.repeat(2_000);
  const options: CacheModuleOptions = { maxValueBytes: 1_000, tooLarge: 'memory-only' };

  it('is kept in the process and not in the store, with `memory-only`', async () => {
    const [one, other] = processes(options, options);

    expect(await load(one, large)).toBe(large);
    expect(await load(one, 'never')).toBe(large);
    expect(one.count().outcomes).toMatchObject({ loaded: 1, l1: 1 });
    expect(one.shared.writes).toBe(0);
    expect(one.events.map(({ type }) => type)).not.toContain('fault');
    expect(await load(other, 'small')).toBe('small');
  });

  it('may be set, with `memory-only`', async () => {
    const { cache, shared } = twoTierEngine(options);
    await cache.set('users', '1', large);

    expect(await cache.get('users', '1')).toBe(large);
    expect(shared.writes).toBe(0);
  });

  it('leaves nothing older in the store, with `memory-only`', async () => {
    const { cache, shared, clock } = twoTierEngine({ ...options, ttl: '1m', grace: '1h' });
    await cache.getOrLoad('users', '1', () => 'small');
    await settle();
    expect(shared.bytes.has(STORED)).toBe(true);
    await clock.advance(61_000);

    await cache.getOrLoad('users', '1', () => large);
    await settle();
    await settle();

    expect(shared.bytes.has(STORED)).toBe(false);
    expect(await cache.get('users', '1')).toBe(large);
  });

  it('is kept nowhere without a memory tier, and that is told', async () => {
    const { cache, shared, count, events } = twoTierEngine({ ...options, memory: false });

    expect(await cache.getOrLoad('users', '1', () => large)).toBe(large);
    expect(shared.writes).toBe(0);
    expect(count().notStored).toEqual({ unstorable: 1 });
    expect(events.map(({ type }) => type)).toContain('fault');
  });

  it('is kept nowhere by default', async () => {
    const { cache, shared, count } = twoTierEngine({ maxValueBytes: 1_000 });

    expect(await cache.getOrLoad('users', '1', () => large)).toBe(large);
    expect(shared.writes).toBe(0);
    expect(count()).toMatchObject({ entries: 0, notStored: { unstorable: 1 } });
    await expect(cache.set('users', '1', large)).rejects.toThrow('maxValueBytes');
  });
});

describe('processes whose clocks differ', () => {
  it('agree on when an entry expires, by the clock of the store', async () => {
    const shared = new FakeSharedTier();
    const journal = new FakeJournal();
    const store = 1_000_000_000;
    const slow = twoTierEngine({ ttl: '1m' }, { shared, journal, clock: new TestClock({ at: store - 20_000 }) });
    const fast = twoTierEngine(
      { ttl: '1m' },
      { shared, journal: new FakeJournal('epoch', journal), clock: new TestClock({ at: store + 45_000 }) },
    );
    slow.journal.clockOffsetMs = 20_000;
    fast.journal.clockOffsetMs = -45_000;
    await load(slow, 'a');

    expect(await fast.cache.explain('users', '1')).toMatchObject({ tier: 'shared', ageMs: 0, expiresInMs: 60_000 });
    await fast.clock.advance(59_999);
    expect(await fast.cache.get('users', '1')).toBe('a');
    await fast.clock.advance(1);
    expect(await fast.cache.get('users', '1')).toBeUndefined();
  });
});
