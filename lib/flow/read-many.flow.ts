import type { ReadOutcome } from './outcome.js';
import type { EngineParts } from './engine-parts.js';
import { LoaderRunner, type LoadItem } from './loader-runner.js';
import type { LoadContext } from './load-collector.js';
import type { ReadFlow } from './read.flow.js';
import type { Reader, ReadRequest } from './reader.js';

/** Loads the values at these places of the request, in their order. */
export type LoadMissing = (places: readonly number[], context: LoadContext) => Promise<readonly unknown[]>;

interface MissingItem extends LoadItem {
  readonly reader: Reader;
  readonly place: number;
}

/** A batch of reads of one cache: what is in memory, then what others are loading, then one load for the rest. */
export class ReadManyFlow {
  readonly #loaders: LoaderRunner;

  constructor(
    private readonly parts: EngineParts,
    private readonly reads: ReadFlow,
  ) {
    this.#loaders = new LoaderRunner(parts);
  }

  /** @returns an outcome for each request, in their order */
  async read(requests: readonly ReadRequest[], loadMissing: LoadMissing): Promise<ReadOutcome[]> {
    const readers = await Promise.all(requests.map(async (request) => this.reads.begin(request)));
    const missing = new Map<string, MissingItem>();
    const outcomes = readers.map((reader, place) => this.#start(reader, place, missing));
    if (missing.size > 0) void this.#fly([...missing.values()], loadMissing);
    return Promise.all(
      readers.map(async (reader, place) => {
        const outcome = await outcomes[place]!();
        this.reads.teach(reader, outcome);
        return outcome;
      }),
    );
  }

  /** Decides at once what becomes of one item; what it has to wait for comes later. */
  #start(reader: Reader, place: number, missing: Map<string, MissingItem>): () => Promise<ReadOutcome> {
    const { region, key, transaction, request } = reader;
    const remembered = this.reads.recall(reader);
    if (remembered !== undefined) return () => Promise.resolve(remembered);
    const twin = missing.get(key);
    if (twin !== undefined)
      return async () => (await this.reads.waitFor(twin.flight, reader, false)) ?? this.reads.answer(reader);
    // somebody is loading it
    if (transaction === undefined && region.flights.get(key) !== undefined) return () => this.reads.answer(reader);
    const flight = transaction === undefined ? region.flights.open(key) : region.flights.unlisted();
    missing.set(key, { reader, place, request, flight });
    return async () => (await this.reads.waitFor(flight, reader, true)) ?? this.reads.answer(reader);
  }

  async #fly(missing: readonly MissingItem[], loadMissing: LoadMissing): Promise<void> {
    const rest = await this.#withoutAbsent(await this.#lookIntoSharedTier(missing));
    const [first] = rest;
    if (first === undefined) return;
    const { region, strong, transaction, request } = first.reader;
    const { pauses, flights } = region;
    try {
      const places = rest.map(({ place }) => place);
      const loaded = await this.#loaders.runMany(rest, { strong, transaction, background: false }, (context) =>
        loadMissing(places, context),
      );
      rest.forEach(({ reader: { key }, flight }, index) => {
        const { entry } = loaded![index]!; // only refreshes in the background are skipped
        region.noteShared(key, !entry.personal);
        pauses.end(key);
        flights.land(key, flight, { entry, source: 'load' });
      });
    } catch (error) {
      for (const { reader, flight } of rest) {
        region.pauseAfter(error, reader.key, flight.old, request.options, this.parts.runtime.now());
        flights.fail(reader.key, flight, error);
      }
    }
  }

  /** Those that may exist at the source; the others are landed. */
  async #withoutAbsent(missing: readonly MissingItem[]): Promise<readonly MissingItem[]> {
    const [first] = missing;
    if (first?.reader.region.ids === undefined || !this.#mayAskForIds(first.reader)) return missing;
    const absent = await this.reads.absentKeys.ofMany(missing.map(({ reader }) => reader));
    return missing.filter(({ reader: { region, key }, flight }, index) => {
      const entry = absent[index];
      if (entry !== undefined) region.flights.land(key, flight, { entry, source: 'ids' });
      return entry === undefined;
    });
  }

  #mayAskForIds({ confirmed }: Reader): boolean {
    return !this.parts.shared.present || confirmed;
  }

  /** One round trip for all; what it has is landed, the rest is returned. */
  async #lookIntoSharedTier(missing: readonly MissingItem[]): Promise<readonly MissingItem[]> {
    const { shared } = this.parts;
    if (!shared.present || !missing[0]!.reader.confirmed) return missing;
    const found = await shared.getMany(missing.map(({ reader: { region, key } }) => region.address(key)));
    const { sharedEntries } = this.reads;
    const entries = await Promise.all(missing.map(({ reader }, index) => sharedEntries.open(found[index], reader)));
    return missing.filter(({ reader, flight }, index) => {
      const result = this.reads.adopt(entries[index], flight, reader, { serveOld: true });
      if (result !== undefined) reader.region.flights.land(reader.key, flight, result);
      return result === undefined;
    });
  }
}
