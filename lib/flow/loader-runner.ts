import { CacheSerializationError, CacheTimeoutError, type CacheError } from '../cache.errors.js';
import type { NotStoredReason } from '../cache.events.js';
import type { Timer } from '../cache.runtime.js';
import type { CacheTracer } from '../cache.tracing.js';
import type { CacheEntry, LoadMark } from '../entry/cache-entry.js';
import { ANY_RECORD, EVERYTHING, userTags } from '../entry/tags.js';
import { ValueTooLargeError, type EncodedValue } from '../entry/value-codec.js';
import { DEFAULTS } from '../options/cache-options.defaults.js';
import type { ResolvedReadOptions } from '../options/resolved-options.js';
import type { CacheRegion, LoadFlight } from './cache-region.js';
import type { EngineParts } from './engine-parts.js';
import { describe, EntryWriter, type EntryDraft, type Outgoing } from './entry-writer.js';
import { LoadCollector, type LoadContext } from './load-collector.js';
import { currentScope, withoutTally, withScope, withSynchronousLoad, type Scope } from './scope.js';

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
  /** The time to live of a value of its own, ms. `undefined`: that of the options. */
  readonly ttlOf?: ((value: unknown) => number | undefined) | undefined;
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

/** The same for several keys, in their order; their bytes go together. */
export interface LoadedMany {
  readonly entries: readonly CacheEntry[];
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

interface Kept {
  readonly entry: CacheEntry;
  readonly outgoing?: Outgoing | undefined;
}

interface Patience {
  readonly ended: boolean;
  readonly end: Promise<never>;
  readonly timer: Timer;
}

/** Runs loaders and makes entries of what they return. */
export class LoaderRunner {
  readonly #writer: EntryWriter;

  constructor(private readonly parts: EngineParts) {
    this.#writer = new EntryWriter(parts);
  }

  /**
   * @returns `undefined` for a refresh in the background that the guard of the source has no room for
   * @throws whatever the loader threw, untouched, and the refusals of the guard
   */
  async run(request: LoadRequest, flight: LoadFlight, surroundings: LoadSurroundings): Promise<Loaded | undefined> {
    const item = { request, flight };
    const collector = (mark: LoadMark): LoadCollector => this.#collector(item, mark, () => this.#openOld(item));
    const loaded = await this.#run([item], surroundings, collector, async (context) => [await request.load(context)]);
    return loaded === undefined ? undefined : { entry: loaded.entries[0]!, stored: loaded.stored };
  }

  /** One call of a loader for several keys of one cache; its values in the order of the keys. As `run`. */
  runMany(
    items: readonly LoadItem[],
    surroundings: LoadSurroundings,
    load: (context: LoadContext) => Promise<readonly unknown[]>,
  ): Promise<LoadedMany | undefined> {
    // they run together, so what the loader waits for all of them wait for
    const { waitingFor } = items[0]!.flight;
    for (const { flight } of items) flight.waitingFor = waitingFor;
    const openOld = (): unknown => items.map((item) => this.#openOld(item));
    return this.#run(items, surroundings, (mark) => this.#collector(items[0]!, mark, openOld), load);
  }

  async #run(
    items: readonly LoadItem[],
    surroundings: LoadSurroundings,
    collectorFrom: (mark: LoadMark) => LoadCollector,
    load: (context: LoadContext) => Promise<readonly unknown[]>,
  ): Promise<LoadedMany | undefined> {
    const { guard } = items[0]!.request.region;
    if (guard === undefined) return this.#load(items, surroundings, collectorFrom, load);
    const { background } = surroundings;
    const outer = currentScope()?.flights ?? [];
    const flights = items.map(({ flight }) => flight);
    // time spent in its queue isn't part of the load: neither of its cost nor of its value's age
    return guard.run({ flights, outer, background }, () => this.#load(items, surroundings, collectorFrom, load));
  }

  async #load(
    items: readonly LoadItem[],
    surroundings: LoadSurroundings,
    collectorFrom: (mark: LoadMark) => LoadCollector,
    load: (context: LoadContext) => Promise<readonly unknown[]>,
  ): Promise<LoadedMany> {
    const { runtime, journal } = this.parts;
    const mark = journal.replica.mark(runtime.now());
    const { options } = items[0]!.request;
    const tags = items.map(({ request }) => userTags(request.tags(), () => describe(request)));
    const collector = collectorFrom(mark);
    const patience = this.#patience(items, collector);
    const begun = runtime.monotonic();
    const drafts = (values: readonly unknown[], isError: boolean): Draft[] =>
      items.map(({ request, flight }, index) => ({
        request,
        flight,
        surroundings,
        collector,
        mark,
        tags: tags[index]!,
        value: values[index],
        isError,
        costMs: runtime.monotonic() - begun,
      }));
    items.forEach(({ request: { region, key }, flight }, index) => {
      flight.collector = collector;
      flight.begun = { mark, tags: [...region.ownTags(key), ...tags[index]!], judgedAt: -1 };
    });
    try {
      const called = this.#call(items, surroundings, collector, load);
      const values = await (patience === undefined ? called : Promise.race([called, patience.end]));
      return this.#keepAll(drafts(values, false));
    } catch (error) {
      if (patience?.ended === true || !options.isNegativeError(error)) throw error;
      const errors = items.map(() => error);
      return this.#keepAll(drafts(errors, true));
    } finally {
      patience?.timer.cancel();
      for (const { flight } of items) flight.collector = undefined;
    }
  }

  async #call(
    items: readonly LoadItem[],
    { strong, background }: LoadSurroundings,
    collector: LoadCollector,
    load: (context: LoadContext) => Promise<readonly unknown[]>,
  ): Promise<readonly unknown[]> {
    const { region, options } = items[0]!.request;
    const { runtime, emit, tracing } = this.parts;
    const begun = runtime.monotonic();
    const scope = currentScope();
    const isUnasked = background || scope?.tally !== undefined;
    let failed = true;
    try {
      const { flights: outer = [], transaction } = scope ?? {}; // a transaction of another registration too
      const flights = [items[0]!.flight, ...outer];
      const call = (): Promise<readonly unknown[]> =>
        options.nested
          ? withScope({ load: collector, strong, transaction, flights, tally: undefined }, () => load(collector))
          : withoutTally(() => withSynchronousLoad(collector, () => load(collector)));
      const { unwritten } = region;
      const keys = unwritten === undefined ? [] : items.map(({ request: { key } }) => key);
      const lookFirst = (): Promise<readonly unknown[]> =>
        unwritten === undefined ? call() : unwritten.before(keys, collector, call);
      const values = await (tracing.tracer === undefined
        ? lookFirst()
        : this.#traced(tracing.tracer, items, background, lookFirst));
      failed = false;
      return values;
    } finally {
      emit({ type: 'load', cache: region.name, ms: runtime.monotonic() - begun, failed, background: isUnasked });
    }
  }

  #traced<T>(tracer: CacheTracer, items: readonly LoadItem[], background: boolean, run: () => Promise<T>): Promise<T> {
    const { name } = items[0]!.request.region;
    const attributes = { 'cache.name': name, 'cache.keys': items.length, 'cache.background': background };
    return tracer.span('cache.load', attributes, (span) => {
      for (const { flight } of items) flight.span = span.reference;
      return run();
    });
  }

  #collector({ request }: LoadItem, mark: LoadMark, openOld: () => unknown): LoadCollector {
    return new LoadCollector(this.parts.journal.replica, mark.at, openOld, () => describe(request));
  }

  #openOld({ request: { region, key }, flight }: LoadItem): unknown {
    const old = flight.old ?? region.memory.find(key);
    const isUsable =
      old !== undefined &&
      old.header.kind !== 'error' &&
      this.parts.runtime.now() < old.header.graceUntil &&
      this.#writer.isOfUse(old);
    return isUsable ? region.codec.open(old.content) : undefined;
  }

  /** Ends after `abandonAfter`: then nobody waits for the loader any more, and whatever it still returns is dropped. */
  #patience(items: readonly LoadItem[], collector: LoadCollector): Patience | undefined {
    const { options, region, key } = items[0]!.request;
    const afterMs = options.abandonAfterMs ?? options.hardTimeoutMs * DEFAULTS.abandonAfterHardTimeouts;
    if (afterMs === 0) return undefined;
    let giveUp: (error: Error) => void;
    const patience = {
      ended: false,
      end: new Promise<never>((_, reject) => (giveUp = reject)),
      timer: this.parts.runtime.after(afterMs, () => {
        const error = new CacheTimeoutError(`${describe({ region, key })}: the load was given up after ${afterMs} ms`);
        patience.ended = true;
        collector.abort(error);
        for (const item of items) this.#notStored(item.request.region, 'abandoned');
        giveUp(error);
      }),
    };
    return patience;
  }

  #keepAll(drafts: readonly Draft[]): LoadedMany {
    const kept = drafts.map((draft) => this.#keep(draft));
    const outgoing = kept.flatMap(({ outgoing: one }) => (one === undefined ? [] : [one]));
    return { entries: kept.map(({ entry }) => entry), stored: this.#writer.send(outgoing) };
  }

  #keep(draft: Draft): Kept {
    const { request, value, isError, collector } = draft;
    const { region } = request;
    if (collector.personal && !isError) {
      this.#notStored(region, 'personal');
      return { entry: this.#writer.makePersonal(this.#entryDraft(draft, [], draft.request.options.ttlMs), value) };
    }
    const fault = new FirstFault();
    const resultTags = fault.guard<readonly string[]>('its tags: ', [], () =>
      isError ? [] : userTags(request.tagsOfResult?.(value) ?? [], () => describe(request)),
    );
    fault.guard('what is said of it: ', undefined, () => {
      if (collector.refusal !== undefined) throw collector.refusal.error;
    });
    const unwanted = fault.guard('`unless`: ', false, () => !isError && request.unless?.(value) === true);
    const encoded = fault.guard<EncodedValue | undefined>('', undefined, () =>
      isError ? region.codec.encodeError(value) : region.codec.encode(value),
    );
    const ttlMs = fault.guard('its ttl: ', draft.request.options.ttlMs, () => ttlOf(draft));
    const entryDraft = this.#entryDraft(draft, resultTags, ttlMs);
    if (encoded === undefined || fault.error !== undefined) {
      this.parts.emit({ type: 'fault', cache: region.name, error: fault.explain(describe(request)) });
      this.#notStored(region, 'unstorable');
      if (isError) throw value;
      const entry = this.#makeUnstorable(entryDraft, value, encoded, fault.error);
      this.#writer.supersede(region, request.key, entry.order);
      return { entry };
    }
    const entry = this.#writer.make(entryDraft, encoded);
    const reason = unwanted ? 'unless' : this.#reasonNotToStore(draft, ttlMs);
    if (reason === undefined) return { entry, outgoing: this.#writer.keep(region, entry, encoded.payload) };
    this.#notStored(region, reason);
    if (!KEEPS_THE_OLD.has(reason)) this.#writer.supersede(region, request.key, entry.order);
    return { entry };
  }

  /** An answer for those who wait for it, if it can be copied; else for the one who loaded it. */
  #makeUnstorable(draft: EntryDraft, value: unknown, encoded: EncodedValue | undefined, error: unknown): CacheEntry {
    const copyable = encoded ?? (error instanceof ValueTooLargeError ? error.encoded : undefined);
    // maybe it was its tags that couldn't be told
    if (copyable !== undefined) return this.#writer.make({ ...draft, tags: [ANY_RECORD, EVERYTHING] }, copyable);
    return this.#writer.makePersonal(draft, value);
  }

  #entryDraft(draft: Draft, resultTags: readonly string[], ttlMs: number): EntryDraft {
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
      ttlMs,
      expiresBy: collector.expiresBy,
      tags: collector.collectTags([...region.ownTags(key), ...tags, ...resultTags]),
      tainted: collector.usedStale,
      meta: collector.meta,
    };
  }

  #reasonNotToStore(draft: Draft, ttlMs: number): NotStoredReason | undefined {
    const { request, surroundings, collector } = draft;
    if (surroundings.transaction !== undefined) return 'transaction';
    if (collector.skipped) return 'skip';
    if (collector.usedStale) return 'stale-part';
    if (ttlMs <= 0) return 'ttl';
    return isMissing(draft) && !request.options.negativeMissing ? 'negative' : undefined;
  }

  #notStored(region: CacheRegion, reason: NotStoredReason): void {
    this.parts.emit({ type: 'not-stored', cache: region.name, reason });
  }
}

/** What wasn't stored for these reasons says nothing against the entry that is there. */
const KEEPS_THE_OLD: ReadonlySet<NotStoredReason> = new Set(['transaction', 'stale-part']);

const isMissing = ({ value, isError }: Draft): boolean => !isError && (value === null || value === undefined);

const ttlOf = (draft: Draft): number => {
  const { request, collector, value } = draft;
  const { ttlMs, negativeTtlMs, ttlFrom } = request.options;
  if (collector.ttlMs !== undefined) return collector.ttlMs;
  if (draft.isError || isMissing(draft)) return negativeTtlMs ?? ttlMs;
  return request.ttlOf?.(value) ?? ttlFrom?.(value) ?? ttlMs;
};

/** Collects the first thing that keeps a value from being stored, so that the value still gets to its caller. */
class FirstFault {
  error: unknown;
  #about = '';

  guard<T>(about: string, otherwise: T, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (this.error === undefined) this.#about = about;
      this.error ??= error;
      return otherwise;
    }
  }

  explain(where: string): CacheError {
    const { error } = this;
    const reason = error instanceof Error ? error.message : String(error);
    return new CacheSerializationError(`${where}: returned but not cached: ${this.#about}${reason}`, { cause: error });
  }
}
