import type { EdgePurgerStatus } from '../edge/purge-ledger.js';
import type { JournalStatus } from '../journal/journal.interface.js';
import type { CacheStatisticsSnapshot } from './cache-statistics.js';

/** What a registration knows and holds at this moment. */
export interface CacheStatus {
  readonly enabled: boolean;
  readonly namespace: string;
  /** What is known of invalidations, and how well. */
  readonly journal: JournalStatus & {
    /** Tags remembered, at most as many as `journal.maxRecords`. */
    readonly rememberedTags: number;
  };
  /** The budget that caches without one of their own share; `entries` and `bytes` of all budgets together. */
  readonly memory: { readonly entries: number; readonly bytes: number; readonly evictions: number };
  /** Loads under way. */
  readonly flights: number;
  /** Refreshes and writes nobody waits for. */
  readonly background: number;
  /** What became of purges at the edge; `undefined` where nothing is purged (`http.purge`). */
  readonly edge: EdgePurgerStatus | undefined;
  readonly caches: Readonly<Record<string, CacheStatisticsSnapshot>>;
}

/** Why an entry is what it is. */
export interface Explanation {
  readonly cache: string;
  readonly key: string;
  /** Where it was found. */
  readonly tier: 'memory' | 'shared' | 'none';
  readonly freshness: 'fresh' | 'revalidate' | 'fallback' | 'dead' | 'missing';
  /** The whole story in one sentence. */
  readonly reason: string;
  /** How long ago the value was true at least, ms. */
  readonly ageMs?: number;
  /** Until it expires, ms; negative when it has. */
  readonly expiresInMs?: number;
  /** What it takes: in memory about, in the shared store exactly. */
  readonly bytes?: number;
  readonly position?: number;
  readonly epoch?: string;
  /** Readable: `tag user:7`, `cache users`. */
  readonly tags?: readonly string[];
  /** The record that made it stale. */
  readonly invalidatedBy?: { readonly tag: string; readonly position: number | undefined };
}
