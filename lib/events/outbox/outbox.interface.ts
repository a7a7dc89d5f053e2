/** What came of a look into the outbox. */
export interface OutboxBatch {
  /** Another process is publishing, and this one has looked at nothing. */
  readonly busy: boolean;
  /** Events that were published, and are gone from the outbox. */
  readonly published: number;
  /** Whether the first event that is left couldn't be published. */
  readonly failed: boolean;
}

/**
 * Where events wait that were written together with the change they tell of.
 * @typeParam Transaction what the application's library calls a transaction
 */
export interface OutboxStore<Transaction = unknown> {
  /** Writes an event as a part of the transaction: it is there when that is committed, and never was when it isn't. */
  add(transaction: Transaction, event: string): Promise<void>;
  /**
   * Publishes the oldest events, one after the other, and removes those that were; ends at the first that wasn't.
   * While one process is at it, others get `busy`; when that one dies, another can go on.
   * @param send resolves to whether it was published; never rejects
   * @param most events of one batch
   */
  publish(send: (event: string) => Promise<boolean>, most: number): Promise<OutboxBatch>;
}
