import { AsyncResource } from 'node:async_hooks';
import type { Runtime } from '../cache.runtime.js';
import type { EdgeSender, PurgeMode } from './edge-sender.interface.js';
import { Pause } from './pause.js';
import { PurgeAttempt } from './purge-attempt.js';
import type { PurgeLedger } from './purge-ledger.js';
import type { PurgeBatch, PurgeQueue } from './purge-queue.js';

export interface LaneOptions {
  /** How long the first key of a batch waits for company. */
  readonly batchMs: number;
  /** Keys of one request. */
  readonly maxKeys: number;
  /** How long a request may take. */
  readonly deadlineMs: number;
  /** How often a request that fails is made again. */
  readonly retries: number;
  /** Before the first of them, half of it to one and a half at random; doubled for each that follows. */
  readonly retryPauseMs: number;
  /** The longest of those pauses, before chance. */
  readonly maxRetryPauseMs: number;
}

type Fate = 'purged' | 'given up' | 'abandoned';

/** The purges of one mode: one request after the other, each until it is answered or given up. */
export class PurgeLane {
  #done: Promise<void> | undefined;
  /** When the first of those that wait came. */
  #since: number | undefined;
  #gathering: Pause | undefined;
  #resting: Pause | undefined;
  #attempt: PurgeAttempt | undefined;
  #underWay = 0;
  #isHurried = false;
  #isOver = false;
  /** Whoever asks for a purge has nothing to do with the requests that follow, such as their traces. */
  readonly #outside = new AsyncResource('EdgePurges');

  constructor(
    private readonly mode: PurgeMode,
    private readonly queue: PurgeQueue,
    private readonly sender: EdgeSender,
    private readonly runtime: Runtime,
    private readonly options: LaneOptions,
    private readonly ledger: PurgeLedger,
  ) {}

  /** Keys that are being asked for. */
  get underWay(): number {
    return this.#underWay;
  }

  get isBusy(): boolean {
    return this.#done !== undefined;
  }

  /** There may be something to do. */
  wake(): void {
    if (this.queue.waiting(this.mode) === 0 || this.#isOver) return;
    this.#since ??= this.runtime.monotonic();
    this.#done ??= this.#outside.runInAsyncScope(() => this.#run());
    if (this.#isFull) this.#gathering?.shortenTo(0);
  }

  /** Nothing waits for company any more, and what failed is tried again now. */
  hurry(): void {
    this.#isHurried = true;
    this.#gathering?.end();
    this.#resting?.end();
  }

  /** Nothing is sent any more. */
  end(): void {
    this.#isOver = true;
    this.hurry();
    this.#attempt?.abort('purging at the edge ended');
  }

  /** Resolves when nothing is done any more. */
  async idle(): Promise<void> {
    await this.#done;
  }

  get #isFull(): boolean {
    return this.queue.waiting(this.mode) >= this.options.maxKeys || this.queue.awaitsEverything(this.mode);
  }

  async #run(): Promise<void> {
    while (!this.#isOver && this.queue.waiting(this.mode) > 0) {
      await this.#gather();
      const batch = this.#isOver ? undefined : this.queue.take(this.mode, this.options.maxKeys);
      if (this.queue.waiting(this.mode) === 0) this.#since = undefined;
      if (batch === undefined) continue;
      this.#underWay = batch.size;
      const fate = await this.#deliver(batch);
      this.#underWay = 0;
      this.#account(fate, batch.size);
    }
    this.#done = undefined;
  }

  async #gather(): Promise<void> {
    if (this.#isHurried) return;
    const waited = this.runtime.monotonic() - (this.#since ?? 0);
    const pause = new Pause(this.runtime, this.#isFull ? 0 : Math.max(0, this.options.batchMs - waited));
    this.#gathering = pause;
    await pause.over;
    this.#gathering = undefined;
  }

  async #deliver(batch: PurgeBatch): Promise<Fate> {
    for (let retry = 0; ; retry++) {
      const outcome = await this.#ask(batch);
      if (outcome === 'purged') return 'purged';
      if (this.#isOver) return 'abandoned';
      this.ledger.refused(this.mode, outcome.error);
      if (retry >= this.options.retries) return 'given up';
      await this.#rest(retry);
      if (this.#isOver) return 'abandoned';
      this.ledger.retried();
    }
  }

  #account(fate: Fate, keys: number): void {
    if (fate === 'abandoned') return this.ledger.abandoned(keys);
    if (fate === 'given up') return this.ledger.gaveUp(this.mode, keys);
    this.ledger.purged(this.mode, keys);
    if (this.queue.size === 0) this.ledger.caughtUp();
  }

  async #ask({ keys }: PurgeBatch): Promise<'purged' | { readonly error: unknown }> {
    const { mode, sender } = this;
    const attempt = new PurgeAttempt(this.runtime, this.options.deadlineMs);
    this.#attempt = attempt;
    try {
      await attempt.run((signal) =>
        keys === undefined ? sender.purgeAll?.({ mode, signal }) : sender.send({ keys, mode, signal }),
      );
      return 'purged';
    } catch (error) {
      return { error };
    } finally {
      this.#attempt = undefined;
    }
  }

  async #rest(retry: number): Promise<void> {
    const { retryPauseMs, maxRetryPauseMs } = this.options;
    const pauseMs = Math.min(retryPauseMs * 2 ** retry, maxRetryPauseMs);
    this.#resting = new Pause(this.runtime, pauseMs * (0.5 + this.runtime.random()));
    await this.#resting.over;
    this.#resting = undefined;
  }
}
