import { describe, expect, it } from 'vitest';
import type { CacheEntry } from '../../../lib/entry/cache-entry.js';
import { MemoryPool } from '../../../lib/tiers/memory-pool.js';
import { MemoryTier } from '../../../lib/tiers/memory.tier.js';
import { entryOf } from '../../support/entries.js';

const filled = (count: number, eviction: 'sieve' | 'lru' = 'sieve'): MemoryTier => {
  const tier = new MemoryTier(new MemoryPool({ eviction, maxEntries: 1_000, maxBytes: 1e9 }));
  for (let n = 0; n < count; n++) tier.put(entryOf(`k${n}`));
  return tier;
};

describe('a sweep', () => {
  it('looks at no more entries than it may', () => {
    const { pool } = filled(100);
    let looked = 0;

    pool!.sweep(10, () => (looked++, false));

    expect(looked).toBe(10);
  });

  it('goes on where the last one stopped, and looks at every entry once a round', () => {
    const { pool } = filled(95);
    const seen: string[] = [];
    const look = ({ key }: CacheEntry): boolean => (seen.push(key), false);

    for (let tick = 0; tick < 10; tick++) pool!.sweep(10, look);

    expect(seen).toHaveLength(95);
    expect(new Set(seen).size).toBe(95);

    pool!.sweep(10, look);
    expect(seen.slice(95)).toEqual(seen.slice(0, 10));
  });

  it('lets go what is of no use, and says how many that were', () => {
    const tier = filled(20);

    const dropped = tier.pool!.sweep(1_000, ({ key }) => Number(key.slice(1)) % 2 === 0);

    expect([dropped, tier.size, tier.pool!.entries, tier.pool!.evictions]).toEqual([10, 10, 10, 0]);
    expect(tier.get('k1')).toBeDefined();
    expect(tier.get('k2')).toBeUndefined();
  });

  it('of an empty pool, or one that it empties, does no harm', () => {
    const tier = filled(3);

    expect(tier.pool!.sweep(10, () => true)).toBe(3);
    expect(tier.pool!.sweep(10, () => true)).toBe(0);
    tier.put(entryOf('new'));
    expect(tier.pool!.sweep(10, () => true)).toBe(1);
  });

  it.each(['sieve', 'lru'] as const)(
    'of %s reaches what stays although entries come, go and are used meanwhile',
    (eviction) => {
      const tier = filled(50, eviction);
      const staying = tier.get('k25')!;
      const reached = { value: false };

      for (let tick = 0; tick < 60; tick++) {
        tier.pool!.sweep(3, (entry) => {
          reached.value ||= entry === staying;
          return false;
        });
        tier.put(entryOf(`new${tick}`));
        const used = tier.get(`k${tick % 25}`);
        if (used !== undefined) tier.pool!.touch(used);
        const goes = tier.get(`k${49 - (tick % 20)}`);
        if (goes !== undefined) tier.remove(goes);
      }

      expect(reached.value).toBe(true);
    },
  );
});
