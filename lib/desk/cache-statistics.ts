import type { CacheEvent, NotStoredReason, ReadOutcomeKind } from '../cache.events.js';
import type { OriginStatus } from '../flow/origin-guard.js';
import { Histogram, type HistogramSnapshot } from '../policy/histogram.js';

/** The numbers of one cache at one moment. `hits + misses = reads` whenever no read is under way. */
export interface CacheStatisticsSnapshot {
  readonly reads: number;
  readonly hits: number;
  readonly misses: number;
  /** Reads by how they ended. */
  readonly outcomes: Readonly<Record<ReadOutcomeKind, number>>;
  /** Reads that went to the source because of `bypass`; neither hits nor misses. */
  readonly bypassed: number;
  readonly loads: number;
  readonly loadErrors: number;
  /** Time spent in loaders, ms, failing ones included. */
  readonly loadMs: number;
  /** What each of them took: what a read would take without the cache. */
  readonly loadTimes: HistogramSnapshot;
  /**
   * What reads took until there was an answer, `hits + misses` of them. Hits in memory that need no second look aren't
   * timed: they stand in the lowest bucket, with no time. Whoever joined a load or a look of somebody else counts with
   * all the time of it, from where the first of them joined.
   */
  readonly readTimes: HistogramSnapshot;
  /** Keys that waited for what another process was loading. */
  readonly lockWaits: number;
  /** How long, ms. */
  readonly lockWaitMs: number;
  readonly earlyRefreshes: number;
  /** Refreshes in the background that there was no room for; counted at each read that would have begun one. */
  readonly refreshesSkipped: number;
  /** Loads that a guard of the source didn't let begin, by guard. */
  readonly refused: Readonly<Record<'bulkhead' | 'breaker', number>>;
  /** Keys that no tier held, by what the filter of known ids said of them. */
  readonly idTests: Readonly<Record<'absent' | 'maybe' | 'unknown', number>>;
  /** How the source does, as its guards see it; `undefined` without guards. */
  readonly origin: OriginStatus | undefined;
  /** Values that were loaded or written and not kept, by reason. */
  readonly notStored: Readonly<Partial<Record<NotStoredReason, number>>>;
  /** Stored bytes that were no entry of ours, by reason. */
  readonly unreadable: Readonly<Record<string, number>>;
  /** Commands to the shared store that failed, by command. */
  readonly sharedFaults: Readonly<Partial<Record<'get' | 'set' | 'prolong' | 'delete', number>>>;
  /** Values of a `frozen` cache that can't be frozen and were copied. */
  readonly copiedInsteadOfFrozen: number;
  /** Entries in memory. */
  readonly entries: number;
}

/** Plain integers, so that counting costs a hit next to nothing. */
export class CacheStatistics {
  reads = 0;
  l1 = 0;
  l2 = 0;
  stale = 0;
  loaded = 0;
  joined = 0;
  absent = 0;
  error = 0;
  timeout = 0;
  bypassed = 0;
  loads = 0;
  loadErrors = 0;
  loadMs = 0;
  earlyRefreshes = 0;
  lockWaits = 0;
  lockWaitMs = 0;
  readonly loadTimes = new Histogram();
  readonly readTimes = new Histogram();
  refreshesSkipped = 0;
  readonly #idTests = { absent: 0, maybe: 0, unknown: 0 };
  readonly #refused = { bulkhead: 0, breaker: 0 };
  readonly #notStored: Partial<Record<NotStoredReason, number>> = {};
  readonly #unreadable: Record<string, number> = {};
  readonly #sharedFaults: Partial<Record<'get' | 'set' | 'prolong' | 'delete', number>> = {};

  note(event: CacheEvent): void {
    switch (event.type) {
      case 'load':
        this.loads++;
        this.loadMs += event.ms;
        this.loadTimes.note(event.ms);
        if (event.failed) this.loadErrors++;
        return;
      case 'early-refresh':
        this.earlyRefreshes++;
        return;
      case 'lock-wait':
        this.lockWaits += event.keys;
        this.lockWaitMs += event.ms * event.keys;
        return;
      case 'refresh-skipped':
        this.refreshesSkipped++;
        return;
      case 'id-test':
        this.#idTests[event.verdict]++;
        return;
      case 'load-refused':
        this.#refused[event.by]++;
        return;
      case 'not-stored':
        this.#notStored[event.reason] = (this.#notStored[event.reason] ?? 0) + 1;
        return;
      case 'unreadable':
        this.#unreadable[event.reason] = (this.#unreadable[event.reason] ?? 0) + 1;
        return;
      case 'shared-fault':
        this.#sharedFaults[event.command] = (this.#sharedFaults[event.command] ?? 0) + 1;
        return;
      default:
    }
  }

  snapshot(entries: number, copiedInsteadOfFrozen: number, origin: OriginStatus | undefined): CacheStatisticsSnapshot {
    const { reads, l1, l2, stale, loaded, joined, absent, error, timeout, bypassed } = this;
    const { loads, loadErrors, loadMs, earlyRefreshes, refreshesSkipped, lockWaits, lockWaitMs } = this;
    const hits = l1 + l2 + stale;
    const misses = loaded + joined + absent + error + timeout;
    return {
      reads,
      hits,
      misses,
      outcomes: {
        l1,
        l2,
        stale,
        loaded,
        joined,
        absent,
        error,
        timeout,
      },
      bypassed,
      loads,
      loadErrors,
      loadMs,
      loadTimes: this.loadTimes.snapshot(),
      readTimes: this.readTimes.snapshot(Math.max(0, hits + misses - this.readTimes.count)),
      lockWaits,
      lockWaitMs,
      earlyRefreshes,
      refreshesSkipped,
      refused: { ...this.#refused },
      idTests: { ...this.#idTests },
      origin,
      notStored: { ...this.#notStored },
      unreadable: { ...this.#unreadable },
      sharedFaults: { ...this.#sharedFaults },
      copiedInsteadOfFrozen,
      entries,
    };
  }
}
