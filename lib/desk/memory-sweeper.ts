import type { Runtime, Timer } from '../cache.runtime.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import type { CacheRegion } from '../flow/cache-region.js';
import type { JournalReplica } from '../journal/journal-replica.js';
import type { MemoryPool } from '../tiers/memory-pool.js';

const TICK_MS = 1_000;
const ENTRIES_A_TICK = 2_000;
const CLOCK_TOLERANCE_MS = 100;

/**
 * Reclaims memory without anybody reading: once a second it looks at the next stretch of entries and lets go what has
 * expired or was invalidated. One timer for a registration, which doesn't keep the process alive.
 */
export class MemorySweeper {
  #timer: Timer | undefined;
  #closed = false;
  #lastWall: number;
  #lastMonotonic: number;

  constructor(
    private readonly runtime: Runtime,
    private readonly replica: JournalReplica,
    private readonly pools: () => Iterable<MemoryPool>,
    private readonly regions: () => Iterable<CacheRegion>,
  ) {
    this.#lastWall = runtime.now();
    this.#lastMonotonic = runtime.monotonic();
  }

  /** Starting again changes nothing. */
  start(): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = this.runtime.after(
      TICK_MS,
      () => {
        this.#timer = undefined;
        this.sweep();
        this.start();
      },
      { background: true },
    );
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  sweep(): void {
    this.#watchTheClock();
    const now = this.runtime.now();
    for (const pool of this.pools()) pool.sweep(ENTRIES_A_TICK, (entry) => this.#isUseless(entry, now));
    for (const region of this.regions()) region.pauses.sweep(now);
  }

  #isUseless({ header, sequence, idleUntil }: CacheEntry, now: number): boolean {
    return now >= Math.min(header.graceUntil, idleUntil) || this.replica.judge(header, sequence) === 'dead';
  }

  /** Expiry is a time on the wall: where that is set back, entries would live longer than they may. */
  #watchTheClock(): void {
    const wall = this.runtime.now();
    const monotonic = this.runtime.monotonic();
    const setBackMs = monotonic - this.#lastMonotonic - (wall - this.#lastWall);
    this.#lastWall = wall;
    this.#lastMonotonic = monotonic;
    if (setBackMs > CLOCK_TOLERANCE_MS) for (const region of this.regions()) region.memory.clear();
  }
}
