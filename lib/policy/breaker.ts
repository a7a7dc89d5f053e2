/**
 * Keeps callers from waiting for a server that doesn't answer. After so many failures in a row it opens, and nothing
 * but a probe is let through, one each interval; the first success closes it.
 */
export class Breaker {
  #failures = 0;
  #open = false;
  #nextProbeAt = 0;

  constructor(private readonly options: { readonly failures: number; readonly probeEveryMs: number }) {}

  get isOpen(): boolean {
    return this.#open;
  }

  /** Whether a command may be sent. @param now any clock in ms, always the same */
  admits(isProbe: boolean, now: number): boolean {
    if (!this.#open) return true;
    if (!isProbe || now < this.#nextProbeAt) return false;
    this.#nextProbeAt = now + this.options.probeEveryMs;
    return true;
  }

  /** There is news that makes trying worthwhile: the next probe needn't wait. */
  invite(): void {
    this.#nextProbeAt = 0;
  }

  /** @returns whether this closed it */
  succeeded(): boolean {
    this.#failures = 0;
    const closes = this.#open;
    this.#open = false;
    return closes;
  }

  /** @returns whether this opened it */
  failed(now: number): boolean {
    this.#failures++;
    if (this.#open || this.#failures < this.options.failures) return false;
    this.#open = true;
    this.#nextProbeAt = now + this.options.probeEveryMs;
    return true;
  }
}
