import type { CacheError } from './cache.errors.js';

/** How a read ended. Exactly one for each read. The first three are hits, the others misses. */
export type ReadOutcomeKind = 'l1' | 'l2' | 'stale' | 'loaded' | 'joined' | 'absent' | 'error' | 'timeout';

/** Why a value that was loaded wasn't kept. */
export type NotStoredReason =
  | 'ttl'
  | 'skip'
  | 'personal'
  | 'unless'
  | 'negative'
  | 'stale-part'
  | 'transaction'
  | 'bypass'
  | 'abandoned'
  | 'unstorable'
  | 'disturbed'
  | 'queued';

/** Something that happened beside the answer of a read. The engine tells; metrics, logs and the board listen. */
export type CacheEvent =
  | {
      readonly type: 'load';
      readonly cache: string;
      readonly ms: number;
      readonly failed: boolean;
      readonly background: boolean;
    }
  | { readonly type: 'early-refresh'; readonly cache: string }
  /** Loads that waited, ms, for what another process was loading. */
  | { readonly type: 'lock-wait'; readonly cache: string; readonly ms: number; readonly keys: number }
  /** A refresh in the background that its limits, or the guards of the source, left no room for. */
  | { readonly type: 'refresh-skipped'; readonly cache: string }
  /** What the filter of known ids said of a key that no tier holds. */
  | { readonly type: 'id-test'; readonly cache: string; readonly verdict: 'absent' | 'maybe' | 'unknown' }
  /** A load that didn't begin. */
  | { readonly type: 'load-refused'; readonly cache: string; readonly by: 'bulkhead' | 'breaker' }
  /** The breaker around a source has changed; `reason` for people. */
  | {
      readonly type: 'breaker';
      readonly cache: string;
      readonly state: 'closed' | 'open' | 'half-open';
      readonly reason: string;
    }
  | { readonly type: 'not-stored'; readonly cache: string; readonly reason: NotStoredReason }
  | { readonly type: 'unreadable'; readonly cache: string; readonly reason: string }
  | { readonly type: 'invalidation'; readonly status: 'applied' | 'queued' }
  /** A command to the shared store that failed; nobody who reads or writes hears of it. */
  | { readonly type: 'shared-fault'; readonly cache: string; readonly command: 'get' | 'set' | 'prolong' | 'delete' }
  /** Something a person should hear of, once. */
  | { readonly type: 'fault'; readonly cache: string; readonly error: CacheError };

export type CacheEventListener = (event: CacheEvent) => void;
