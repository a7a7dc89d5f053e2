/** How a load came out, to the breaker around its origin. `ignored`: it says nothing of the origin. */
export type LoadVerdict = 'good' | 'failed' | 'ignored';

export type LoadBreakerState = 'closed' | 'open' | 'half-open';

export interface LoadBreakerOptions {
  /** Part of the loads in the window that failed at which it opens, above 0 to 1. */
  readonly failureRate: number;
  /** With fewer loads in the window it doesn't open. */
  readonly minimumLoads: number;
  readonly windowMs: number;
  /** A load that takes so long is slow; 0: none is. */
  readonly slowLoadMs: number;
  /** Part of the loads in the window that were slow at which it opens, above 0 to 1. */
  readonly slowRate: number;
  readonly openForMs: number;
  /** Loads that are let through afterwards, all of which have to be good for it to close. */
  readonly probes: number;
}

/** A load that was let through, until it is settled. */
export interface LoadTicket {
  readonly begun: number;
  /** Which of the breaker's states it belongs to: what ends later says nothing any more. */
  readonly period: number;
  /** It was counted as slow while it still ran. */
  slow: boolean;
}

/** What came out in one stretch of the window. */
interface Stretch {
  from: number;
  loads: number;
  failed: number;
  slow: number;
}

const STRETCHES = 10;

/**
 * Leaves an origin alone that fails or is slow too often: a sliding window of how loads came out. Open, it lets nothing
 * through for a while, then a few probes; the first bad one opens it again, and when all were good it closes.
 *
 * A load that hangs counts as slow as soon as it has run for `slowLoadMs`, and needs no end to be counted.
 * Every `now` is of one monotonic clock, ms.
 */
export class LoadBreaker {
  #state: LoadBreakerState = 'closed';
  #since = 0;
  #period = 0;
  #probesBegun = 0;
  #probesGood = 0;
  readonly #window: Stretch[] = [];
  /** Loads that run, in the order they began; only where slow ones count. */
  readonly #running = new Set<LoadTicket>();

  constructor(
    private readonly options: LoadBreakerOptions,
    private readonly changed: (state: LoadBreakerState) => void = () => undefined,
  ) {}

  /** `half-open` also while the next load would be the first probe. */
  state(now: number): LoadBreakerState {
    this.#countOverdue(now);
    return this.#state === 'open' && now - this.#since >= this.options.openForMs ? 'half-open' : this.#state;
  }

  /** Whether a load may begin now. Takes nothing. */
  admits(now: number): boolean {
    const state = this.state(now);
    if (state === 'open' || state === 'closed') return state === 'closed';
    return this.#state === 'open' || this.#probesBegun < this.options.probes || this.#probesAreOverdue(now);
  }

  /** How long until loads are let through again, ms. */
  retryAfterMs(now: number): number {
    return this.#state === 'closed' ? 0 : Math.max(0, this.#since + this.options.openForMs - now);
  }

  /** A load begins, or `undefined`: it mustn't. */
  begin(now: number): LoadTicket | undefined {
    if (!this.admits(now)) return undefined;
    if (this.#state !== 'closed') {
      const isNewRound = this.#state === 'open' || this.#probesBegun >= this.options.probes;
      if (isNewRound) this.#become('half-open', now);
      this.#probesBegun++;
    }
    const ticket = { begun: now, period: this.#period, slow: false };
    if (this.options.slowLoadMs > 0) this.#running.add(ticket);
    return ticket;
  }

  settle(ticket: LoadTicket, verdict: LoadVerdict, now: number): void {
    this.#countOverdue(now);
    this.#running.delete(ticket);
    if (ticket.period !== this.#period) return;
    if (this.#state === 'half-open') return this.#settleProbe(verdict, now);
    if (verdict === 'ignored') return;
    const stretch = this.#stretchAt(now);
    if (!ticket.slow) stretch.loads++;
    if (verdict === 'failed') stretch.failed++;
    this.#openIfBad(now);
  }

  #settleProbe(verdict: LoadVerdict, now: number): void {
    if (verdict === 'failed') return this.#become('open', now);
    if (verdict === 'ignored') this.#probesBegun--;
    else this.#probesGood++;
    if (this.#probesGood >= this.options.probes) this.#become('closed', now);
  }

  /** Probes that never end mustn't keep it half-open for ever. */
  #probesAreOverdue(now: number): boolean {
    return now - this.#since >= this.options.openForMs;
  }

  #countOverdue(now: number): void {
    const { slowLoadMs } = this.options;
    for (const ticket of this.#running) {
      if (now - ticket.begun < slowLoadMs) return;
      this.#running.delete(ticket);
      ticket.slow = true;
      if (ticket.period !== this.#period) continue;
      if (this.#state === 'half-open') {
        this.#become('open', now);
        continue;
      }
      const stretch = this.#stretchAt(now);
      stretch.loads++;
      stretch.slow++;
      this.#openIfBad(now);
    }
  }

  #openIfBad(now: number): void {
    const { minimumLoads, failureRate, slowRate, slowLoadMs } = this.options;
    const { loads, failed, slow } = this.#totals(now);
    if (loads < minimumLoads) return;
    if (failed >= loads * failureRate || (slowLoadMs > 0 && slow >= loads * slowRate)) this.#become('open', now);
  }

  /** What came out in the window. */
  #totals(now: number): Omit<Stretch, 'from'> {
    this.#forget(now);
    const total = { loads: 0, failed: 0, slow: 0 };
    for (const { loads, failed, slow } of this.#window) {
      total.loads += loads;
      total.failed += failed;
      total.slow += slow;
    }
    return total;
  }

  #stretchAt(now: number): Stretch {
    const last = this.#window.at(-1);
    if (last !== undefined && now - last.from < this.options.windowMs / STRETCHES) return last;
    this.#forget(now);
    const stretch = { from: now, loads: 0, failed: 0, slow: 0 };
    this.#window.push(stretch);
    return stretch;
  }

  #forget(now: number): void {
    while (this.#window.length > 0 && now - this.#window[0]!.from >= this.options.windowMs) this.#window.shift();
  }

  #become(state: LoadBreakerState, now: number): void {
    const before = this.#state;
    this.#state = state;
    this.#since = now;
    this.#period++;
    this.#probesBegun = 0;
    this.#probesGood = 0;
    this.#window.length = 0;
    if (state !== before) this.changed(state);
  }
}
