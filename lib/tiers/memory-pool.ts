import type { CacheEntry } from '../entry/cache-entry.js';

export type EvictionPolicy = 'sieve' | 'lru';

export interface MemoryPoolOptions {
  readonly maxBytes: number;
  readonly maxEntries: number;
  readonly eviction: EvictionPolicy;
}

/** What an entry costs beyond its value and key, in bytes; measured by `bench/scenarios/overhead`. */
const OVERHEAD = { entry: 410, tag: 70, payload: 190 };

/** About how much memory an entry takes. */
export const entryBytes = ({ key, header, content }: CacheEntry): number =>
  OVERHEAD.entry +
  OVERHEAD.tag * header.tags.length +
  ('payload' in content ? OVERHEAD.payload : 0) +
  2 * key.length +
  content.bytes;

/**
 * The memory that one or more caches share, and who has to go when it is full.
 *
 * SIEVE (Zhang et al., NSDI 2024): new entries come in at the head, a hand walks from the tail and lets go the first
 * entry that wasn't used since it last passed. A hit only sets a flag, so it costs nothing, and one pass over a
 * million keys doesn't drive out the ones that are used. LRU moves an entry to the head at every hit.
 */
export class MemoryPool {
  bytes = 0;
  entries = 0;
  evictions = 0;
  readonly isLru: boolean;
  /** A use is a flag that is set, and nothing else. */
  #usesAreFlags: boolean;
  #onUse: ((entry: CacheEntry) => void) | undefined;
  #head: CacheEntry | undefined;
  #tail: CacheEntry | undefined;
  #hand: CacheEntry | undefined;
  #sweeper: CacheEntry | undefined;
  #closed = false;

  constructor(readonly options: MemoryPoolOptions) {
    this.isLru = options.eviction === 'lru';
    this.#usesAreFlags = !this.isLru;
  }

  /** Tells of every use of an entry from now on, or of none. */
  watchUses(onUse: ((entry: CacheEntry) => void) | undefined): void {
    this.#onUse = onUse;
    this.#usesAreFlags = !this.isLru && onUse === undefined;
  }

  /** Takes an entry in and lets others go until everything fits; `false` when it alone is too large. */
  admit(entry: CacheEntry): boolean {
    const bytes = entryBytes(entry);
    if (this.#closed || bytes > this.options.maxBytes || this.options.maxEntries < 1) return false;
    while (this.entries >= this.options.maxEntries || this.bytes + bytes > this.options.maxBytes) this.#evictOne();
    this.bytes += bytes;
    this.entries++;
    this.#linkAtHead(entry);
    return true;
  }

  /** Takes nothing in any more. */
  close(): void {
    this.#closed = true;
  }

  release(entry: CacheEntry): void {
    this.bytes -= entryBytes(entry);
    this.entries--;
    this.#unlink(entry);
  }

  /** An entry was used. */
  touch(entry: CacheEntry): void {
    if (this.#usesAreFlags) entry.visited = true;
    else this.#touchSlowly(entry);
  }

  #touchSlowly(entry: CacheEntry): void {
    this.#onUse?.(entry);
    if (!this.isLru) entry.visited = true;
    else if (this.#head !== entry) {
      this.#unlink(entry);
      this.#linkAtHead(entry);
    }
  }

  /** Walks over at most `limit` entries, going on where it last stopped, and lets go those that are of no more use. */
  sweep(limit: number, isUseless: (entry: CacheEntry) => boolean): number {
    let dropped = 0;
    for (let looked = 0; looked < limit && this.entries > 0; looked++) {
      const entry = this.#sweeper ?? this.#tail!;
      this.#sweeper = entry.previous;
      if (isUseless(entry)) {
        entry.holder!.remove(entry);
        dropped++;
      }
      if (this.#sweeper === undefined) break;
    }
    return dropped;
  }

  #evictOne(): void {
    const victim = this.isLru ? this.#tail! : this.#sieve();
    this.evictions++;
    victim.holder!.remove(victim);
  }

  #sieve(): CacheEntry {
    let candidate = this.#hand ?? this.#tail!;
    while (candidate.visited) {
      candidate.visited = false;
      candidate = candidate.previous ?? this.#tail!;
    }
    this.#hand = candidate.previous;
    return candidate;
  }

  #linkAtHead(entry: CacheEntry): void {
    entry.previous = undefined;
    entry.next = this.#head;
    if (this.#head !== undefined) this.#head.previous = entry;
    this.#head = entry;
    this.#tail ??= entry;
  }

  #unlink(entry: CacheEntry): void {
    if (this.#hand === entry) this.#hand = entry.previous;
    if (this.#sweeper === entry) this.#sweeper = entry.previous;
    if (entry.previous === undefined) this.#head = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === undefined) this.#tail = entry.previous;
    else entry.next.previous = entry.previous;
    entry.previous = undefined;
    entry.next = undefined;
  }
}
