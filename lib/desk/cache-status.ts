import type { EdgePurgerStatus } from '../edge/purge-ledger.js';
import type { JournalStatus } from '../journal/journal.interface.js';
import type { ProbeStatus } from '../probe/probe-counts.js';
import type { SharedTierStatus } from '../tiers/tier.interface.js';
import type { CacheStatisticsSnapshot } from './cache-statistics.js';

/** Writes of one cache on their way to their sink, as this process knows of them without asking. */
export interface LocalQueueStatus {
  /** Keys that waited when the queue was asked the last time. */
  readonly waiting: number;
  /** Of this process: writes, calls of the sink, those that failed, dead letters made. */
  readonly written: number;
  readonly batches: number;
  readonly failures: number;
  readonly buried: number;
}

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
  /** Invalidations of this process, by how they ended: in the journal, or in force here and on their way there. */
  readonly invalidations: { readonly applied: number; readonly queued: number };
  /** How the shared store answers; `undefined` where there is none. */
  readonly redis: SharedTierStatus | undefined;
  /** By cache, of those that are written behind. */
  readonly writeQueues: Readonly<Record<string, LocalQueueStatus>>;
  /** Loads under way. */
  readonly flights: number;
  /** Refreshes and writes nobody waits for. */
  readonly background: number;
  /** What became of purges at the edge; `undefined` where nothing is purged (`http.purge`). */
  readonly edge: EdgePurgerStatus | undefined;
  /** What was still served after invalidations; `undefined` where nobody is asked (`probe`). */
  readonly probe: ProbeStatus | undefined;
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
