import { describe, expect, it } from 'vitest';
import { MemoryPool, type EvictionPolicy } from '../../../lib/tiers/memory-pool.js';
import { MemoryTier } from '../../../lib/tiers/memory.tier.js';
import { entryOf } from '../../support/entries.js';
import { seededRandom, zipf } from '../../support/seeded-random.js';

const tierOf = (eviction: EvictionPolicy, maxEntries: number): MemoryTier =>
  new MemoryTier(new MemoryPool({ eviction, maxEntries, maxBytes: Number.MAX_SAFE_INTEGER }));

/** Reads a key as a cache does. @returns whether it was a hit */
function read(tier: MemoryTier, key: string): boolean {
  const entry = tier.get(key);
  if (entry === undefined) tier.put(entryOf(key));
  else tier.pool!.touch(entry);
  return entry !== undefined;
}

const hold = (tier: MemoryTier, keys: readonly string[]): string[] => keys.filter((key) => tier.get(key) !== undefined);

/** Part of reads of the hot keys that are hits, in traffic of which every fourth read is of a key that is never read again. */
function hitRatio(eviction: EvictionPolicy): number {
  const tier = tierOf(eviction, 500);
  const draw = zipf(10_000, 0.9, seededRandom(7));
  const reads = 100_000;
  let hits = 0;
  for (let n = 0; n < reads; n++) {
    if (read(tier, `k${draw()}`)) hits++;
    if (n % 4 === 0) read(tier, `once${n}`);
  }
  return hits / reads;
}

describe('SIEVE', () => {
  it('lets go the oldest entry that was not used', () => {
    const tier = tierOf('sieve', 3);
    for (const key of ['a', 'b', 'c', 'a', 'd']) read(tier, key);

    expect(hold(tier, ['a', 'b', 'c', 'd'])).toEqual(['a', 'c', 'd']);
  });

  it('goes on from where its hand stopped, and spares once what was used', () => {
    const tier = tierOf('sieve', 4);
    for (const key of ['a', 'b', 'c', 'd', 'a']) read(tier, key);

    read(tier, 'e'); // spares a, takes b
    read(tier, 'f'); // goes on at c

    expect(hold(tier, ['a', 'b', 'c', 'd', 'e', 'f'])).toEqual(['a', 'd', 'e', 'f']);
  });

  it('lets one go even when all were used', () => {
    const tier = tierOf('sieve', 2);
    for (const key of ['a', 'b', 'a', 'b', 'c']) read(tier, key);

    expect(hold(tier, ['a', 'b', 'c'])).toEqual(['b', 'c']);
  });

  it('hits more often than LRU on traffic with scans', () => {
    const [sieve, lru] = [hitRatio('sieve'), hitRatio('lru')];

    expect(sieve).toBeGreaterThan(lru + 0.05);
    expect(sieve).toBeGreaterThan(0.45);
  });

  it('keeps the keys in use through a scan of a million others', () => {
    const tier = tierOf('sieve', 1_000);
    const hot = Array.from({ length: 100 }, (_, n) => `hot${n}`);
    for (const key of [...hot, ...hot]) read(tier, key);

    for (let n = 0; n < 1_000_000; n++) {
      read(tier, `scan${n}`);
      if (n % 10 === 0) read(tier, hot[(n / 10) % hot.length]!);
    }

    expect(hold(tier, hot)).toHaveLength(hot.length);
    expect(tier.size).toBe(1_000);
  });
});

describe('LRU', () => {
  it('lets go what was not used for the longest time', () => {
    const tier = tierOf('lru', 3);
    for (const key of ['a', 'b', 'c', 'a', 'b', 'd', 'e']) read(tier, key);

    expect(hold(tier, ['a', 'b', 'c', 'd', 'e'])).toEqual(['b', 'd', 'e']);
  });

  it('counts using the newest entry as nothing new', () => {
    const tier = tierOf('lru', 2);
    for (const key of ['a', 'b', 'b', 'b', 'c']) read(tier, key);

    expect(hold(tier, ['a', 'b', 'c'])).toEqual(['b', 'c']);
  });
});
