import type { ReadOutcomeKind } from '../cache.events.js';
import type { CacheEntry } from '../entry/cache-entry.js';

/** How a read ended: what kind of answer it got, and the answer. */
export type ReadOutcome = (
  | { readonly kind: ReadOutcomeKind; readonly entry: CacheEntry }
  | { readonly kind: 'error' | 'timeout'; readonly error: unknown }
) & {
  /** How long the first of those waited who share it. */
  readonly ms?: number;
};

/** What came of an invalidation. */
export type InvalidationResult =
  /** In the journal: every process that shares it will know. */
  | { readonly status: 'applied'; readonly position: number; readonly replicated?: boolean }
  /** In force in this process; the journal can't be reached and gets it later. */
  | { readonly status: 'queued' }
  /** Collected by `afterCommit`, to be sent when its function resolves. */
  | { readonly status: 'deferred' };
