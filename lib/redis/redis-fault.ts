/**
 * - `unreachable`: there is no connection, or it broke; or nobody asks, because it is known to be away.
 * - `timeout`: no answer within the deadline. The command may still be carried out.
 * - `refused`: the server said no.
 */
export type RedisFaultKind = 'unreachable' | 'timeout' | 'refused';

/** A command without the answer it was sent for. Never reaches a caller of the cache. */
export class RedisFault extends Error {
  override readonly name = 'RedisFault';

  constructor(
    readonly kind: RedisFaultKind,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  /** Whether it says something about the server as a whole, not about one command. */
  get isOutage(): boolean {
    return this.kind !== 'refused';
  }
}
