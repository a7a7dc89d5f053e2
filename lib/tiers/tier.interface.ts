import type { EntryAddress } from '../entry/entry-address.js';
import type { RedisStatus } from '../redis/guarded-commands.js';

export type SharedTierStatus = RedisStatus;

/** Bytes of an entry on their way to where it lies. */
export interface StoredEntry {
  readonly address: EntryAddress;
  readonly bytes: Buffer;
  readonly ttlMs: number;
}

/**
 * A store outside the process. It moves bytes and decides nothing: a plain write, a plain read, and expiry.
 * Implementations never reject; what went wrong there is theirs to report.
 */
export interface SharedTier {
  /** `false` when there is none, so that nobody makes bytes for it. */
  readonly present: boolean;
  /** Whether it answered the last time; where it doesn't, there is no point in asking it for more. */
  readonly isReachable: boolean;
  get(address: EntryAddress): Promise<Buffer | undefined>;
  /** In the order of the addresses. */
  getMany(addresses: readonly EntryAddress[]): Promise<(Buffer | undefined)[]>;
  set(address: EntryAddress, bytes: Buffer, ttlMs: number): Promise<void>;
  setMany(entries: readonly StoredEntry[]): Promise<void>;
  /** Keeps an entry for so long from now, if it is there. */
  prolong(address: EntryAddress, ttlMs: number): Promise<void>;
  /** How it answers. */
  status?(): SharedTierStatus | undefined;
  /** For tidiness; correctness never needs it. */
  delete(address: EntryAddress): Promise<void>;
}

/** There is no store outside the process. */
export const NO_SHARED_TIER: SharedTier = {
  present: false,
  isReachable: false,
  get: () => Promise.resolve(undefined),
  getMany: (addresses) => Promise.resolve(addresses.map(() => undefined)),
  set: () => Promise.resolve(),
  setMany: () => Promise.resolve(),
  prolong: () => Promise.resolve(),
  delete: () => Promise.resolve(),
};
