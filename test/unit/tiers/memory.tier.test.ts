import { describe, expect, it } from 'vitest';
import { entryBytes, MemoryPool, type MemoryPoolOptions } from '../../../lib/tiers/memory-pool.js';
import { MemoryTier } from '../../../lib/tiers/memory.tier.js';
import { entryOf } from '../../support/entries.js';

const poolWith = (options: Partial<MemoryPoolOptions> = {}): MemoryPool =>
  new MemoryPool({ eviction: 'sieve', maxEntries: 100, maxBytes: 1_000_000, ...options });
const roomFor = (count: number): number => count * entryBytes(entryOf('a', { bytes: 1_000 }));

describe('the memory tier', () => {
  it('gives back what was put, by key', () => {
    const tier = new MemoryTier(poolWith());
    const [text, number, numberAsText] = [entryOf('a'), entryOf('#n7'), entryOf('7')];
    for (const entry of [text, number, numberAsText]) tier.put(entry);

    expect([tier.get('a'), tier.get(7), tier.get('7'), tier.get('b')]).toEqual([text, number, numberAsText, undefined]);
    expect([tier.find('a'), tier.find('#n7'), tier.find('7')]).toEqual([text, number, numberAsText]);
  });

  it('keeps nothing without a pool', () => {
    const tier = new MemoryTier(undefined);

    tier.put(entryOf('a'));
    tier.clear();

    expect(tier.size).toBe(0);
  });

  it('keeps of two entries of a key the one that was begun later, in whatever order they come', () => {
    const [older, newer] = [entryOf('a', { sequence: 1 }), entryOf('a', { sequence: 2 })];
    const [inOrder, crossed] = [new MemoryTier(poolWith()), new MemoryTier(poolWith())];

    for (const entry of [older, newer]) inOrder.put(entry);
    const again = [entryOf('a', { sequence: 2 }), entryOf('a', { sequence: 1 })] as const;
    for (const entry of again) crossed.put(entry);

    expect(inOrder.get('a')).toBe(newer);
    expect(crossed.get('a')).toBe(again[0]);
    expect([inOrder.pool!.entries, crossed.pool!.entries]).toEqual([1, 1]);
  });

  it('goes by the look-up for an entry that another process may have loaded', () => {
    const tier = new MemoryTier(poolWith());
    const fetched = entryOf('a', { sequence: 0, order: 5 });
    tier.put(entryOf('a', { sequence: 4 }));
    tier.put(fetched);
    tier.put(entryOf('a', { sequence: 3 }));

    expect(tier.get('a')).toBe(fetched);
  });

  it('takes the later of two that began at once', () => {
    const tier = new MemoryTier(poolWith());
    const second = entryOf('a');
    tier.put(entryOf('a'));
    tier.put(second);

    expect(tier.get('a')).toBe(second);
  });

  it('makes an entry it lets go cold, so that nobody hits it any more', () => {
    const tier = new MemoryTier(poolWith());
    const entry = entryOf('a', { hotUntil: 5_000 });
    tier.put(entry);

    tier.remove(entry);

    expect(entry.hotUntil).toBe(0);
    expect(entry.holder).toBeUndefined();
    expect(tier.get('a')).toBeUndefined();
  });

  it('leaves the newer entry alone when an older one of the key is removed, once or twice', () => {
    const tier = new MemoryTier(poolWith());
    const [older, newer] = [entryOf('a', { sequence: 1 }), entryOf('a', { sequence: 2 })];
    for (const entry of [older, newer]) tier.put(entry);

    tier.remove(older);
    tier.remove(older);

    expect(tier.get('a')).toBe(newer);
    expect(tier.pool!.entries).toBe(1);
  });
});

describe('the memory pool', () => {
  it('holds no more entries than allowed', () => {
    const tier = new MemoryTier(poolWith({ maxEntries: 3 }));
    for (let n = 0; n < 10; n++) tier.put(entryOf(`k${n}`));

    expect([tier.size, tier.pool!.entries, tier.pool!.evictions]).toEqual([3, 3, 7]);
  });

  it('holds no more bytes than allowed, and lets as many go as it takes', () => {
    const tier = new MemoryTier(poolWith({ maxBytes: roomFor(4) }));
    for (const key of ['a', 'b', 'c', 'd']) tier.put(entryOf(key, { bytes: 1_000 }));
    expect(tier.size).toBe(4);

    tier.put(entryOf('e', { bytes: 3_000 }));

    expect(tier.get('e')).toBeDefined();
    expect(tier.size).toBe(2);
    expect(tier.pool!.bytes).toBeLessThanOrEqual(roomFor(4));
  });

  it('doesn’t take an entry that is larger than all of it, and lets nobody go for it', () => {
    const tier = new MemoryTier(poolWith({ maxBytes: roomFor(2) }));
    tier.put(entryOf('a', { bytes: 1_000 }));

    tier.put(entryOf('b', { bytes: 10_000 }));

    expect(tier.get('b')).toBeUndefined();
    expect(tier.get('a')).toBeDefined();
  });

  it('doesn’t keep the old entry of a key whose new one is too large', () => {
    const tier = new MemoryTier(poolWith({ maxBytes: roomFor(2) }));
    tier.put(entryOf('a', { bytes: 1_000, sequence: 1 }));

    tier.put(entryOf('a', { bytes: 10_000, sequence: 2 }));

    expect(tier.get('a')).toBeUndefined();
    expect([tier.pool!.entries, tier.pool!.bytes]).toEqual([0, 0]);
  });

  it('takes an entry that fits exactly', () => {
    const tier = new MemoryTier(poolWith({ maxBytes: roomFor(1) }));
    tier.put(entryOf('b', { bytes: 1_000 }));
    tier.put(entryOf('a', { bytes: 1_000 }));

    expect(tier.get('a')).toBeDefined();
    expect(tier.pool!.bytes).toBe(roomFor(1));
  });

  it.each([
    ['entries', { maxEntries: 0 }],
    ['bytes', { maxBytes: 0 }],
  ])('without room for %s keeps nothing', (_what, options) => {
    const tier = new MemoryTier(poolWith(options));

    tier.put(entryOf('a'));

    expect([tier.size, tier.pool!.entries, tier.pool!.bytes]).toEqual([0, 0, 0]);
  });

  it('counts key, value and what an entry costs by itself', () => {
    const bytes = (key: string, size: number, tags: string[]): number =>
      entryBytes(entryOf(key, { bytes: size, header: { tags } }));
    const bare = bytes('', 0, []);
    expect(bare).toBeGreaterThan(0);
    expect(bytes('abc', 50, [])).toBe(bare + 6 + 50);
    expect(bytes('', 0, ['a', 'b'])).toBeGreaterThan(bare + 2 * 50);
  });

  it('is shared by several caches, each of which can be cleared without the others', () => {
    const pool = poolWith({ maxEntries: 3 });
    const [users, bills] = [new MemoryTier(pool), new MemoryTier(pool)];
    for (const key of ['a', 'b']) users.put(entryOf(key));
    for (const key of ['a', 'b']) bills.put(entryOf(key));
    expect([users.size, bills.size, pool.entries]).toEqual([1, 2, 3]);

    bills.clear();

    expect([users.size, bills.size, pool.entries]).toEqual([1, 0, 1]);
  });
});
