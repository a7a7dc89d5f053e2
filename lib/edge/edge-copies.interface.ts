import type { EdgePurgerStatus } from './purge-ledger.js';

/** Copies of responses beyond this cache. */
export interface EdgeCopies {
  /**
   * Something was invalidated, and this process knows. Returns at once.
   * @param tags with their prefix
   * @param oldForMs for how long another process may still hand out what was invalidated
   */
  purge(tags: readonly string[], oldForMs: number): void;
  /** `undefined` where nothing is purged. */
  status(): EdgePurgerStatus | undefined;
  /** Sends what waits; leaves no timer. Never rejects. */
  close(): Promise<void>;
}

export const NO_EDGE: EdgeCopies = {
  purge: () => undefined,
  status: () => undefined,
  close: () => Promise.resolve(),
};
