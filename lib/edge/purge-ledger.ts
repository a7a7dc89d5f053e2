import { describeError } from './describe-error.js';
import type { PurgeMode } from './edge-sender.interface.js';

/** What became of keys. Each that was given is counted once, unless the same one was waiting. */
export interface EdgePurgerStatus {
  /** Acknowledged. */
  readonly purged: number;
  /** Asked for in vain and given up: copies stay until they expire. */
  readonly failed: number;
  /** Given up as too many waited or the purger was closed: copies stay until they expire. */
  readonly dropped: number;
  /** They wait, or are asked for at this moment. */
  readonly pending: number;
  /** Requests, not keys, that were made again. */
  readonly retried: number;
  /** What the last request that failed was told, in one line. */
  readonly lastError: string | undefined;
}

type Trouble = 'none' | 'fails' | 'loses';

/** Counts, and tells once what changed for the worse or the better. */
export class PurgeLedger {
  readonly #counts = { purged: 0, failed: 0, dropped: 0, retried: 0 };
  #lastError: string | undefined;
  /** One sort of purges may work where the other doesn't. */
  readonly #trouble: Record<PurgeMode, Trouble> = { hard: 'none', soft: 'none' };
  readonly #lost: Record<PurgeMode, number> = { hard: 0, soft: 0 };
  #overflows = false;
  #abandoned = 0;

  constructor(private readonly report: (message: string) => void) {}

  status(pending: number): EdgePurgerStatus {
    return { ...this.#counts, pending, lastError: this.#lastError };
  }

  purged(mode: PurgeMode, keys: number): void {
    this.#counts.purged += keys;
    if (this.#trouble[mode] === 'none') return;
    const lost = this.#lost[mode];
    this.#trouble[mode] = 'none';
    this.#lost[mode] = 0;
    this.#tell(`${mode} purges at the edge work again${lost === 0 ? '' : `; ${lost} keys were not purged`}`);
  }

  /** A request failed; it is going to be made again, or given up. */
  refused(mode: PurgeMode, error: unknown): void {
    this.#lastError = describeError(error);
    if (this.#trouble[mode] !== 'none') return;
    this.#trouble[mode] = 'fails';
    this.#tell(`${mode} purges at the edge fail: ${this.#lastError}`);
  }

  retried(): void {
    this.#counts.retried++;
  }

  gaveUp(mode: PurgeMode, keys: number): void {
    this.#counts.failed += keys;
    this.#lost[mode] += keys;
    if (this.#trouble[mode] === 'loses') return;
    this.#trouble[mode] = 'loses';
    this.#tell(`${mode} purges at the edge are given up, and copies stay until they expire: ${this.#lastError}`);
  }

  /** @param dropped keys that had to go; none if everything is going to be purged instead */
  overflowed(dropped: number, maxQueuedKeys: number): void {
    this.#counts.dropped += dropped;
    if (this.#overflows) return;
    this.#overflows = true;
    const instead = dropped === 0 ? 'everything is purged instead' : 'the oldest are dropped';
    this.#tell(`more than ${maxQueuedKeys} keys wait to be purged at the edge: ${instead}`);
  }

  /** Nothing waits any more. */
  caughtUp(): void {
    if (!this.#overflows) return;
    this.#overflows = false;
    this.#tell('purges at the edge keep up again');
  }

  /** The purger is closed, or about to be, and nobody asks for those keys any more. */
  abandoned(keys: number): void {
    this.#counts.dropped += keys;
    this.#abandoned += keys;
  }

  closed(): void {
    if (this.#abandoned === 0) return;
    this.#tell(`${this.#abandoned} keys were not purged at the edge before the end: copies stay until they expire`);
  }

  #tell(message: string): void {
    try {
      this.report(message);
    } catch {
      // whoever listens can't be told
    }
  }
}
