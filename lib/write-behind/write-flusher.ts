import type { Runtime, Timer } from '../cache.runtime.js';
import { RejectedWritesError, type SinkContext, type SinkWrite } from './write-sink.interface.js';
import type { TakenWrite, WriteQueue } from './write-queue.interface.js';

export interface FlusherOptions {
  readonly flushEveryMs: number;
  /** Writes that the sink is given at most. */
  readonly batch: number;
  /** Failures of one write by itself, while others succeed, after which it becomes a dead letter. */
  readonly attempts: number;
  readonly retryFromMs: number;
  readonly retryToMs: number;
  readonly leaseMs: number;
  readonly drainMs: number;
}

/** What a flusher has done so far. */
export interface FlusherCounts {
  written: number;
  batches: number;
  /** Calls of the sink that failed. */
  failures: number;
  buried: number;
  lastError: string | undefined;
}

export interface FlusherParts {
  readonly queue: WriteQueue;
  readonly runtime: Runtime;
  /** The sink, with its keys and values as the user knows them. */
  readonly sink: (writes: readonly SinkWrite[], context: SinkContext) => Promise<unknown>;
  /** @returns `undefined` for a write that can't be read */
  readonly open: (write: TakenWrite) => SinkWrite | undefined;
  /** These are in the database, and still in the queue: told again where they don't get out of it. */
  readonly written: (writes: readonly TakenWrite[]) => Promise<void>;
  /** These aren't, and are among the dead letters. */
  readonly buried: (write: TakenWrite, reason: string) => void;
  /** This one may be among the dead letters. */
  readonly inDoubt: (write: TakenWrite) => void;
}

interface Failing {
  readonly version: number;
  times: number;
  /** What had succeeded when it failed first: only what fails while others succeed is itself to blame. */
  readonly writtenBefore: number;
}

/** So many in a row fail by themselves, and it is the database that is sick. */
const OUTAGE = 3;

/** Carries the writes of one queue to their sink: one process at a time, and again until they are there. */
export class WriteFlusher {
  readonly counts: FlusherCounts = { written: 0, batches: 0, failures: 0, buried: 0, lastError: undefined };
  /** Keys that waited when the queue was last asked. */
  waiting = 0;
  readonly #failing = new Map<string, Failing>();
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #pauseMs = 0;
  #pausedUntil = 0;
  #closed = false;
  #abort: AbortController | undefined;

  get isClosed(): boolean {
    return this.#closed;
  }

  constructor(
    private readonly parts: FlusherParts,
    private readonly options: FlusherOptions,
  ) {}

  start(): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = this.parts.runtime.after(
      this.options.flushEveryMs,
      () => {
        this.#timer = undefined;
        void this.#flushUnlessPaused().then(() => this.start());
      },
      { background: true },
    );
  }

  /** So many keys wait now: a full batch needn't wait for its time. */
  noteWaiting(waiting: number): void {
    this.waiting = waiting;
    if (waiting >= this.options.batch && !this.#closed) void this.#flushUnlessPaused();
  }

  #flushUnlessPaused(): Promise<void> {
    if (this.parts.runtime.monotonic() < this.#pausedUntil) return Promise.resolve();
    return this.flush().then(
      () => undefined,
      () => undefined,
    );
  }

  /**
   * Writes what waits. Calls that come meanwhile share the work.
   * @returns resolves when nothing is left that can be written now; `waiting` says what is. Rejects when the queue can't be asked
   */
  flush(): Promise<void> {
    this.#running ??= this.#flush().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #flush(): Promise<void> {
    for (let isGoingOn = true; isGoingOn && !this.#closed;) {
      const { waiting, writes } = await this.parts.queue.take(this.options.batch, this.#retryMs());
      this.waiting = waiting;
      if (writes === 'busy' || writes.length === 0) return;
      // it was asked for before the end, and what came with it is for others
      if (this.#closed) return this.#release();
      isGoingOn = await this.#write(writes);
    }
  }

  #retryMs(): number {
    return Math.max(this.options.retryFromMs, this.#pauseMs);
  }

  /** @returns whether it is worth going on at once */
  async #write(taken: readonly TakenWrite[]): Promise<boolean> {
    const readable = new Map<TakenWrite, SinkWrite>();
    for (const write of taken) {
      const opened = this.parts.open(write);
      if (opened !== undefined) readable.set(write, opened);
      else await this.#bury(write, "its bytes can't be read by this version of the application");
    }
    if (readable.size === 0) return true;
    const outcome = await this.#callSink([...readable.values()]);
    if (outcome.isWritten) return this.#succeeded([...readable.keys()]);
    if (outcome.error instanceof RejectedWritesError) return this.#endRejected(readable, outcome.error);
    if (outcome.isLost || this.#closed) return false;
    return this.#oneByOne(readable, outcome.error);
  }

  async #endRejected(writes: ReadonlyMap<TakenWrite, SinkWrite>, { reasons }: RejectedWritesError): Promise<boolean> {
    const rejected = [...writes].filter(([, { key }]) => reasons.has(key));
    const others = [...writes].filter(([, { key }]) => !reasons.has(key)).map(([write]) => write);
    for (const [write, { key }] of rejected) await this.#bury(write, messageOf(reasons.get(key)));
    return others.length === 0 ? rejected.length > 0 : this.#succeeded(others);
  }

  /** Something in the batch, or the database: what failed least by itself goes first. */
  async #oneByOne(writes: ReadonlyMap<TakenWrite, SinkWrite>, batchError: unknown): Promise<boolean> {
    const byPatience = [...writes].sort(([a], [b]) => this.#timesOf(a) - this.#timesOf(b));
    let failuresInARow = 0;
    let anySucceeded = false;
    for (const [write, opened] of byPatience) {
      // a batch of one has just been tried
      const outcome = writes.size === 1 ? { isWritten: false, error: batchError } : await this.#callSink([opened]);
      if (outcome.isWritten) {
        if (!(await this.#succeeded([write]))) return false;
        [anySucceeded, failuresInARow] = [true, 0];
      } else if (outcome.error instanceof RejectedWritesError) {
        await this.#endRejected(new Map([[write, opened]]), outcome.error);
      } else {
        await this.#failedAlone(write, outcome.error);
        if (++failuresInARow >= OUTAGE || this.#closed) break;
      }
    }
    if (!anySucceeded) this.#pause();
    return anySucceeded;
  }

  #timesOf({ key, version }: TakenWrite): number {
    const failing = this.#failing.get(key);
    return failing?.version === version ? failing.times : 0;
  }

  async #failedAlone(write: TakenWrite, error: unknown): Promise<void> {
    const before = this.#failing.get(write.key);
    const failing =
      before?.version === write.version
        ? before
        : { version: write.version, times: 0, writtenBefore: this.counts.written };
    failing.times++;
    this.#failing.set(write.key, failing);
    const othersSucceeded = this.counts.written > failing.writtenBefore;
    if (failing.times >= this.options.attempts && othersSucceeded) await this.#bury(write, messageOf(error));
  }

  async #succeeded(writes: readonly TakenWrite[]): Promise<boolean> {
    this.counts.written += writes.length;
    [this.#pauseMs, this.#pausedUntil] = [0, 0];
    for (const { key } of writes) this.#failing.delete(key);
    await this.parts.written(writes);
    return this.parts.queue.end(writes);
  }

  async #bury(write: TakenWrite, reason: string): Promise<void> {
    const note = { reason: reason.slice(0, 500), attempts: write.deliveries, at: this.parts.runtime.now() };
    const answer = await this.parts.queue.bury(write, note).catch((error: unknown) => {
      this.parts.inDoubt(write);
      throw error;
    });
    if (answer !== 'buried' && answer !== 'superseded') return;
    this.#failing.delete(write.key);
    if (answer === 'superseded') return;
    this.counts.buried++;
    this.parts.buried(write, note.reason);
  }

  #pause(): void {
    const { retryFromMs, retryToMs } = this.options;
    this.#pauseMs = Math.min(retryToMs, Math.max(retryFromMs, this.#pauseMs * 2));
    this.#pausedUntil = this.parts.runtime.monotonic() + this.#pauseMs;
  }

  /** One call of the sink, under a lease that is renewed while it runs. */
  async #callSink(
    writes: readonly SinkWrite[],
  ): Promise<{ readonly isWritten: boolean; readonly isLost?: boolean; readonly error?: unknown }> {
    const abort = new AbortController();
    this.#abort = abort;
    const lease = this.#holdLease(abort);
    this.counts.batches++;
    try {
      await this.parts.sink(writes, { signal: abort.signal });
      return { isWritten: true };
    } catch (thrown) {
      const error = thrown instanceof RejectedWritesError ? credible(thrown, writes) : thrown;
      this.counts.failures++;
      this.counts.lastError = messageOf(error);
      return { isWritten: false, isLost: abort.signal.aborted, error };
    } finally {
      lease.end();
      this.#abort = undefined;
    }
  }

  /** Renewed every third of its life; the sink is told to stop before another process can be the flusher. */
  #holdLease(abort: AbortController): { end(): void } {
    const { runtime, queue } = this.parts;
    const { leaseMs } = this.options;
    let isOver = false;
    let renewal: Timer | undefined;
    let expiry: Timer | undefined;
    const giveUp = (): void => abort.abort(new Error('another process may flush this queue by now'));
    const heldFrom = (): void => {
      expiry?.cancel();
      expiry = runtime.after(leaseMs * 0.9, giveUp, { background: true });
    };
    const renewLater = (): void => {
      renewal = runtime.after(leaseMs / 3, () => void renew(), { background: true });
    };
    const renew = async (): Promise<void> => {
      const isOurs = await queue.renew().catch(() => undefined);
      if (isOver) return;
      if (isOurs === false) return giveUp();
      if (isOurs === true) heldFrom();
      renewLater();
    };
    heldFrom();
    renewLater();
    return {
      end: () => {
        isOver = true;
        renewal?.cancel();
        expiry?.cancel();
      },
    };
  }

  /** Writes what it can within `drainMs`. */
  async drain(): Promise<void> {
    if (this.#closed) return;
    let deadline: Timer | undefined;
    const expired = new Promise<void>((resolve) => {
      deadline = this.parts.runtime.after(this.options.drainMs, resolve);
    });
    await Promise.race([this.flush().catch(() => undefined), expired]);
    deadline?.cancel();
  }

  /** The same, and lets another process go on with the rest. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#timer?.cancel();
    await this.drain();
    this.#timer?.cancel();
    this.#closed = true;
    this.#abort?.abort(new Error('the application is shutting down'));
    await this.#release();
  }

  async #release(): Promise<void> {
    await this.parts.queue.release().catch(() => undefined);
  }
}

/** Who is told of a key that he didn't send can't take the others for written. */
function credible(rejection: RejectedWritesError, writes: readonly SinkWrite[]): Error {
  const sent = new Set<unknown>(writes.map(({ key }) => key));
  for (const key of rejection.reasons.keys() as Iterable<unknown>) {
    if (!sent.has(key))
      return new Error(`the sink rejected ${String(key)} (${typeof key}), which isn't a key that it was given`);
  }
  return rejection;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
