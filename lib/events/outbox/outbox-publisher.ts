import { Pause } from '../../edge/pause.js';
import type { Runtime } from '../../cache.runtime.js';
import { describeError } from '../../edge/describe-error.js';
import type { EventLog } from '../event-log.js';
import type { OutboxBatch, OutboxStore } from './outbox.interface.js';

export interface OutboxStatus {
  readonly published: number;
  /** Batches that ended with an event that couldn't be published, or without an answer of the database. */
  readonly failures: number;
  /** Events that can't be read, and were removed. */
  readonly unreadable: number;
  /** `waiting`: another process publishes. */
  readonly state: 'publishing' | 'waiting' | 'failing' | 'ended';
  /** Of the last failure; it stays when that is over. */
  readonly lastError: string | undefined;
}

const BATCH = 100;
/** A transaction is open for as long as a batch takes: no event of it is begun later than that after the first. */
const BATCH_MS = 10_000;
const SHORTEST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;

/** Looks into the outbox at intervals, and when it is nudged; never gives up, and never hurries a broker that is away. */
export class OutboxPublisher {
  #published = 0;
  #failures = 0;
  #failuresInARow = 0;
  #unreadable = 0;
  #state: OutboxStatus['state'] = 'waiting';
  #lastError: string | undefined;
  /** Of the batch under way. */
  #beginNoneAfter = Infinity;
  #isCutShort = false;
  #pause: Pause | undefined;
  #nudged = false;
  #closed = false;
  #running: Promise<void> | undefined;

  /**
   * @param send what is published; `unreadable` is never sent again
   * @param pollEveryMs between two looks, when there is nothing
   */
  constructor(
    private readonly store: OutboxStore,
    private readonly send: (event: string) => Promise<'sent' | 'failed' | 'unreadable'>,
    private readonly pollEveryMs: number,
    private readonly runtime: Runtime,
    private readonly log: EventLog,
  ) {}

  start(): void {
    this.#running ??= this.#run();
  }

  /** There may be something new. */
  nudge(): void {
    this.#nudged = true;
    // while the broker is away it has to wait like everything before it
    if (this.#failuresInARow === 0) this.#pause?.end();
  }

  status(): OutboxStatus {
    return {
      published: this.#published,
      failures: this.#failures,
      unreadable: this.#unreadable,
      state: this.#closed ? 'ended' : this.#state,
      lastError: this.#lastError,
    };
  }

  /** Resolves when the batch under way has ended, after `deadlineMs` at the latest. */
  async close(deadlineMs: number): Promise<void> {
    this.#closed = true;
    this.#pause?.end();
    let timer: { cancel(): void } | undefined;
    const expired = new Promise<void>((resolve) => (timer = this.runtime.after(deadlineMs, resolve)));
    await Promise.race([this.#running, expired]);
    timer?.cancel();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      this.#nudged = false;
      const { busy, published, failed } = await this.#publish();
      this.#published += published;
      this.#state = failed ? 'failing' : busy ? 'waiting' : 'publishing';
      this.#failures += failed ? 1 : 0;
      // a broker that takes some isn't away
      this.#failuresInARow = failed ? (published > 0 ? 1 : this.#failuresInARow + 1) : 0;
      const isMore = published === BATCH || this.#isCutShort || this.#nudged;
      if (isMore && !failed && !busy) continue;
      await this.#rest();
    }
  }

  async #publish(): Promise<OutboxBatch> {
    this.#beginNoneAfter = Infinity;
    this.#isCutShort = false;
    try {
      const batch = await this.store.publish((event) => this.#sendOne(event), BATCH);
      return { ...batch, failed: batch.failed && !this.#isCutShort };
    } catch (error) {
      this.#lastError = `the outbox can’t be read: ${describeError(error)}`;
      this.log.warn('outbox', this.#lastError);
      return { busy: false, published: 0, failed: true };
    }
  }

  async #sendOne(event: string): Promise<boolean> {
    const now = this.runtime.monotonic();
    if (this.#beginNoneAfter === Infinity) this.#beginNoneAfter = now + BATCH_MS;
    if (this.#closed || now > this.#beginNoneAfter) {
      this.#isCutShort = true;
      return false;
    }
    const result = await this.#send(event);
    if (result === 'unreadable') {
      this.#unreadable++;
      this.log.warn('outbox unreadable', 'an event in the outbox can’t be read, and was removed');
    }
    return result !== 'failed';
  }

  async #send(event: string): Promise<'sent' | 'failed' | 'unreadable'> {
    try {
      const result = await this.send(event);
      if (result === 'failed') this.#lastError = 'an event couldn’t be sent over every client, as the log says';
      return result;
    } catch (error) {
      this.#lastError = `an event couldn’t be published: ${describeError(error)}`;
      this.log.warn('outbox', this.#lastError);
      return 'failed';
    }
  }

  async #rest(): Promise<void> {
    if (this.#closed) return;
    const retryMs = Math.min(LONGEST_RETRY_MS, SHORTEST_RETRY_MS * 2 ** (this.#failuresInARow - 1));
    const ms = this.#failuresInARow > 0 ? retryMs : this.pollEveryMs;
    // some of it is chance, so that processes don't look all at once
    this.#pause = new Pause(this.runtime, ms * (0.75 + this.runtime.random() / 4));
    await this.#pause.over;
    this.#pause = undefined;
  }
}
