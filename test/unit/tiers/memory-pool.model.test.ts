import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { CacheEntry } from '../../../lib/entry/cache-entry.js';
import { entryBytes, MemoryPool, type EvictionPolicy } from '../../../lib/tiers/memory-pool.js';
import { MemoryTier } from '../../../lib/tiers/memory.tier.js';
import { entryOf } from '../../support/entries.js';

/** Two caches in one pool, and beside them what they should hold, as plain maps. */
class Machine {
  readonly pool: MemoryPool;
  readonly tiers: readonly [MemoryTier, MemoryTier];
  /** The newest entry of each key; the pool may have let it go. */
  readonly newest = [new Map<string, CacheEntry>(), new Map<string, CacheEntry>()] as const;
  readonly maxBytes = 8_000;
  readonly maxEntries = 7;

  constructor(eviction: EvictionPolicy) {
    this.pool = new MemoryPool({ eviction, maxBytes: this.maxBytes, maxEntries: this.maxEntries });
    this.tiers = [new MemoryTier(this.pool), new MemoryTier(this.pool)];
  }

  held(): CacheEntry[] {
    return this.tiers.flatMap((tier, at) => [...this.newest[at]!.keys()].flatMap((key) => tier.find(key) ?? []));
  }

  check(): void {
    const held = this.held();
    assert.equal(this.tiers[0].size + this.tiers[1].size, held.length);
    assert.equal(this.pool.entries, held.length);
    assert.equal(
      this.pool.bytes,
      held.reduce((sum, entry) => sum + entryBytes(entry), 0),
    );
    assert.ok(this.pool.entries <= this.maxEntries);
    assert.ok(this.pool.bytes <= this.maxBytes);
    this.#checkLinks(held);
    for (const entry of held)
      assert.equal(this.newest[this.tiers.indexOf(entry.holder as MemoryTier)]!.get(entry.key), entry);
  }

  /** From head to tail and back again every held entry, and nothing else. */
  #checkLinks(held: readonly CacheEntry[]): void {
    const heads = held.filter((entry) => entry.previous === undefined);
    const tails = held.filter((entry) => entry.next === undefined);
    assert.deepEqual([heads.length, tails.length], held.length === 0 ? [0, 0] : [1, 1]);
    const forth = new Set<CacheEntry>();
    for (let entry = heads[0]; entry !== undefined; entry = entry.next) forth.add(entry);
    const back = new Set<CacheEntry>();
    for (let entry = tails[0]; entry !== undefined; entry = entry.previous) back.add(entry);
    for (const walked of [forth, back]) {
      assert.equal(walked.size, held.length);
      assert.ok(held.every((entry) => walked.has(entry)));
    }
  }
}

type Model = { sequence: number };
type Step = fc.Command<Model, Machine>;

const step = (name: string, run: (machine: Machine, model: Model) => void): Step => ({
  check: () => true,
  run: (model, machine) => {
    run(machine, model);
    machine.check();
  },
  toString: () => name,
});

const cache = fc.constantFrom<0 | 1>(0, 1);
const key = fc.constantFrom('a', 'b', 'c', 'd', '#n1', '#n2', 'e', 'f');

const put = fc
  .tuple(
    cache,
    key,
    fc.oneof(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 0, max: 9_000 })),
    fc.integer({ min: -3, max: 1 }),
  )
  .map(([at, k, bytes, late]) =>
    step(`put ${at} ${k} ${bytes} ${late}`, ({ tiers, newest }, model) => {
      const entry = entryOf(k, { bytes, sequence: Math.max(0, ++model.sequence + late) });
      const held = tiers[at].find(k);
      tiers[at].put(entry);
      if (held === undefined || held.order <= entry.order) newest[at].set(k, entry);
      else assert.equal(tiers[at].find(k), held);
    }),
  );

const steps = [
  put,
  put,
  put,
  fc.tuple(cache, key).map(([at, k]) =>
    step(`touch ${at} ${k}`, ({ tiers, pool }) => {
      const entry = tiers[at].find(k);
      if (entry !== undefined) pool.touch(entry);
    }),
  ),
  fc.tuple(cache, key).map(([at, k]) =>
    step(`remove ${at} ${k}`, ({ tiers, newest }) => {
      const entry = newest[at].get(k);
      if (entry === undefined) return;
      tiers[at].remove(entry);
      assert.equal(tiers[at].find(k), undefined);
    }),
  ),
  fc.tuple(fc.nat(4), fc.nat(2)).map(([limit, remainder]) =>
    step(`sweep ${limit} ${remainder}`, ({ pool }) => {
      const looked: CacheEntry[] = [];
      pool.sweep(limit, (entry) => {
        assert.ok(entry.holder !== undefined, 'looks at nothing that was let go');
        looked.push(entry);
        return entry.key.charCodeAt(0) % 3 === remainder;
      });
      assert.ok(looked.length <= limit);
      assert.equal(new Set(looked).size, looked.length);
    }),
  ),
  cache.map((at) =>
    step(`clear ${at}`, ({ tiers }) => {
      tiers[at].clear();
      assert.equal(tiers[at].size, 0);
    }),
  ),
];

describe('the books of a memory pool', () => {
  it.each(['sieve', 'lru'] as const)('with %s are right after whatever happens', (eviction) => {
    fc.assert(
      fc.property(fc.commands(steps, { maxCommands: 60, size: 'max' }), (commands) => {
        fc.modelRun(() => ({ model: { sequence: 0 }, real: new Machine(eviction) }), commands);
      }),
      { numRuns: 400 },
    );
  });
});
