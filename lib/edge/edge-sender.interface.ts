/** `hard`: copies are gone. `soft`: they count as expired, and may be served while they are revalidated. */
export type PurgeMode = 'hard' | 'soft';

/** What an edge is asked for in one go. */
export interface EdgePurge {
  /** Surrogate keys, as they stand in the responses: each once, at least one. */
  readonly keys: readonly string[];
  readonly mode: PurgeMode;
  /** Aborted when the deadline has passed or nobody waits any more: pass it on. */
  readonly signal: AbortSignal;
}

/**
 * How copies at an edge are purged.
 *
 * @example
 * const cdn: EdgeSender = {
 *   send: async ({ keys, signal }) =>
 *     fetch(url, { method: 'POST', headers: { authorization }, body: JSON.stringify({ tags: keys }), signal }),
 * };
 */
export interface EdgeSender {
  /**
   * Resolves once the copies are purged. Rejects, throws, or answers something with `ok: false`, as a `Response` has it,
   * if they may not be; the same keys are sent again then.
   */
  send(purge: EdgePurge): unknown;
  /** Purges every copy: what is done when more keys wait than are kept. Fails as `send` does. */
  purgeAll?(purge: Omit<EdgePurge, 'keys'>): unknown;
}
