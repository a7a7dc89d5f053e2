export interface RefreshLimitOptions {
  /** Refreshes at a time; infinite: no bound. */
  readonly concurrency: number;
  /** Refreshes a second; infinite: no bound. */
  readonly perSecond: number;
}

/** A whole one, but for rounding. */
const ONE = 1 - 1e-9;

/**
 * How many refreshes in the background one cache may have: at a time, and in a second (a bucket that holds what one
 * second brings). Every `now` is of one monotonic clock, ms.
 */
export class RefreshLimit {
  running = 0;
  #tokens: number;
  #at: number | undefined;

  constructor(private readonly options: RefreshLimitOptions) {
    this.#tokens = this.#capacity;
  }

  get #capacity(): number {
    return Math.max(1, this.options.perSecond);
  }

  /** Whether a refresh may begin now. Takes nothing. */
  hasRoom(now: number): boolean {
    return this.running < this.options.concurrency && this.#refill(now) >= ONE;
  }

  /** A refresh asks the origin. @returns whether it may */
  take(now: number): boolean {
    if (this.#refill(now) < ONE) return false;
    this.#tokens--;
    return true;
  }

  #refill(now: number): number {
    const sinceMs = now - (this.#at ?? now);
    this.#at = now;
    const { perSecond } = this.options;
    if (perSecond === Number.POSITIVE_INFINITY) return (this.#tokens = Number.POSITIVE_INFINITY);
    this.#tokens = Math.min(this.#capacity, this.#tokens + (Math.max(0, sinceMs) * perSecond) / 1_000);
    return this.#tokens;
  }
}
