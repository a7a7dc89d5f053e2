import type { JournalReplica } from './journal-replica.js';

/** What became of an invalidation. */
export type AppendReceipt =
  | {
      readonly status: 'applied';
      readonly epoch: string;
      readonly position: number;
      /** The largest staleness bound of any process that shares the journal, ms. */
      readonly fleetStalenessMs: number;
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
  /** Records that are known to exist but aren't applied here. */
  readonly lag: number;
  /** Entries loaded before this position are misses: too much has been forgotten since. */
  readonly floor: number;
  /** Invalidations that wait for the journal to be reachable. */
  readonly queued: number;
}

/**
 * The one ordered record of invalidations. It decides what is fresh; where values lie doesn't.
 * Implementations keep their `replica` up to date; the contract suite in `testing/` says what that means.
 */
export interface Journal {
  readonly replica: JournalReplica;
  /**
   * Adds a record. The tags count as invalidated in this process from this very call on, whatever becomes of it.
   * Never rejects.
   */
  append(tags: readonly string[]): Promise<AppendReceipt>;
  /**
   * Brings the replica up to everything that was acknowledged before this call.
   * @returns whether it succeeded; calls of one tick share the work. Never rejects.
   */
  confirm(): Promise<boolean>;
  status(now: number): JournalStatus;
  close(): Promise<void>;
}
