import type { CacheEntry } from '../entry/cache-entry.js';
import { localKey, type LocalKey } from '../entry/key-encoding.js';
import { pagesOf } from '../entry/pages.js';
import type { BatchRequest } from '../flow/batch-request.js';
import type { EngineParts } from '../flow/engine-parts.js';
import type { Found } from '../flow/found.js';
import type { LoadContext } from '../flow/load-collector.js';
import type { ReadOutcome } from '../flow/outcome.js';
import type { ReadFlow } from '../flow/read.flow.js';
import type { ReadManyFlow } from '../flow/read-many.flow.js';
import { currentScope, type Tally } from '../flow/scope.js';
import { waitsWithoutEnd } from '../flow/waiting.js';
import type { CacheStatistics } from './cache-statistics.js';

/** Who is told of the answers to a batch, place by place. */
export interface Answers {
  resolve(place: number, value: unknown): void;
  reject(place: number, error: unknown): void;
}

/** What of the desk of a cache its batches need. */
interface SingleReads {
  readonly statistics: CacheStatistics;
  hot(key: LocalKey): CacheEntry | undefined;
  accept(found: Found): CacheEntry | undefined;
  unpack(entry: CacheEntry): unknown;
  told(tally: Tally, key: string, outcome: ReadOutcome): Promise<ReadOutcome>;
  isBypassed(): boolean;
  askTheSource<T>(load: (context: LoadContext) => T, reads: number): T;
}

/** The batches of one cache: taken in, counted item by item, and handed out. */
export class BatchReads {
  constructor(
    private readonly desk: SingleReads,
    private readonly parts: EngineParts,
    private readonly reads: ReadFlow,
    private readonly readsOfMany: ReadManyFlow,
  ) {}

  /** @returns a value for each key, in their order. @throws the first error, when a value can't be had */
  async read(batch: BatchRequest): Promise<unknown[]> {
    if (this.desk.isBypassed()) return this.#askTheSourceForMany(batch);
    const values: unknown[] = [];
    const begun = this.parts.runtime.monotonic();
    const cold = this.#openHot(batch, values);
    if (cold.length === 0) return values;
    const { tracer } = this.parts.tracing;
    if (tracer === undefined) return this.#readCold(batch, cold, values, begun);
    const attributes = { 'cache.name': batch.region.name, 'cache.keys': cold.length };
    return tracer.span('cache.read', attributes, () => this.#readCold(batch, cold, values, begun));
  }

  /** Those that memory alone couldn't answer, put in their places among the others. */
  async #readCold(batch: BatchRequest, cold: readonly number[], values: unknown[], begun: number): Promise<unknown[]> {
    const looked = await this.#lookAtMany(batch, cold, (place, entry) => (values[place] = this.desk.unpack(entry)));
    const { places } = looked;
    if (places.length === 0) return values;
    const tally = currentScope()?.tally;
    if (tally === undefined) this.desk.statistics.reads += places.length;
    const outcomes = await this.readsOfMany.read(looked.batch, places);
    if (tally === undefined) for (const { kind } of outcomes) this.#ended(kind, begun);
    else await Promise.all(outcomes.map((outcome, i) => this.desk.told(tally, batch.keys[places[i]!]!, outcome)));
    for (const [index, place] of places.entries()) values[place] = this.#openNow(outcomes[index]!);
    return values;
  }

  /**
   * One look into the shared tier before anything else is made for these reads, under the same conditions as for a
   * single one. Tells of those that it answers. @returns the others, and how they go on with what was found
   */
  async #lookAtMany(
    batch: BatchRequest,
    places: readonly number[],
    tell: (place: number, entry: CacheEntry) => void,
  ): Promise<{ readonly batch: BatchRequest; readonly places: readonly number[] }> {
    const { options, keys, request, region } = batch;
    const isLooking =
      this.parts.shared.present && !options.strong && waitsWithoutEnd(options) && currentScope() === undefined;
    if (!isLooking || !this.parts.journal.replica.trusts(this.parts.runtime.now())) return { batch, places };
    // what memory has may be an answer that needn't be waited for, and what somebody is loading is on its way
    const looking = places.filter(
      (place) => region.memory.find(keys[place]!) === undefined && region.flights.get(keys[place]!) === undefined,
    );
    if (looking.length === 0) return { batch, places };
    const found = await this.reads.sharedEntries.lookAtMany(
      region,
      looking.map((place) => keys[place]!),
    );
    const rest = new Map<number, Found | undefined>(places.map((place) => [place, undefined]));
    for (const [index, place] of looking.entries()) {
      const entry = this.desk.accept(found[index]!);
      if (entry === undefined) rest.set(place, found[index]);
      else {
        rest.delete(place);
        tell(place, entry);
      }
    }
    const goOn: typeof request = (place) => request(place, rest.get(place));
    return { batch: { ...batch, request: goOn }, places: [...rest.keys()] };
  }

  /** Every read of the batch by itself: each is answered as soon as its answer is there. */
  async readEach(batch: BatchRequest, answer: Answers): Promise<void> {
    const places = batch.keys.map((_, place) => place);
    const begun = this.parts.runtime.monotonic();
    if (this.desk.isBypassed()) {
      await this.#askTheSourceForMany(batch).then(
        (values) => places.forEach((place) => answer.resolve(place, values[place])),
        (error: unknown) => places.forEach((place) => answer.reject(place, error)),
      );
      return;
    }
    const openTo = (place: number, open: () => unknown): void => {
      try {
        answer.resolve(place, open());
      } catch (error) {
        answer.reject(place, error);
      }
    };
    const looked = await this.#lookAtMany(batch, places, (place, entry) =>
      openTo(place, () => this.desk.unpack(entry)),
    );
    if (looked.places.length === 0) return;
    const tally = currentScope()?.tally;
    if (tally === undefined) this.desk.statistics.reads += looked.places.length;
    await this.readsOfMany.read(looked.batch, looked.places, (index, outcome) => {
      if (tally === undefined) this.#ended(outcome.kind, begun);
      else this.parts.background.add(this.desk.told(tally, batch.keys[looked.places[index]!]!, outcome));
      openTo(looked.places[index]!, () => this.#openNow(outcome));
    });
  }

  /** Looks into the tiers; `undefined` where there is nothing. */
  async peek(batch: BatchRequest, allowStale: boolean): Promise<unknown[]> {
    if (this.desk.isBypassed()) {
      this.desk.statistics.bypassed += batch.keys.length;
      return batch.keys.map(() => undefined);
    }
    const values: unknown[] = [];
    const begun = this.parts.runtime.monotonic();
    const places = this.#openHot(batch, values);
    if (places.length === 0) return values;
    this.desk.statistics.reads += places.length;
    const outcomes = await this.readsOfMany.peek(batch, places, allowStale);
    for (const outcome of outcomes) this.#ended(outcome?.kind ?? 'absent', begun);
    for (const [index, place] of places.entries()) {
      const outcome = outcomes[index];
      values[place] = outcome === undefined ? undefined : this.#openNow(outcome);
    }
    return values;
  }

  #ended(kind: ReadOutcome['kind'], begun: number): void {
    this.desk.statistics[kind]++;
    this.desk.statistics.readTimes.note(this.parts.runtime.monotonic() - begun);
  }

  /** Opens what needs nothing but a look into memory, which outside of scopes is most. @returns the other places */
  #openHot({ keys, options }: BatchRequest, values: unknown[]): number[] {
    const isHot = !options.strong && currentScope() === undefined;
    const places: number[] = [];
    for (let place = 0; place < keys.length; place++) {
      const entry = isHot ? this.desk.hot(localKey(keys[place]!)) : undefined;
      if (entry === undefined) places.push(place);
      values.push(entry === undefined ? undefined : this.desk.unpack(entry));
    }
    return places;
  }

  /** Each key once, and no more at a time than the loader takes. */
  async #askTheSourceForMany({ keys, load, maxSize }: BatchRequest): Promise<unknown[]> {
    this.desk.statistics.bypassed += keys.length;
    const firstPlaces = new Map<string, number>();
    keys.forEach((key, place) => firstPlaces.set(key, firstPlaces.get(key) ?? place));
    const byPlace = new Map<number, unknown>();
    for (const places of pagesOf([...firstPlaces.values()], maxSize)) {
      const values = await this.desk.askTheSource((context) => load(places, context), 0);
      for (const [index, place] of places.entries()) byPlace.set(place, values[index]);
    }
    return keys.map((key) => byPlace.get(firstPlaces.get(key)!));
  }

  #openNow(outcome: ReadOutcome): unknown {
    if (!('entry' in outcome)) throw outcome.error;
    return this.desk.unpack(outcome.entry);
  }
}
