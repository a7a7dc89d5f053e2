/** A value on its way to its sink: the newest one that was written under its key. */
export interface SinkWrite<T = unknown> {
  /** As the writer gave it; a number as its digits. */
  readonly key: string;
  readonly value: T;
  /** Grows with every write of a key, and in a store with them: `… WHERE version < $version` makes a sink immune to repetition. */
  readonly version: number;
  /** When it was written, epoch ms, by the clock of the writer. */
  readonly writtenAt: number;
}

export interface SinkContext {
  /** Aborted when another process may take over: what isn't written by then should not be written any more. */
  readonly signal: AbortSignal;
}

/**
 * Where the values of a cache end up that is written behind, usually a table. It is called by one process at a time,
 * with at most one write for a key, at least once for every value that wasn't replaced meanwhile: so it has to
 * put up with the same write twice (`INSERT … ON CONFLICT … DO UPDATE`).
 *
 * @example
 * \@Injectable()
 * \@CacheSink('views')
 * class ViewsSink implements WriteSink<Views> {
 *   async write(writes: readonly SinkWrite<Views>[]) { await this.db.upsertViews(writes.map(({ value }) => value)); }
 * }
 */
export interface WriteSink<T = unknown> {
  /**
   * Resolves when all of them are in the database. What it rejects with makes all of them wait for another try, but for
   * a `RejectedWritesError`.
   */
  write(writes: readonly SinkWrite<T>[], context: SinkContext): Promise<unknown>;
}

/** Thrown by a sink that has written a batch but for some writes which it will never take: they become dead letters. */
export class RejectedWritesError extends Error {
  override readonly name = 'RejectedWritesError';

  constructor(
    /** Why, by key. */
    readonly reasons: ReadonlyMap<string, string>,
  ) {
    super(`${reasons.size} writes were rejected`);
  }
}
