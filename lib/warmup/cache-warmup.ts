import { CacheConfigurationError } from '../cache.errors.js';
import type { Timer } from '../cache.runtime.js';
import type { CacheEngine } from '../desk/cache-engine.js';
import { isMisspelt } from '../options/option-reader.js';
import { whenAborted } from './abort.js';
import { FleetTurns } from './fleet-turn.js';
import { Learning } from './learning.js';
import { schedule, type Tick } from './triggers.js';
import { WarmRun, type WarmRunReport } from './warm-run.js';
import type { Warmer } from './warmer.js';
import type { WarmerRegistry } from './warmer-registry.js';

/** One warmer in this process. */
export interface WarmerStatus {
  readonly cache: string;
  /** `waiting`: another process is at it. */
  readonly state: 'idle' | 'waiting' | 'running';
  /** Runs that have ended here. */
  readonly runs: number;
  /** Times that another process did it. */
  readonly elsewhere: number;
  /** Keys, of all runs here that have ended. */
  readonly loaded: number;
  readonly there: number;
  readonly failed: number;
  /** The run under way, or the last one. */
  readonly last: WarmRunReport | undefined;
}

export interface WarmupStatus {
  readonly ready: boolean;
  /** By `Class.method`. */
  readonly warmers: Readonly<Record<string, WarmerStatus>>;
}

/** A clear isn't answered twice. */
const CLEAR_REMEMBERED_MS = 60_000;

interface WarmupLog {
  log(message: string): void;
  warn(message: string): void;
}

/** What is known of one warmer. */
class Ledger {
  state: WarmerStatus['state'] = 'idle';
  run: WarmRun | undefined;
  runs = 0;
  elsewhere = 0;
  /** What its cache went through while it was warmed for something else. */
  next: string | undefined;
  isRewarming = false;
  readonly sums = { loaded: 0, there: 0, failed: 0 };

  constructor(readonly warmer: Warmer) {}

  get status(): WarmerStatus {
    const { state, runs, elsewhere, sums, run } = this;
    return { cache: this.warmer.target.desk.region.name, state, runs, elsewhere, ...sums, last: run?.report };
  }

  ended({ loaded, there, failed }: WarmRunReport): void {
    this.runs++;
    this.sums.loaded += loaded;
    this.sums.there += there;
    this.sums.failed += failed;
  }
}

/**
 * Warms caches at their times, and knows how far it is.
 *
 * @example constructor(private readonly warmup: CacheWarmup) {} … if (!this.warmup.isReady()) throw new ServiceUnavailableException();
 */
export class CacheWarmup {
  /**
   * Resolves when every start is warmed that the readiness of this process waits for, or its `holdAtMost` has passed.
   * Never rejects.
   */
  readonly ready: Promise<void>;
  #isReady = false;
  #becomeReady!: () => void;
  readonly #ledgers = new Map<string, Ledger>();
  readonly #turns: FleetTurns;
  readonly #timers: Timer[] = [];
  readonly #learning: Learning;
  readonly #end = new AbortController();

  constructor(
    private readonly engine: CacheEngine,
    private readonly registry: Pick<WarmerRegistry, 'warmers' | 'learned'>,
    private readonly log: WarmupLog,
  ) {
    this.ready = new Promise((resolve) => (this.#becomeReady = resolve));
    void this.ready.then(() => (this.#isReady = true));
    const { runtime, locks, shared, background } = engine.parts;
    this.#turns = new FleetTurns({ runtime, locks, shared, signal: this.#end.signal });
    this.#learning = new Learning(
      registry.learned,
      runtime,
      (work) => background.add(work),
      (cache, by) => void this.#rewarm(cache.warmer.name, by),
    );
    engine.ending.addEventListener('abort', () => this.close(), { once: true });
  }

  /** Whether `ready` has resolved: for a readiness probe. */
  isReady(): boolean {
    return this.#isReady;
  }

  /** What every warmer did in this process. */
  status(): WarmupStatus {
    const warmers = [...this.#ledgers].map(([name, ledger]) => [name, ledger.status] as const);
    return { ready: this.#isReady, warmers: Object.fromEntries(warmers) };
  }

  /**
   * Warms here and now, whatever other processes do.
   * @param name of the warmer, `Class.method`. @throws CacheConfigurationError when there is no such warmer
   */
  async run(name: string): Promise<WarmRunReport> {
    const ledger = this.#ledgers.get(name);
    if (ledger === undefined)
      throw new CacheConfigurationError([{ where: `warmer '${name}'`, problem: this.#unknown(name) }]);
    const run = this.#run(ledger, 'hand');
    this.engine.parts.background.add(run);
    return run;
  }

  /** Begins: starts are warmed, timers run. @returns when the application may listen */
  async start(): Promise<void> {
    for (const warmer of this.registry.warmers) this.#ledgers.set(warmer.name, new Ledger(warmer));
    const ledgers = this.engine.enabled && !this.#end.signal.aborted ? [...this.#ledgers.values()] : [];
    const starts = ledgers.flatMap((ledger) =>
      ledger.warmer.triggers.some(({ kind }) => kind === 'start') ? [{ ledger, ready: this.#warmStart(ledger) }] : [],
    );
    for (const ledger of ledgers) this.#schedule(ledger);
    if (ledgers.length > 0) this.#learning.start();
    void Promise.all(starts.map(({ ready }) => ready)).then(this.#becomeReady);
    await Promise.all(starts.filter(({ ledger }) => ledger.warmer.holds).map(({ ready }) => ready));
  }

  /** Ends runs under way and timers. Closing again changes nothing. */
  close(): void {
    this.#end.abort();
    for (const timer of this.#timers.splice(0)) timer.cancel();
    this.#learning.close();
    this.#becomeReady();
  }

  /** @returns when readiness needn't wait for it any more */
  async #warmStart(ledger: Ledger): Promise<void> {
    const { warmer } = ledger;
    const { learned } = warmer;
    if (learned !== undefined && !(await learned.isDue())) return learned.settled();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const { schema } = warmer.target.desk.region.options;
    const done = this.#turn(ledger, { id: `start ${schema}`, text: 'start', doneForMs: () => warmer.doneForMs }, () => {
      if (!warmer.waits) release();
    });
    void done.then((isDone) => {
      if (isDone) learned?.settled();
      release();
    });
    const timer = this.engine.parts.runtime.after(warmer.holdAtMostMs, release, { background: !warmer.holds });
    const abort = whenAborted(this.#end.signal);
    await Promise.race([released, abort.happened]);
    abort.forget();
    timer.cancel();
  }

  #schedule(ledger: Ledger): void {
    for (const trigger of ledger.warmer.triggers) {
      if (trigger.kind === 'start') continue;
      const timer = schedule(trigger, this.engine.parts.runtime, (tick) => {
        // one that takes longer than its interval isn't run twice at a time
        if (ledger.state === 'idle') void this.#turn(ledger, tick, () => undefined);
        else
          this.log.warn(
            `${ledger.warmer.name} is still ${ledger.state} when it is time again (${tick.text}): left out`,
          );
      });
      this.#timers.push(timer);
    }
  }

  /** Once more when its cache was emptied; what happens meanwhile is one occasion. */
  async #rewarm(name: string, by: string): Promise<void> {
    const ledger = this.#ledgers.get(name)!;
    ledger.next = by;
    if (ledger.isRewarming) return;
    ledger.isRewarming = true;
    while (ledger.next !== undefined) {
      const id = ledger.next;
      ledger.next = undefined;
      await ledger.warmer.learned!.share();
      await this.#turn(ledger, { id, text: 'clear', doneForMs: () => CLEAR_REMEMBERED_MS }, () => undefined);
    }
    ledger.isRewarming = false;
  }

  /** Does it, or sees another process do it. Never rejects. @returns whether it is done */
  #turn(ledger: Ledger, { id, text, doneForMs }: Tick, onBusy: () => void): Promise<boolean> {
    const { name, learned } = ledger.warmer;
    let isComplete = false;
    const taken = this.#turns.take({
      id: `${name} ${id}`,
      doneForMs,
      work: async () => {
        const { end, total } = await this.#run(ledger, text);
        isComplete = end === 'complete';
        // another process may have learned something
        return isComplete && (learned === undefined || total !== 0);
      },
      onBusy: () => {
        ledger.state = 'waiting';
        this.log.log(`${name} (${text}): another process is at it`);
        onBusy();
      },
    });
    const whole = taken.then((who) => {
      ledger.state = 'idle';
      if (who === 'elsewhere') ledger.elsewhere++;
      return who === 'elsewhere' || isComplete;
    });
    this.engine.parts.background.add(whole);
    return whole;
  }

  async #run(ledger: Ledger, occasion: string): Promise<WarmRunReport> {
    const { name, target, list, concurrency } = ledger.warmer;
    const { runtime } = this.engine.parts;
    const log = (message: string): void => this.log.log(message);
    const run = new WarmRun({ name, occasion, target, list, concurrency }, { runtime, log, signal: this.#end.signal });
    ledger.state = 'running';
    ledger.run = run;
    const report = await run.execute();
    ledger.state = 'idle';
    ledger.ended(report);
    return report;
  }

  #unknown(name: string): string {
    const names = [...this.#ledgers.keys()];
    const meant = names.find((candidate) => isMisspelt(name, candidate));
    return `there is no such warmer; ${meant === undefined ? `there are: ${names.join(', ') || 'none'}` : `did you mean '${meant}'?`}`;
  }
}
