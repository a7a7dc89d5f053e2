import type { Runtime } from '../cache.runtime.js';
import type { EdgeSender, PurgeMode } from './edge-sender.interface.js';
import { PurgeLane, type LaneOptions } from './purge-lane.js';
import { PurgeLedger, type EdgePurgerStatus } from './purge-ledger.js';
import { PurgeQueue } from './purge-queue.js';

export interface EdgePurgerOptions extends LaneOptions {
  /** Keys that may wait. With more, everything is purged if the sender can do that; else the oldest are dropped. */
  readonly maxQueuedKeys: number;
}

export const EDGE_PURGER_DEFAULTS: EdgePurgerOptions = {
  batchMs: 50,
  maxKeys: 100,
  deadlineMs: 2_000,
  retries: 5,
  retryPauseMs: 200,
  maxRetryPauseMs: 30_000,
  maxQueuedKeys: 10_000,
};

/**
 * Purges copies at the edge by surrogate key: in batches, with deadlines and retries, and never in the way of who asks.
 * A purge that fails for good is counted and told, not thrown: the copies then stay until they expire.
 */
export class EdgePurger {
  readonly #queue: PurgeQueue;
  readonly #lanes: Readonly<Record<PurgeMode, PurgeLane>>;
  readonly #ledger: PurgeLedger;
  #closing: Promise<void> | undefined;
  #isClosed = false;

  /** @param report told once when purges begin to fail, are given up, too many wait, and when that is over */
  constructor(
    sender: EdgeSender,
    private readonly runtime: Runtime,
    private readonly options: EdgePurgerOptions = EDGE_PURGER_DEFAULTS,
    report: (message: string) => void = () => {},
  ) {
    const overflow = typeof sender.purgeAll === 'function' ? 'everything' : 'drop';
    this.#queue = new PurgeQueue({ maxQueuedKeys: options.maxQueuedKeys, overflow });
    this.#ledger = new PurgeLedger(report);
    const lane = (mode: PurgeMode) => new PurgeLane(mode, this.#queue, sender, runtime, options, this.#ledger);
    this.#lanes = { hard: lane('hard'), soft: lane('soft') };
  }

  /** Returns at once and never throws. @param keys as they stand in the responses, encoded for the wire */
  purge(keys: readonly string[], mode: PurgeMode): void {
    if (this.#isClosed) return this.#ledger.abandoned(new Set(keys).size);
    for (const key of keys) {
      const { isOver, dropped } = this.#queue.add(key, mode);
      if (isOver) this.#ledger.overflowed(dropped, this.options.maxQueuedKeys);
    }
    // everything, where that is to be purged, may be of the other mode
    this.#lanes.hard.wake();
    this.#lanes.soft.wake();
  }

  status(): EdgePurgerStatus {
    return this.#ledger.status(this.#pending);
  }

  /** Sends what waits, and gives up what isn't acknowledged after so many milliseconds; leaves no timer. Never rejects. */
  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#drain(deadlineMs);
    return this.#closing;
  }

  get #pending(): number {
    return this.#queue.size + this.#lanes.hard.underWay + this.#lanes.soft.underWay;
  }

  async #drain(deadlineMs: number): Promise<void> {
    const lanes = [this.#lanes.hard, this.#lanes.soft];
    // keeps the process alive meanwhile, as none of the other timers does
    const timer = this.runtime.after(deadlineMs, () => {
      for (const lane of lanes) lane.end();
    });
    for (const lane of lanes) lane.hurry();
    // purges that come meanwhile are taken along
    while (lanes.some((lane) => lane.isBusy)) await Promise.all(lanes.map((lane) => lane.idle()));
    timer.cancel();
    this.#isClosed = true;
    this.#ledger.abandoned(this.#queue.clear());
    this.#ledger.closed();
  }
}
