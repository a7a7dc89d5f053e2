import type { EntryAddress } from '../entry/entry-address.js';

/** The right to load a key, held until it is given back. Kept alive by its implementation while it is held. */
export interface Lease {
  release(): Promise<void>;
}

/** Either the right to load, or what the shared store holds by now, or neither: somebody else is loading. */
export interface LockAttempt {
  readonly lease: Lease | undefined;
  /** The stored bytes, looked up in the same step. */
  readonly found: Buffer | undefined;
}

/** The same for several keys at once: one lease for all that were got. */
export interface ManyLocksAttempt {
  /** `undefined` where none was got. */
  readonly lease: Lease | undefined;
  /** In the order of the addresses. */
  readonly acquired: readonly boolean[];
  readonly found: readonly (Buffer | undefined)[];
}

/**
 * One load a key across processes. For efficiency only: whether a value is fresh never depends on it, and where it
 * can't be reached everybody loads. Never rejects.
 */
export interface LoadLock {
  tryAcquire(address: EntryAddress): Promise<LockAttempt>;
  /** @param addresses each once */
  tryAcquireMany(addresses: readonly EntryAddress[]): Promise<ManyLocksAttempt>;
}
