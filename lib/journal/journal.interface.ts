import type { JournalReplica } from './journal-replica.js';

/** What became of an invalidation. */
export type AppendReceipt =
  | {
      readonly status: 'applied';
      readonly epoch: string;
      readonly position: number;
      /** The largest staleness bound of any process that shares the journal, ms. */
      readonly fleetStalenessMs: number;
      /** With `journal.durability: 'replicated'`: whether a replica has it too. */
      readonly replicated?: boolean;
    }
  | {
      readonly status: 'queued';
      /** Settles with the receipt once the record is in the journal. */
      readonly appended: Promise<AppendReceipt & { readonly status: 'applied' }>;
    };

export interface JournalStatus {
  readonly kind: string;
  /** Whether what this process knows is recent enough to answer without asking. */
  readonly trusted: boolean;
  /** As of when the replica is known to be complete, epoch ms. */
  readonly confirmedAt: number;
  readonly epoch: string;
  readonly position: number;
  /** How much older the last record applied here is than the newest one known to exist, ms. */
  readonly lag: number;
  /** Entries loaded before this position are misses: too much has been forgotten since. */
  readonly floor: number;
  /** Tags whose invalidation waits for the journal to be reachable. */
  readonly queued: number;
  /** Of a journal that several processes share. */
  readonly shared?: SharedJournalStatus;
}

export interface SharedJournalStatus {
  /** Epoch ms; `undefined` while it isn't trusted. */
  readonly trustedSince: number | undefined;
  /** Why it was doubted the last time, if ever. */
  readonly lastDoubt: string | undefined;
  /** Whether records are pushed here; where they aren't, they come with the next synchronisation. */
  readonly following: boolean;
  /** The horizon: an entry that began to be loaded before is a miss for a process that starts. Epoch ms, by the server's clock. */
  readonly keptSince: number | undefined;
  /** The largest staleness bound of all processes seen so far, ms. */
  readonly fleetStalenessMs: number;
  /** How far the server's clock is ahead of this process's, ms. */
  readonly clockOffsetMs: number;
  readonly syncs: number;
  readonly doubts: number;
  /** How often the journal began anew, the first time included. */
  readonly epochs: number;
  /** How often what was known couldn't be continued. */
  readonly rebuilds: number;
}

/**
 * The one ordered record of invalidations. It decides what is fresh; where values lie doesn't.
 * Implementations keep their `replica` up to date; the contract suite in `testing/` says what that means.
 */
export interface Journal {
  readonly replica: JournalReplica;
  /** How far the clock by which shared entries expire is ahead of this process's, ms. */
  readonly clockOffsetMs: number;
  /**
   * Adds a record. The tags count as invalidated in this process from this very call on, whatever becomes of it.
   * Never rejects.
   * @param trace where it was made, for other processes to point to
   */
  append(tags: readonly string[], trace?: string): Promise<AppendReceipt>;
  /**
   * Brings the replica up to everything that was acknowledged before this call.
   * @returns whether it succeeded; calls of one tick share the work. Never rejects.
   */
  confirm(): Promise<boolean>;
  status(now: number): JournalStatus;
  close(): Promise<void>;
}
