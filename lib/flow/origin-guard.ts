import { CacheBreakerOpenError, CacheOverloadError } from '../cache.errors.js';
import type { CacheEventListener } from '../cache.events.js';
import type { Runtime } from '../cache.runtime.js';
import { Bulkhead, type BulkheadRefusal, type Place } from '../coalescing/bulkhead.js';
import type { WaitingFlight } from '../coalescing/single-flight.js';
import type { ResolvedOriginOptions } from '../options/resolved-options.js';
import { LoadBreaker, type LoadBreakerState, type LoadTicket, type LoadVerdict } from '../policy/load-breaker.js';
import { RefreshLimit } from '../policy/refresh-limit.js';
import { verdictOf } from './origin-verdict.js';

/** How the source of a cache is doing, as its guards see it in this process. */
export interface OriginStatus {
  /** Loads that run now; `undefined` without a bulkhead, like `queued`. */
  readonly running: number | undefined;
  /** Loads that wait for a place. */
  readonly queued: number | undefined;
  /** `undefined` without a breaker. */
  readonly breaker: LoadBreakerState | undefined;
  /** Refreshes in the background now; `undefined` without a limit on them. */
  readonly refreshes: number | undefined;
}

/** A load that asks to be let through. */
export interface GuardedLoad {
  readonly flights: readonly GuardedFlight[];
  /** The flights whose loaders ask for it. */
  readonly outer: readonly WaitingFlight[];
  readonly background: boolean;
}

interface GuardedFlight extends WaitingFlight {
  place: Place | undefined;
}

export interface GuardSurroundings {
  readonly runtime: Runtime;
  readonly emit: CacheEventListener;
}

/** Stands between a cache and its source: how many loads at a time, and whether any while it is down. */
export class OriginGuard {
  readonly #bulkhead: Bulkhead | undefined;
  readonly #breaker: LoadBreaker | undefined;
  readonly #refreshes: RefreshLimit | undefined;
  readonly #now: () => number;
  #lastError: unknown;

  constructor(
    private readonly cache: string,
    private readonly options: ResolvedOriginOptions,
    private readonly surroundings: GuardSurroundings,
  ) {
    const { bulkhead, breaker, refresh } = options;
    const { runtime } = surroundings;
    this.#now = runtime.monotonic;
    if (bulkhead !== undefined) this.#bulkhead = new Bulkhead(bulkhead, runtime, (why) => this.#overloaded(why));
    if (breaker !== undefined) this.#breaker = new LoadBreaker(breaker, (state) => this.#tell(state));
    if (refresh !== undefined) this.#refreshes = new RefreshLimit(refresh);
  }

  /**
   * Whether a load has a chance, asked before anything is done for it.
   * @throws CacheOverloadError, CacheBreakerOpenError
   */
  check({ outer }: Pick<GuardedLoad, 'outer'>): void {
    this.#checkBreaker();
    // a load inside a load may not have to wait
    if (outer.length === 0 && this.#bulkhead?.isFull === true) throw this.#overloaded('full');
  }

  /** Room for one more refresh in the background. @returns what ends it, or `undefined`: there is no room */
  beginRefresh(): (() => void) | undefined {
    const now = this.#now();
    const limit = this.#refreshes;
    const hasRoom =
      limit?.hasRoom(now) !== false && this.#bulkhead?.isFree !== false && this.#breaker?.admits(now) !== false;
    if (!hasRoom) {
      this.#skip();
      return undefined;
    }
    if (limit === undefined) return () => undefined;
    limit.running++;
    return () => void limit.running--;
  }

  /**
   * Runs a load when there is a place for it, and watches how it comes out.
   * @returns `undefined` for a refresh in the background that there is no room for
   * @throws what the load threw, CacheOverloadError, CacheBreakerOpenError
   */
  async run<T>(load: GuardedLoad, run: () => Promise<T>): Promise<T | undefined> {
    if (load.background) return this.#refresh(load, run);
    this.#checkBreaker();
    const place = await this.#bulkhead?.enter(load.flights, load.outer, (queued) => setPlace(load.flights, queued));
    setPlace(load.flights, undefined);
    try {
      // it may have opened meanwhile
      const ticket = this.#breaker?.begin(this.#now());
      if (this.#breaker !== undefined && ticket === undefined) throw this.#open();
      return await this.#watch(ticket, run);
    } finally {
      place?.leave();
    }
  }

  async #refresh<T>({ flights }: GuardedLoad, run: () => Promise<T>): Promise<T | undefined> {
    const now = this.#now();
    const place = this.#bulkhead?.tryEnter(flights);
    try {
      const hasPlace = this.#bulkhead === undefined || place !== undefined;
      const isAdmitted = hasPlace && this.#breaker?.admits(now) !== false && this.#refreshes?.take(now) !== false;
      if (isAdmitted) return await this.#watch(this.#breaker?.begin(now), run);
      this.#skip();
      return undefined;
    } finally {
      place?.leave();
    }
  }

  async #watch<T>(ticket: LoadTicket | undefined, run: () => Promise<T>): Promise<T> {
    if (ticket === undefined) return run();
    try {
      const value = await run();
      this.#breaker!.settle(ticket, 'good', this.#now());
      return value;
    } catch (error) {
      const verdict = this.#verdictOf(error);
      if (verdict === 'failed') this.#lastError = error;
      this.#breaker!.settle(ticket, verdict, this.#now());
      throw error;
    }
  }

  #verdictOf(error: unknown): LoadVerdict {
    const when = this.options.breaker?.when;
    if (when === undefined) return verdictOf(error);
    try {
      return when(error) ? 'failed' : 'good';
    } catch {
      return 'failed';
    }
  }

  #checkBreaker(): void {
    if (this.#breaker?.admits(this.#now()) === false) throw this.#open();
  }

  #open(): CacheBreakerOpenError {
    const { emit } = this.surroundings;
    emit({ type: 'load-refused', cache: this.cache, by: 'breaker' });
    const cause = this.#lastError;
    const retryAfterMs = Math.ceil(this.#breaker!.retryAfterMs(this.#now()));
    const about = cause === undefined ? '' : `; the last error was: ${inWords(cause)}`;
    return new CacheBreakerOpenError(
      `cache ${this.cache}: its source failed or was slow too often and is left alone (breaker)${about}`,
      { retryAfterMs, cause },
    );
  }

  #overloaded(why: BulkheadRefusal): CacheOverloadError {
    const { concurrency, queue, waitMs } = this.options.bulkhead!;
    this.surroundings.emit({ type: 'load-refused', cache: this.cache, by: 'bulkhead' });
    const reason =
      why === 'full'
        ? `${concurrency} loads are running and ${queue} waiting`
        : `there was no place within ${waitMs} ms, with ${concurrency} loads running`;
    return new CacheOverloadError(`cache ${this.cache}: the load was refused (bulkhead): ${reason}`, {
      retryAfterMs: 0,
    });
  }

  #skip(): void {
    this.surroundings.emit({ type: 'refresh-skipped', cache: this.cache });
  }

  #tell(state: LoadBreakerState): void {
    const last = this.#lastError === undefined ? '' : `; the last error was: ${inWords(this.#lastError)}`;
    const reason = {
      open: `its source fails or is slow too often and is left alone for ${this.options.breaker!.openForMs} ms${last}`,
      'half-open': 'its source is tried again',
      closed: 'its source answers again',
    }[state];
    if (state === 'closed') this.#lastError = undefined;
    this.surroundings.emit({ type: 'breaker', cache: this.cache, state, reason });
  }

  status(): OriginStatus {
    return {
      running: this.#bulkhead?.running,
      queued: this.#bulkhead?.queued,
      breaker: this.#breaker?.state(this.#now()),
      refreshes: this.#refreshes?.running,
    };
  }
}

/** Where those who come to wait for a flight find the place that it waits for. */
function setPlace(flights: readonly GuardedFlight[], place: Place | undefined): void {
  for (const flight of flights) flight.place = place;
}

const inWords = (error: unknown): string => (error instanceof Error ? error.message : String(error));
