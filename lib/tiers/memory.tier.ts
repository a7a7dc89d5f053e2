import type { CacheEntry, EntryHolder } from '../entry/cache-entry.js';
import { localKey, type LocalKey } from '../entry/key-encoding.js';
import type { MemoryPool } from './memory-pool.js';

/** The entries of one cache in this process: one map, keyed by the bare key, within a pool that bounds it. */
export class MemoryTier implements EntryHolder {
  readonly #entries = new Map<LocalKey, CacheEntry>();

  /** @param pool `undefined`: this cache keeps nothing in memory */
  constructor(readonly pool: MemoryPool | undefined) {}

  get size(): number {
    return this.#entries.size;
  }

  get(key: LocalKey): CacheEntry | undefined {
    return this.#entries.get(key);
  }

  values(): IterableIterator<CacheEntry> {
    return this.#entries.values();
  }

  find(key: string): CacheEntry | undefined {
    return this.#entries.get(localKey(key));
  }

  /**
   * Keeps an entry, if there is room for it at all; of two entries of a key the one whose load began later.
   * @returns `false` when that is the other one
   */
  put(entry: CacheEntry): boolean {
    if (this.pool === undefined) return true;
    const key = localKey(entry.key);
    const current = this.#entries.get(key);
    if (current !== undefined) {
      if (current.order > entry.order) return false;
      this.remove(current);
    }
    if (!this.pool.admit(entry)) return true;
    entry.holder = this;
    this.#entries.set(key, entry);
    return true;
  }

  remove(entry: CacheEntry): void {
    if (entry.holder !== this) return;
    entry.holder = undefined;
    entry.hotUntil = 0;
    this.#entries.delete(localKey(entry.key));
    this.pool!.release(entry);
  }

  clear(): void {
    for (const entry of this.#entries.values()) this.remove(entry);
  }
}
