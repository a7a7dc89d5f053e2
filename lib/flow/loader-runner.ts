import { CacheSerializationError, CacheTimeoutError, type CacheError } from '../cache.errors.js';
import type { NotStoredReason } from '../cache.events.js';
import type { CacheEntry, LoadMark } from '../entry/cache-entry.js';
import { userTags } from '../entry/tags.js';
import type { EncodedValue } from '../entry/value-codec.js';
import { DEFAULTS } from '../options/cache-options.defaults.js';
import type { ResolvedReadOptions } from '../options/resolved-options.js';
import type { CacheRegion, LoadFlight } from './cache-region.js';
import type { EngineParts } from './engine-parts.js';
import { describe, EntryWriter, type EntryDraft } from './entry-writer.js';
import { LoadCollector, type LoadContext } from './load-collector.js';
import { currentScope, withScope, withSynchronousLoad, type Scope } from './scope.js';

/** How to get a value from its origin, and what to know about it. */
export interface LoadRequest {
  readonly region: CacheRegion;
  /** As it is stored. */
  readonly key: string;
  readonly options: ResolvedReadOptions;
  readonly load: (context: LoadContext) => unknown;
  /** User tags that are known before the load. */
  readonly tags: () => readonly string[];
  /** User tags that depend on the value. */
  readonly tagsOfResult: ((value: unknown) => readonly string[]) | undefined;
  /** Values that aren't to be stored. */
  readonly unless: ((value: unknown) => boolean) | undefined;
}

export interface LoadSurroundings {
  readonly strong: boolean;
  readonly transaction: Scope['transaction'];
  readonly background: boolean;
}

/** What a load brought: an entry, and the bytes' way into the shared tier, which nobody needs to wait for. */
export interface Loaded {
  readonly entry: CacheEntry;
  readonly stored: Promise<void>;
}

/** One of the keys a loader is called for. */
export interface LoadItem {
  readonly request: LoadRequest;
  readonly flight: LoadFlight;
}

/** What the loader returned for one key, on its way to become an entry. */
interface Draft extends LoadItem {
  readonly surroundings: LoadSurroundings;
  readonly collector: LoadCollector;
  readonly mark: LoadMark;
  readonly tags: readonly string[];
  readonly value: unknown;
  readonly isError: boolean;
  readonly costMs: number;
}

/** Runs loaders and makes entries of what they return. */
export class LoaderRunner {
  readonly #writer: EntryWriter;

  constructor(private readonly parts: EngineParts) {
    this.#writer = new EntryWriter(parts);
  }

  /** @throws whatever the loader threw, untouched */
  async run(request: LoadRequest, flight: LoadFlight, surroundings: LoadSurroundings): Promise<Loaded> {
    const [loaded] = await this.runMany([{ request, flight }], surroundings, async (context) => [
      await request.load(context),
    ]);
    return loaded!;
  }

  /**
   * One call of a loader for several keys of one cache; its values in the order of the keys.
   * @throws whatever the loader threw, untouched
   */
  async runMany(
    items: readonly LoadItem[],
    surroundings: LoadSurroundings,
    load: (context: LoadContext) => Promise<readonly unknown[]>,
  ): Promise<Loaded[]> {
    const { runtime, journal } = this.parts;
    const mark = journal.replica.mark(runtime.now());
    const { options } = items[0]!.request;
    const tags = items.map(({ request }) => userTags(request.tags(), () => describe(request)));
    const collector = this.#collector(items[0]!, mark);
    const giveUp = this.#giveUpLater(items, collector);
    const begun = runtime.monotonic();
    const drafts = (values: readonly unknown[], isError: boolean): Draft[] =>
      items.map((item, index) => ({
        ...item,
        surroundings,
        collector,
        mark,
        tags: tags[index]!,
        value: values[index],
        isError,
        costMs: runtime.monotonic() - begun,
      }));
    for (const { flight } of items) flight.collector = collector;
    try {
      const values = await this.#call(items, surroundings, collector, load);
      return drafts(values, false).map((draft) => this.#keep(draft));
    } catch (error) {
      if (!options.isNegativeError(error)) throw error;
      return drafts(
        items.map(() => error),
        true,
      ).map((draft) => this.#keep(draft));
    } finally {
      giveUp?.cancel();
      for (const { flight } of items) flight.collector = undefined;
    }
  }

  async #call(
    items: readonly LoadItem[],
    { strong, transaction, background }: LoadSurroundings,
    collector: LoadCollector,
    load: (context: LoadContext) => Promise<readonly unknown[]>,
  ): Promise<readonly unknown[]> {
    const { region, options } = items[0]!.request;
    const { runtime, emit } = this.parts;
    const begun = runtime.monotonic();
    let failed = true;
    try {
      const flights = [...items.map(({ flight }) => flight), ...(currentScope()?.flights ?? [])];
      const values = await (options.nested
        ? withScope({ load: collector, strong, transaction, flights }, () => load(collector))
        : withSynchronousLoad(collector, () => load(collector)));
      failed = false;
      return values;
    } finally {
      emit({ type: 'load', cache: region.name, ms: runtime.monotonic() - begun, failed, background });
    }
  }

  #collector({ request, flight }: LoadItem, mark: LoadMark): LoadCollector {
    const { region, key } = request;
    const openStale = (): unknown => {
      const old = flight.old ?? region.memory.find(key);
      const isUsable = old !== undefined && old.header.kind !== 'error' && this.#writer.isOfUse(old);
      return isUsable ? region.codec.open(old.content) : undefined;
    };
    return new LoadCollector(this.parts.journal.replica, mark.at, openStale, () => describe(request));
  }

  #giveUpLater(items: readonly LoadItem[], collector: LoadCollector): { cancel(): void } | undefined {
    const { options, region, key } = items[0]!.request;
    const afterMs = options.abandonAfterMs ?? options.hardTimeoutMs * DEFAULTS.abandonAfterHardTimeouts;
    if (afterMs === 0) return undefined;
    return this.parts.runtime.after(afterMs, () => {
      const error = new CacheTimeoutError(`${describe({ region, key })}: the load was given up after ${afterMs} ms`);
      collector.abort(error);
      for (const { flight, request } of items) {
        flight.abandoned = true;
        region.flights.fail(request.key, flight, error);
      }
    });
  }

  #keep(draft: Draft): Loaded {
    const { request, value, isError } = draft;
    const { region } = request;
    const fault = new FirstFault();
    const resultTags = fault.guard<readonly string[]>([], () =>
      isError ? [] : userTags(request.tagsOfResult?.(value) ?? [], () => describe(request)),
    );
    const unwanted = fault.guard(false, () => !isError && request.unless?.(value) === true);
    const encoded = fault.guard<EncodedValue | undefined>(undefined, () =>
      isError ? region.codec.encodeError(value) : region.codec.encode(value),
    );
    const entryDraft = this.#entryDraft(draft, resultTags);
    if (encoded === undefined || fault.error !== undefined) {
      this.parts.emit({ type: 'fault', cache: region.name, error: fault.explain(describe(request)) });
      this.#notStored(region, 'unstorable');
      if (isError) throw value;
      return { entry: this.#writer.makePersonal(entryDraft, value), stored: DONE };
    }
    const entry = this.#writer.make(entryDraft, encoded);
    const reason = unwanted ? 'unless' : this.#reasonNotToStore(draft);
    if (reason === undefined) return { entry, stored: this.#writer.store(region, entry, encoded.payload) };
    this.#notStored(region, reason);
    return { entry, stored: DONE };
  }

  #entryDraft(draft: Draft, resultTags: readonly string[]): EntryDraft {
    const { request, collector, mark, tags, costMs } = draft;
    const { region, key, options } = request;
    return {
      region,
      key,
      options,
      mark,
      costMs,
      ownRecord: 0,
      asOf: collector.asOf,
      ttlMs: ttlOf(draft),
      expiresBy: collector.expiresBy,
      tags: collector.collectTags([...region.ownTags(key), ...tags, ...resultTags]),
      tainted: collector.usedStale,
    };
  }

  #reasonNotToStore(draft: Draft): NotStoredReason | undefined {
    const { request, surroundings, collector, flight } = draft;
    if (flight.abandoned) return 'abandoned';
    if (surroundings.transaction !== undefined) return 'transaction';
    if (collector.skipped) return 'skip';
    if (collector.usedStale) return 'stale-part';
    if (ttlOf(draft) <= 0) return 'ttl';
    return isMissing(draft) && !request.options.negativeMissing ? 'negative' : undefined;
  }

  #notStored(region: CacheRegion, reason: NotStoredReason): void {
    this.parts.emit({ type: 'not-stored', cache: region.name, reason });
  }
}

const DONE = Promise.resolve();

const isMissing = ({ value, isError }: Draft): boolean => !isError && (value === null || value === undefined);

const ttlOf = (draft: Draft): number => {
  const { ttlMs, negativeTtlMs } = draft.request.options;
  const isNegative = draft.isError || isMissing(draft);
  return draft.collector.ttlMs ?? (isNegative ? (negativeTtlMs ?? ttlMs) : ttlMs);
};

/** Collects the first thing that keeps a value from being stored, so that the value still gets to its caller. */
class FirstFault {
  error: unknown;

  guard<T>(otherwise: T, work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.error ??= error;
      return otherwise;
    }
  }

  explain(where: string): CacheError {
    const { error } = this;
    const reason = error instanceof Error ? error.message : String(error);
    return new CacheSerializationError(`${where}: returned but not cached: ${reason}`, { cause: error });
  }
}
