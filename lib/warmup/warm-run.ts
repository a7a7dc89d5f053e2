import type { Runtime, Timer } from '../cache.runtime.js';
import { withScope } from '../flow/scope.js';
import { whenAborted } from './abort.js';
import type { WarmContext } from './warmer-settings.js';
import type { WarmTarget } from './warmer.js';

/** What came of warming once. */
export interface WarmRunReport {
  /** Why it ran: `start`, the expression or duration of its timer, `hand`, or what its cache had gone through. */
  readonly occasion: string;
  /** Epoch ms. */
  readonly begunAt: number;
  readonly ms: number;
  /** Whether everything that was listed was tried. `aborted`: the application closed. `failed`: there was no list. */
  readonly end: 'running' | 'complete' | 'aborted' | 'failed';
  /** How many keys there are, where the list told. */
  readonly total: number | undefined;
  readonly loaded: number;
  /** Keys that needed no load: fresh already, or loaded by somebody else meanwhile. */
  readonly there: number;
  readonly failed: number;
  /** The message of the last failure. */
  readonly lastError: string | undefined;
}

export interface WarmJob {
  /** For the log. */
  readonly name: string;
  readonly occasion: string;
  readonly target: WarmTarget;
  readonly list: (context: WarmContext) => unknown;
  readonly concurrency: number;
}

export interface WarmRunParts {
  readonly runtime: Runtime;
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Silence of a warmer, between two words of its progress. */
const PROGRESS_MS = 5_000;
/** What is being loaded when the application closes is waited for so long, so that its locks are given back. */
const LAST_LOADS_MS = 1_000;

/** Loads what a warmer lists, so many at a time. One that fails is counted, and doesn't keep the rest from being loaded. */
export class WarmRun {
  readonly #begun: number;
  readonly #begunAt: number;
  readonly #loading = new Set<Promise<void>>();
  readonly #counts = { loaded: 0, there: 0, failed: 0 };
  #end: WarmRunReport['end'] = 'running';
  #total: number | undefined;
  #lastError: string | undefined;
  #items: AsyncIterator<unknown> | Iterator<unknown> | undefined;
  #taking: Promise<unknown> = Promise.resolve();
  #endedMs = 0;

  constructor(
    private readonly job: WarmJob,
    private readonly parts: WarmRunParts,
  ) {
    this.#begun = parts.runtime.monotonic();
    this.#begunAt = parts.runtime.now();
  }

  get report(): WarmRunReport {
    return {
      occasion: this.job.occasion,
      begunAt: this.#begunAt,
      ms: Math.round(this.#end === 'running' ? this.parts.runtime.monotonic() - this.#begun : this.#endedMs),
      end: this.#end,
      total: this.#total,
      ...this.#counts,
      lastError: this.#lastError,
    };
  }

  /** Ends when everything was tried, or soon after the signal. Never rejects. */
  async execute(): Promise<WarmRunReport> {
    const { signal, log, runtime } = this.parts;
    log(`${this.#title}: begins`);
    const progress = this.#reportProgress();
    const abort = whenAborted(signal);
    try {
      const all = this.#all();
      await Promise.race([all, abort.happened.then(async () => this.#loadsUnderWay())]);
      this.#end = signal.aborted ? 'aborted' : await all;
    } finally {
      abort.forget();
      progress.cancel();
      this.#endedMs = runtime.monotonic() - this.#begun;
      void this.#stopListing();
    }
    log(`${this.#title}: ${this.#end}, ${this.#words}`);
    return this.report;
  }

  async #all(): Promise<'complete' | 'failed'> {
    try {
      this.#items = await this.#open();
    } catch (error) {
      this.#lastError = messageOf(error);
      return 'failed';
    }
    const workers = Array.from({ length: this.job.concurrency }, () => this.#work());
    const ends = await Promise.all(workers);
    return ends.includes('failed') ? 'failed' : 'complete';
  }

  async #open(): Promise<AsyncIterator<unknown> | Iterator<unknown>> {
    const given: unknown = await this.job.list({ signal: this.parts.signal });
    if (Array.isArray(given)) this.#total = given.length;
    const iterable = given as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
    if (typeof given !== 'string') {
      if (typeof iterable?.[Symbol.asyncIterator] === 'function') return iterable[Symbol.asyncIterator]!();
      if (typeof iterable?.[Symbol.iterator] === 'function') return iterable[Symbol.iterator]!();
    }
    throw new TypeError(`it returned ${given === null ? 'null' : typeof given}; a warmer returns a list of arguments`);
  }

  async #work(): Promise<'complete' | 'failed'> {
    while (!this.parts.signal.aborted) {
      let items: readonly unknown[];
      try {
        items = await this.#take();
      } catch (error) {
        this.#lastError = messageOf(error);
        return 'failed';
      }
      if (items.length === 0) return 'complete';
      const loading = this.#load(items);
      this.#loading.add(loading);
      await loading;
      this.#loading.delete(loading);
    }
    return 'complete';
  }

  /** The next items; one caller at a time, because not every iterator bears more. */
  #take(): Promise<readonly unknown[]> {
    const taken = this.#taking.then(async () => {
      const items: unknown[] = [];
      while (items.length < this.job.target.batch && this.#items !== undefined) {
        const next = await this.#items.next();
        if (next.done === true) this.#items = undefined;
        else items.push(next.value);
      }
      return items;
    });
    this.#taking = taken.catch(() => (this.#items = undefined));
    return taken;
  }

  async #load(items: readonly unknown[]): Promise<void> {
    const { desk, call } = this.job.target;
    let noted = 0;
    const tally = (cache: string, kind: string): void => {
      if (cache !== desk.region.name || this.#end !== 'running') return;
      noted++;
      if (kind === 'loaded') this.#counts.loaded++;
      else if (kind === 'l1' || kind === 'l2' || kind === 'joined') this.#counts.there++;
      else this.#counts.failed++;
    };
    try {
      await withScope({ tally }, async () => call(items));
      if (noted > 0 || this.#end !== 'running') return;
      throw new Error(`the call read nothing through cache '${desk.region.name}'`);
    } catch (error) {
      if (this.#end !== 'running') return;
      this.#lastError = messageOf(error);
      if (noted === 0) this.#counts.failed += items.length;
    }
  }

  async #loadsUnderWay(): Promise<void> {
    let late = (): void => undefined;
    const deadline = new Promise<void>((resolve) => (late = resolve));
    const timer = this.parts.runtime.after(LAST_LOADS_MS, late, { background: true });
    await Promise.race([Promise.all(this.#loading), deadline]);
    timer.cancel();
  }

  /** Lets a generator clean up after itself. */
  async #stopListing(): Promise<void> {
    const items = this.#items;
    this.#items = undefined;
    try {
      await items?.return?.();
    } catch {
      // nobody waits for it any more
    }
  }

  #reportProgress(): Timer {
    let timer: Timer;
    const again = (): Timer =>
      this.parts.runtime.after(
        PROGRESS_MS,
        () => {
          this.parts.log(`${this.#title}: ${this.#words}`);
          timer = again();
        },
        { background: true },
      );
    timer = again();
    return { cancel: () => timer.cancel() };
  }

  get #title(): string {
    const { name, occasion, target } = this.job;
    return `warming ${target.desk.region.name} by ${name} (${occasion})`;
  }

  get #words(): string {
    const { loaded, there, failed, total, ms, lastError } = this.report;
    const done = loaded + there + failed;
    const of = total === undefined || total === 0 ? '' : ` of ${total} (${Math.floor((100 * done) / total)} %)`;
    const why = lastError === undefined ? '' : `; last error: ${lastError}`;
    return `${done}${of} in ${ms} ms: ${loaded} loaded, ${there} there already, ${failed} failed${why}`;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
