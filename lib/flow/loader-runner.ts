import { CacheSerializationError, CacheTimeoutError, type CacheError } from '../cache.errors.js';
import type { NotStoredReason } from '../cache.events.js';
import type { Timer } from '../cache.runtime.js';
import type { CacheEntry, LoadMark } from '../entry/cache-entry.js';
import { ANY_RECORD, EVERYTHING, userTags } from '../entry/tags.js';
import { ValueTooLargeError, type EncodedValue } from '../entry/value-codec.js';
import { DEFAULTS } from '../options/cache-options.defaults.js';
import type { ResolvedReadOptions } from '../options/resolved-options.js';
import type { CacheRegion, LoadFlight } from './cache-region.js';
import type { EngineParts } from './engine-parts.js';
import { describe, EntryWriter, type EntryDraft } from './entry-writer.js';
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
      return drafts(values, false).map((draft) => this.#keep(draft));
    } catch (error) {
      if (patience?.ended === true || !options.isNegativeError(error)) throw error;
      return drafts(
        items.map(() => error),
        true,
      ).map((draft) => this.#keep(draft));
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
    const { runtime, emit } = this.parts;
    const begun = runtime.monotonic();
    const scope = currentScope();
    const isUnasked = background || scope?.tally !== undefined;
    let failed = true;
    try {
      const { flights: outer = [], transaction } = scope ?? {}; // a transaction of another registration too
      const flights = [...items.map(({ flight }) => flight), ...outer];
      const values = await (options.nested
        ? withScope({ load: collector, strong, transaction, flights, tally: undefined }, () => load(collector))
        : withoutTally(() => withSynchronousLoad(collector, () => load(collector))));
      failed = false;
      return values;
    } finally {
      emit({ type: 'load', cache: region.name, ms: runtime.monotonic() - begun, failed, background: isUnasked });
    }
  }

  #collector({ request, flight }: LoadItem, mark: LoadMark): LoadCollector {
    const { region, key } = request;
    const openStale = (): unknown => {
      const old = flight.old ?? region.memory.find(key);
      const isUsable =
        old !== undefined &&
        old.header.kind !== 'error' &&
        this.parts.runtime.now() < old.header.graceUntil &&
        this.#writer.isOfUse(old);
      return isUsable ? region.codec.open(old.content) : undefined;
    };
    return new LoadCollector(this.parts.journal.replica, mark.at, openStale, () => describe(request));
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

  #keep(draft: Draft): Loaded {
    const { request, value, isError, collector } = draft;
    const { region } = request;
    if (collector.personal && !isError) {
      this.#notStored(region, 'personal');
      return { entry: this.#writer.makePersonal(this.#entryDraft(draft, []), value), stored: DONE };
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
    const entryDraft = this.#entryDraft(draft, resultTags);
    if (encoded === undefined || fault.error !== undefined) {
      this.parts.emit({ type: 'fault', cache: region.name, error: fault.explain(describe(request)) });
      this.#notStored(region, 'unstorable');
      if (isError) throw value;
      const entry = this.#makeUnstorable(entryDraft, value, encoded, fault.error);
      this.#writer.supersede(region, request.key, entry.order);
      return { entry, stored: DONE };
    }
    const entry = this.#writer.make(entryDraft, encoded);
    const reason = unwanted ? 'unless' : this.#reasonNotToStore(draft);
    if (reason === undefined) return { entry, stored: this.#writer.store(region, entry, encoded.payload) };
    this.#notStored(region, reason);
    if (!KEEPS_THE_OLD.has(reason)) this.#writer.supersede(region, request.key, entry.order);
    return { entry, stored: DONE };
  }

  /** An answer for those who wait for it, if it can be copied; else for the one who loaded it. */
  #makeUnstorable(draft: EntryDraft, value: unknown, encoded: EncodedValue | undefined, error: unknown): CacheEntry {
    const copyable = encoded ?? (error instanceof ValueTooLargeError ? error.encoded : undefined);
    // maybe it was its tags that couldn't be told
    if (copyable !== undefined) return this.#writer.make({ ...draft, tags: [ANY_RECORD, EVERYTHING] }, copyable);
    return this.#writer.makePersonal(draft, value);
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
      meta: collector.meta,
    };
  }

  #reasonNotToStore(draft: Draft): NotStoredReason | undefined {
    const { request, surroundings, collector } = draft;
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

/** What wasn't stored for these reasons says nothing against the entry that is there. */
const KEEPS_THE_OLD: ReadonlySet<NotStoredReason> = new Set(['transaction', 'stale-part']);

const isMissing = ({ value, isError }: Draft): boolean => !isError && (value === null || value === undefined);

const ttlOf = (draft: Draft): number => {
  const { ttlMs, negativeTtlMs } = draft.request.options;
  const isNegative = draft.isError || isMissing(draft);
  return draft.collector.ttlMs ?? (isNegative ? (negativeTtlMs ?? ttlMs) : ttlMs);
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
