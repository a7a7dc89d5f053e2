import type { Runtime } from '../cache.runtime.js';
import type { ResolvedKnownIdsOptions } from '../options/resolved-options.js';
import { bloomPlace, bloomShape, falsePositiveRateOf, type BloomShape } from '../policy/bloom.js';
import type { IdFilter, IdVerdict, KnownIdsStatus, OpenWrite, RebuildResult } from './id-filter.interface.js';

interface Generation {
  readonly seed: string;
  readonly bitmaps: readonly Uint8Array[];
  ids: number;
}

/** Known ids of a cache that isn't shared: what this process doesn't know of, nobody else has written. */
export class MemoryIdFilter implements IdFilter {
  #live: Generation | undefined;
  #building: Generation | undefined;
  #builtAt = 0;
  readonly #shape: BloomShape;

  constructor(
    private readonly options: ResolvedKnownIdsOptions,
    private readonly runtime: Runtime,
  ) {
    this.#shape = bloomShape(options.capacity, options.falsePositiveRate);
  }

  test(keys: readonly string[]): readonly IdVerdict[] {
    const live = this.#live;
    return keys.map((key) => (live === undefined ? 'unknown' : this.#has(live, key) ? 'maybe' : 'absent'));
  }

  add(keys: readonly string[]): Promise<void> {
    for (const generation of [this.#live, this.#building]) if (generation !== undefined) this.#mark(generation, keys);
    return Promise.resolve();
  }

  beginWrite(): Promise<OpenWrite> {
    return Promise.resolve({ end: (keys) => this.add(keys) });
  }

  async rebuild(keys: Iterable<string> | AsyncIterable<string>): Promise<RebuildResult> {
    if (this.#building !== undefined) return { status: 'busy' };
    const shape = this.#shape;
    const { commitWithinMs } = this.options;
    const bitmaps = Array.from({ length: shape.parts }, () => new Uint8Array(Math.ceil(shape.bits / 8)));
    const building: Generation = { seed: this.runtime.random().toString(36), bitmaps, ids: 0 };
    this.#building = building;
    try {
      if (commitWithinMs > 0) await new Promise<void>((resolve) => this.runtime.after(commitWithinMs, resolve));
      let ids = 0;
      for await (const key of keys) {
        this.#mark(building, [key]);
        ids++;
      }
      this.#live = building;
      this.#builtAt = this.runtime.now();
      return { status: 'built', ids, falsePositiveRate: falsePositiveRateOf(shape, building.ids) };
    } finally {
      this.#building = undefined;
    }
  }

  status(): Promise<KnownIdsStatus> {
    const shape = this.#shape;
    const { capacity } = this.options;
    const ids = this.#live?.ids ?? 0;
    return Promise.resolve({
      state: this.#live === undefined ? 'none' : 'complete',
      building: this.#building !== undefined,
      ids,
      capacity,
      falsePositiveRate: falsePositiveRateOf(shape, ids),
      bytes: Math.ceil(shape.bits / 8) * shape.parts,
      builtAt: this.#builtAt,
    });
  }

  #has({ seed, bitmaps }: Generation, key: string): boolean {
    const { part, positions } = bloomPlace(this.#shape, seed, key);
    return positions.every((position) => (bitmaps[part]![position >>> 3]! & (1 << (position & 7))) !== 0);
  }

  #mark(generation: Generation, keys: readonly string[]): void {
    for (const key of keys) {
      const { part, positions } = bloomPlace(this.#shape, generation.seed, key);
      for (const position of positions) generation.bitmaps[part]![position >>> 3]! |= 1 << (position & 7);
    }
    generation.ids += keys.length;
  }
}
