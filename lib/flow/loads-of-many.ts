import type { Runtime } from '../cache.runtime.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import { pagesOf } from '../entry/pages.js';
import type { BatchRequest } from './batch-request.js';
import { beginRefresh, NOTHING, type FlightResult, type LoadFlight } from './cache-region.js';
import type { EngineParts } from './engine-parts.js';
import { LoaderRunner, type LoadItem } from './loader-runner.js';
import type { ReadFlow } from './read.flow.js';
import type { Reader, RefreshesOfMany } from './reader.js';
import { outsideScopes } from './scope.js';

/** A key of a batch that has to be looked up or loaded. */
export interface MissingItem extends LoadItem {
  readonly reader: Reader;
  readonly place: number;
}

/** Of so many keys that somebody else is loading, each look costs the server as much as one did. */
const WATCHED_AT_ONCE = 250;

/** Gets what is missing of a batch, together: one look into the shared tier, the locks in one go, one load. */
export class LoadsOfMany {
  readonly #loaders: LoaderRunner;

  constructor(
    private readonly parts: EngineParts,
    private readonly reads: ReadFlow,
  ) {
    this.#loaders = new LoaderRunner(parts);
  }

  /** Never rejects: what happens on the way is what the flights bring. */
  async fly(missing: readonly MissingItem[], batch: BatchRequest, background: boolean): Promise<void> {
    const { shared, runtime, lockTimeoutMs } = this.parts;
    const { confirmed } = missing[0]!.reader;
    // without a confirmed journal nobody can say whether what the shared tier holds is fresh
    const isShared = shared.present && confirmed;
    const unanswered = isShared ? await this.#lookIntoSharedTier(missing, background) : missing;
    const mayAskForIds = !background && (isShared || !shared.present);
    const rest = mayAskForIds ? await this.#withoutAbsent(unanswered) : unanswered;
    if (!background && !this.#isAdmitted(rest)) return;
    const attempt: Attempt = (items, isLast) => this.#takeLocks(items, terms, isLast);
    const waited = (ms: number, keys: number): void =>
      this.parts.emit({ type: 'lock-wait', cache: batch.region.name, ms, keys });
    const watch = new Watch(runtime, lockTimeoutMs, attempt, waited);
    const terms: Terms = { batch, background, watch };
    let failure: Failure;
    for (const part of pagesOf(rest, batch.maxSize)) {
      // a source that has failed isn't asked for the rest
      if (failure !== undefined) this.#fail(part, failure.error);
      else if (isShared && shared.isReachable) failure = await (await this.#takeLocks(part, terms, false)).load;
      else failure = await this.#load(part, terms);
    }
    await watch.end();
  }

  /** Those that may exist at the source; the others are landed. */
  async #withoutAbsent(missing: readonly MissingItem[]): Promise<readonly MissingItem[]> {
    if (missing[0]?.reader.region.ids === undefined) return missing;
    const absent = await this.reads.absentKeys.ofMany(missing.map(({ reader }) => reader));
    return missing.filter(({ reader, flight }, index) => {
      const entry = absent[index];
      if (entry !== undefined) this.#land(reader, flight, { entry, source: 'ids' }, false);
      return entry === undefined;
    });
  }

  /** Whether the guard of the source lets a load through at all, asked before anything is done for it; else they fail. */
  #isAdmitted(items: readonly MissingItem[]): boolean {
    const [first] = items;
    try {
      first?.reader.region.guard?.check({ outer: first.reader.scope?.flights ?? [] });
      return true;
    } catch (error) {
      this.#fail(items, error);
      return false;
    }
  }

  /** The refreshes that the reads of this batch ask for; those of one turn become one load. */
  refreshesOf(batch: BatchRequest): RefreshesOfMany {
    let waiting: MissingItem[] = [];
    let end: (() => void) | undefined;
    const places = new Map<string, number>();
    return {
      mayBegin: () => {
        if (waiting.length === 0) end = beginRefresh(batch.region);
        return end !== undefined;
      },
      add: (flight, reader) => {
        if (places.size === 0) batch.keys.forEach((key, place) => places.set(key, place));
        waiting.push({ flight, reader, request: reader.request, place: places.get(reader.key)! });
        if (waiting.length > 1) return;
        const turn = Promise.resolve().then(() => {
          const together = waiting;
          waiting = [];
          return this.parts.tracing.detached(() => this.fly(together, batch, true)).finally(end);
        });
        this.parts.background.add(turn);
      },
    };
  }

  /** One round trip for all; what it has is landed, the rest is returned. */
  async #lookIntoSharedTier(missing: readonly MissingItem[], background: boolean): Promise<readonly MissingItem[]> {
    const entries = await this.reads.sharedEntries.findMany(missing.map(({ reader }) => reader));
    return this.#adopt(missing, entries, background);
  }

  /** Lands what was found, as far as it is good for anything. @returns the others */
  #adopt(
    items: readonly MissingItem[],
    entries: readonly (CacheEntry | undefined)[],
    background: boolean,
  ): readonly MissingItem[] {
    return items.filter(({ reader, flight }, index) => {
      const result = this.reads.adopt(entries[index], flight, reader, { serveOld: true });
      if (result !== undefined) this.#land(reader, flight, result, background);
      return result === undefined;
    });
  }

  /**
   * Loads what it gets the locks of, and leaves what others are loading to be watched meanwhile. Nobody holds a lock
   * because of a key he waits for, so two batches can't wait for each other.
   * @param isLast what isn't there by now is loaded without its lock
   */
  async #takeLocks(items: readonly MissingItem[], terms: Terms, isLast: boolean): Promise<UnderWay> {
    const { lease, acquired, found } = await this.parts.locks.tryAcquireMany(addressesOf(items));
    const ours = new Set(items.filter((_, index) => acquired[index]));
    const entries = items.map(({ reader }, index) => this.reads.sharedEntries.open(found[index], reader));
    const rest = this.#adopt(items, await Promise.all(entries), terms.background);
    const mine = isLast ? rest : rest.filter((item) => ours.has(item));
    const others = isLast ? [] : rest.filter((item) => !ours.has(item));
    if (terms.background) for (const { reader, flight } of others) this.#land(reader, flight, NOTHING, true);
    else if (others.length > 0) terms.watch.add(others);
    const release = async (): Promise<void> => lease?.release();
    if (mine.length > 0) return { load: this.#loadParts(mine, terms, release) };
    if (lease !== undefined) this.parts.background.add(release());
    return { load: undefined };
  }

  /** What was taken over may have been left by several parts. */
  async #loadParts(items: readonly MissingItem[], terms: Terms, release: () => Promise<void>): Promise<Failure> {
    const parts = pagesOf(items, terms.batch.maxSize);
    let failure: Failure;
    for (const [index, part] of parts.entries()) {
      const isLast = index === parts.length - 1;
      if (failure === undefined) failure = await this.#load(part, terms, isLast ? release : undefined);
      else this.#fail(part, failure.error);
    }
    if (failure !== undefined) this.parts.background.add(release());
    return failure;
  }

  async #load(items: readonly MissingItem[], terms: Terms, release?: () => Promise<void>): Promise<Failure> {
    const { strong, transaction } = items[0]!.reader;
    const { batch, background } = terms;
    const { region } = batch;
    try {
      const places = items.map(({ place }) => place);
      const run = (): ReturnType<LoaderRunner['runMany']> =>
        this.#loaders.runMany(items, { strong, transaction, background }, (context) => batch.load(places, context));
      const loaded = await (background ? outsideScopes(run) : run());
      if (loaded === undefined) {
        if (release !== undefined) this.parts.background.add(release());
        for (const { reader, flight } of items) this.#land(reader, flight, NOTHING, background);
        return undefined;
      }
      const { entries, stored } = loaded;
      if (release !== undefined) this.parts.background.add(stored.then(release));
      items.forEach(({ reader, flight }, index) => {
        const entry = entries[index]!;
        region.noteShared(reader.key, !entry.personal);
        region.pauses.end(reader.key);
        this.#land(reader, flight, { entry, source: 'load' }, background);
      });
      return undefined;
    } catch (error) {
      this.#fail(items, error);
      return { error };
    }
  }

  #land({ region, key }: Reader, flight: LoadFlight, result: FlightResult, background: boolean): void {
    if (background) result.entry?.dropSpare();
    region.flights.land(key, flight, result);
  }

  #fail(items: readonly MissingItem[], error: unknown): void {
    const now = this.parts.runtime.now();
    for (const { reader, flight, request } of items) {
      const { region, key } = reader;
      region.pauseAfter(error, key, flight.old, request.options, now);
      region.flights.fail(key, flight, error);
    }
  }
}

type Failure = { readonly error: unknown } | undefined;

/** What holds for all loads of one batch. */
interface Terms {
  readonly batch: BatchRequest;
  readonly background: boolean;
  readonly watch: Watch;
}

/** A load that was begun, if there was anything to load. */
interface UnderWay {
  readonly load: Promise<Failure> | undefined;
}

type Attempt = (items: readonly MissingItem[], isLast: boolean) => Promise<UnderWay>;

/** Keys that other processes are loading, looked for again and again until they are there or taken over. */
class Watch {
  #waiting: MissingItem[] = [];
  #begun: number | undefined;
  #watching: Promise<void> | undefined;
  readonly #loads: Promise<Failure>[] = [];

  constructor(
    private readonly runtime: Runtime,
    private readonly timeoutMs: number,
    private readonly attempt: Attempt,
    private readonly waited: (ms: number, keys: number) => void,
  ) {}

  add(items: readonly MissingItem[]): void {
    this.#waiting.push(...items);
    this.#begun ??= this.runtime.monotonic();
    this.#watching ??= this.#watch(this.#begun);
  }

  /** Resolves when nothing is watched any more, and what was taken over is loaded. */
  async end(): Promise<void> {
    await this.#watching;
    await Promise.all(this.#loads);
  }

  async #watch(begun: number): Promise<void> {
    for (let attempts = 0; this.#waiting.length > 0; attempts++) {
      const waitedMs = this.runtime.monotonic() - begun;
      const pauseMs = attempts === 0 ? 5 : waitedMs < 1_000 ? 10 : 40;
      const forMs = pauseMs * Math.ceil(this.#waiting.length / WATCHED_AT_ONCE);
      await new Promise<void>((resolve) => this.runtime.after(forMs, resolve));
      const items = this.#waiting;
      const waitingMs = this.runtime.monotonic() - begun;
      this.#waiting = [];
      const { load } = await this.attempt(items, this.runtime.monotonic() - begun >= this.timeoutMs);
      if (load !== undefined) this.#loads.push(load);
      // those that go on waiting have been added again
      this.waited(waitingMs, items.length - this.#waiting.length);
    }
    this.#watching = undefined;
  }
}

const addressesOf = (items: readonly MissingItem[]): ReturnType<Reader['region']['address']>[] =>
  items.map(({ reader: { region, key } }) => region.address(key));
