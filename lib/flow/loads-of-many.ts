import type { CacheEntry } from '../entry/cache-entry.js';
import { pagesOf } from '../entry/pages.js';
import type { BatchRequest } from './batch-request.js';
import { NOTHING, type FlightResult, type LoadFlight } from './cache-region.js';
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
    const { shared } = this.parts;
    const { confirmed } = missing[0]!.reader;
    // without a confirmed journal nobody can say whether what the shared tier holds is fresh
    const isShared = shared.present && confirmed;
    const rest = isShared ? await this.#lookIntoSharedTier(missing, background) : missing;
    let failure: { readonly error: unknown } | undefined;
    for (const part of pagesOf(rest, batch.maxSize)) {
      // a source that has failed isn't asked for the rest
      if (failure !== undefined) this.#fail(part, failure.error);
      else if (isShared && shared.isReachable) failure = await this.#loadUnderLocks(part, batch, background);
      else failure = await this.#load(part, batch, background);
    }
  }

  /** The refreshes that the reads of this batch ask for; those of one turn become one load. */
  refreshesOf(batch: BatchRequest): RefreshesOfMany {
    let waiting: MissingItem[] = [];
    const places = new Map<string, number>();
    return {
      add: (flight, reader) => {
        if (places.size === 0) batch.keys.forEach((key, place) => places.set(key, place));
        waiting.push({ flight, reader, request: reader.request, place: places.get(reader.key)! });
        if (waiting.length > 1) return;
        const turn = Promise.resolve().then(() => {
          const together = waiting;
          waiting = [];
          return this.fly(together, batch, true);
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
   * Loads what it gets the locks of, and meanwhile looks for what others are loading, taking over what doesn't come.
   * Nobody holds a lock because of a key he waits for, so two batches can't wait for each other.
   * @returns how the first load failed, if it did
   */
  async #loadUnderLocks(items: readonly MissingItem[], batch: BatchRequest, background: boolean): Promise<Failure> {
    const { locks, runtime, lockTimeoutMs, background: work } = this.parts;
    const begun = runtime.monotonic();
    const loads: Promise<Failure>[] = [];
    let waiting = items;
    for (let attempts = 0; waiting.length > 0; attempts++) {
      const { lease, acquired, found } = await locks.tryAcquireMany(addressesOf(waiting));
      const ours = new Set(waiting.filter((_, index) => acquired[index]));
      const entries = waiting.map(({ reader }, index) => this.reads.sharedEntries.open(found[index], reader));
      const rest = this.#adopt(waiting, await Promise.all(entries), background);
      const mine = rest.filter((item) => ours.has(item));
      const release = async (): Promise<void> => lease?.release();
      if (mine.length > 0) loads.push(this.#load(mine, batch, background, release));
      else if (lease !== undefined) work.add(release());
      waiting = rest.filter((item) => !ours.has(item));
      if (waiting.length === 0) break;
      const waitedMs = runtime.monotonic() - begun;
      if (background || waitedMs >= lockTimeoutMs) {
        if (background) for (const { reader, flight } of waiting) this.#land(reader, flight, NOTHING, true);
        else loads.push(this.#load(waiting, batch, background));
        break;
      }
      const pauseMs = attempts === 0 ? 5 : waitedMs < 1_000 ? 10 : 40;
      const forMs = pauseMs * Math.ceil(waiting.length / WATCHED_AT_ONCE);
      await new Promise<void>((resolve) => runtime.after(forMs, resolve));
    }
    return (await Promise.all(loads)).find((failure) => failure !== undefined);
  }

  async #load(
    items: readonly MissingItem[],
    batch: BatchRequest,
    background: boolean,
    release?: () => Promise<void>,
  ): Promise<Failure> {
    const { strong, transaction } = items[0]!.reader;
    const { region } = batch;
    try {
      const places = items.map(({ place }) => place);
      const run = (): ReturnType<LoaderRunner['runMany']> =>
        this.#loaders.runMany(items, { strong, transaction, background }, (context) => batch.load(places, context));
      const { entries, stored } = await (background ? outsideScopes(run) : run());
      if (release !== undefined) this.parts.background.add(stored.then(release));
      items.forEach(({ reader, flight }, index) => {
        const entry = entries[index]!;
        region.noteShared(reader.key, !entry.personal);
        region.pauses.end(reader.key);
        this.#land(reader, flight, { entry, source: 'load' }, background);
      });
      return undefined;
    } catch (error) {
      if (release !== undefined) this.parts.background.add(release());
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

const addressesOf = (items: readonly MissingItem[]): ReturnType<Reader['region']['address']>[] =>
  items.map(({ reader: { region, key } }) => region.address(key));
