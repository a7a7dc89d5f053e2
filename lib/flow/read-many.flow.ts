import type { BatchRequest } from './batch-request.js';
import type { EngineParts } from './engine-parts.js';
import { LoadsOfMany, type MissingItem } from './loads-of-many.js';
import type { ReadOutcome } from './outcome.js';
import type { ReadFlow } from './read.flow.js';
import type { Reader } from './reader.js';

/**
 * A batch of reads of one cache: what is in memory, then what others are loading, then one look into the shared tier
 * and one load for the rest. What a load brought and isn't an answer is asked for again, once more together.
 */
export class ReadManyFlow {
  readonly #loads: LoadsOfMany;

  constructor(
    parts: EngineParts,
    private readonly reads: ReadFlow,
  ) {
    this.#loads = new LoadsOfMany(parts, reads);
  }

  /**
   * @param tell is told of each outcome as soon as it is there
   * @returns an outcome for each of the places, in their order
   */
  async read(
    batch: BatchRequest,
    places: readonly number[],
    tell?: (index: number, outcome: ReadOutcome) => void,
  ): Promise<ReadOutcome[]> {
    const begun = this.#begin(batch, places);
    const readers = begun instanceof Promise ? await begun : begun;
    const outcomes: ReadOutcome[] = [];
    const settle = (index: number, outcome: ReadOutcome): void => {
      outcomes[index] = outcome;
      this.reads.teach(readers[index]!, outcome);
      tell?.(index, outcome);
    };
    let open = places.map((_, index) => index);
    for (let joins = 0; open.length > 0; joins++) {
      const left: number[] = [];
      const take = (index: number, outcome: ReadOutcome | undefined): void =>
        outcome === undefined ? void left.push(index) : settle(index, outcome);
      const missing = new Map<string, MissingItem>();
      const waits: Promise<void>[] = [];
      for (const index of open) {
        const answer = this.#start(readers[index]!, places[index]!, joins, missing);
        if (answer instanceof Promise) waits.push(answer.then((outcome) => take(index, outcome)));
        else take(index, answer);
      }
      if (missing.size > 0) void this.#loads.fly([...missing.values()], batch, false);
      if (waits.length > 0) await Promise.all(waits);
      open = left;
    }
    return outcomes;
  }

  /** Looks into the tiers and goes no further. @returns `undefined` where there is nothing, or nothing fresh */
  async peek(
    batch: BatchRequest,
    places: readonly number[],
    allowStale: boolean,
  ): Promise<(ReadOutcome | undefined)[]> {
    const readers = await this.#begin(batch, places);
    const outcomes = readers.map((reader) => this.reads.lookIntoMemory(reader));
    const wanting = readers.filter((reader, index) => this.reads.wantsSharedTier(reader, outcomes[index]));
    const found = new Map<Reader, ReadOutcome | undefined>();
    if (wanting.length > 0) {
      const entries = await this.reads.sharedEntries.findMany(wanting);
      for (const [index, reader] of wanting.entries()) found.set(reader, this.reads.take(entries[index], reader));
    }
    return readers.map((reader, index) =>
      this.reads.welcome(found.has(reader) ? found.get(reader) : outcomes[index], reader, allowStale),
    );
  }

  /** All of them begin at one moment: what is known of it is asked once. */
  #begin(batch: BatchRequest, places: readonly number[]): Reader[] | Promise<Reader[]> {
    const refreshes = this.#loads.refreshesOf(batch);
    const each = (first: Reader): Reader[] =>
      places.map((place) => {
        const request = batch.request(place, undefined);
        const { region, strong, scope, transaction, mark, confirmed } = first;
        const { key, found } = request;
        return { request, region, key, strong, scope, transaction, mark, confirmed, found, refreshes };
      });
    const first = this.reads.begin(batch.request(places[0]!, undefined));
    return first instanceof Promise ? first.then(each) : each(first);
  }

  /** Decides at once what becomes of one item; what it has to wait for comes later. */
  #start(
    reader: Reader,
    place: number,
    joins: number,
    missing: Map<string, MissingItem>,
  ): ReadOutcome | Promise<ReadOutcome | undefined> {
    const { region, key, request } = reader;
    const remembered = this.reads.recall(reader);
    if (remembered !== undefined) return remembered;
    const twin = missing.get(key);
    if (twin !== undefined) return this.reads.waitFor(twin.flight, reader, false);
    const { joinable, offered } = this.reads.course(reader, joins);
    if (joinable !== undefined) return this.reads.waitFor(joinable, reader, false);
    const flight = offered ? region.flights.open(key) : region.flights.unlisted();
    missing.set(key, { reader, place, request, flight });
    return this.reads.waitFor(flight, reader, true);
  }
}
