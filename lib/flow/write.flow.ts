import { CacheKeyError, CacheSerializationError } from '../cache.errors.js';
import type { NotStoredReason } from '../cache.events.js';
import type { LoadMark } from '../entry/cache-entry.js';
import { cacheTag, keyTag, softTag, userTags } from '../entry/tags.js';
import type { EncodedValue } from '../entry/value-codec.js';
import type { WriteWatch } from '../journal/journal-replica.js';
import type { ResolvedReadOptions } from '../options/resolved-options.js';
import type { CacheRegion } from './cache-region.js';
import type { EngineParts } from './engine-parts.js';
import { describe, EntryWriter } from './entry-writer.js';
import type { InvalidateFlow } from './invalidate.flow.js';
import { currentScope } from './scope.js';

export interface WriteRequest {
  readonly region: CacheRegion;
  readonly options: ResolvedReadOptions;
  /** Writes to the source; its value replaces the entry. */
  readonly write: () => unknown;
  /** The key as it is stored, where it is known beforehand. */
  readonly key?: string | undefined;
  /** The key as it is stored, which may depend on the value. */
  readonly keyOf: (value: unknown) => string;
  /** User tags of the entry. */
  readonly tags: (value: unknown) => readonly string[];
  /** User tags that the write makes stale besides the entry. */
  readonly invalidates: (value: unknown) => readonly string[];
  readonly unless: ((value: unknown) => boolean) | undefined;
}

/** What of a write has to be known to tell its id. */
export type IdentifiedWrite = Pick<WriteRequest, 'region' | 'key' | 'keyOf' | 'write'>;

export interface SetRequest {
  readonly region: CacheRegion;
  readonly options: ResolvedReadOptions;
  readonly key: string;
  readonly tags: readonly string[];
}

/** What a write is about, by its tags. */
interface NamedWrite {
  readonly key: string;
  /** Those that the write makes stale. */
  readonly recordTags: readonly string[];
  /** Besides them those of the entry: an invalidation of one of them in the same turn may share the write's record. */
  readonly watched: readonly string[];
}

/**
 * Written values. A write announces itself in the journal like an invalidation, and its value is kept only if nothing
 * else touched the same tags meanwhile: of two writes that cross neither is kept, because nobody knows their order
 * at the source.
 */
export class WriteFlow {
  readonly #writer: EntryWriter;

  constructor(
    private readonly parts: EngineParts,
    private readonly invalidations: InvalidateFlow,
  ) {
    this.#writer = new EntryWriter(parts);
  }

  /** @returns what `write` returned. @throws what `write` threw; nothing is announced then */
  async put(request: WriteRequest): Promise<unknown> {
    const { journal, runtime } = this.parts;
    const watch = journal.replica.watch(runtime.now());
    const begun = runtime.monotonic();
    try {
      const value = await this.identify(request);
      await this.#announce(request, watch, value, runtime.monotonic() - begun);
      return value;
    } finally {
      journal.replica.unwatch(watch);
    }
  }

  /**
   * Runs a write so that its key is among the known ids of its cache: before it where the key is known, else as soon as
   * it is; meanwhile the filter knows that a write is on its way.
   * @throws what `write` threw; CacheConnectionError, and nothing is written
   */
  async identify({ region, key, keyOf, write }: IdentifiedWrite): Promise<unknown> {
    const { ids } = region;
    if (ids === undefined) return write();
    if (key !== undefined) {
      await ids.add([key]);
      return write();
    }
    const open = await ids.beginWrite();
    let value: unknown;
    try {
      value = await write();
    } catch (error) {
      await open.end([]).catch(() => undefined); // then it stays open, and nothing is taken for absent
      throw error;
    }
    try {
      await open.end([keyOf(value)]);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const about = `cache ${region.name}: a value was written, but its id couldn’t be added to the known ids, which can’t be relied on until they are rebuilt`;
      this.parts.emit({
        type: 'fault',
        cache: region.name,
        error: new CacheKeyError(`${about}: ${reason}`, { cause }),
      });
    }
    return value;
  }

  async #announce(request: WriteRequest, watch: WriteWatch, value: unknown, costMs: number): Promise<void> {
    const { region } = request;
    const named = this.#name(request, value);
    if (named === undefined) {
      // nobody knows which entry is old now, so none of the cache may be served
      await this.invalidations.announce([cacheTag(region.name)]);
      return;
    }
    const { key, recordTags, watched } = named;
    const { replica } = this.parts.journal;
    const undisturbed = replica.isUndisturbed(watch, watched);
    const announcing = this.invalidations.announce(recordTags);
    replica.announced(watch);
    const receipt = await announcing;
    const notStored = (reason: NotStoredReason): void =>
      this.parts.emit({ type: 'not-stored', cache: region.name, reason });
    if (receipt.status === 'deferred' || this.invalidations.isInTransaction()) return notStored('transaction');
    if (receipt.status === 'queued') return notStored('queued');
    if (currentScope()?.bypass === true) return notStored('bypass');
    // the record has to be known here, or this process would find its own value stale
    if (replica.applied < receipt.position) await this.parts.journal.confirm();
    const known = replica.epoch === receipt.epoch && replica.applied >= receipt.position;
    if (!undisturbed || !known || !replica.isUndisturbed(watch, watched, receipt.position)) {
      return notStored('disturbed');
    }
    this.#keep(request, { key, value, costMs, mark: watch.mark, ownRecord: receipt.position }, notStored);
  }

  /** What the write makes stale, or `undefined` when the functions that should tell fail. */
  #name(request: WriteRequest, value: unknown): NamedWrite | undefined {
    const { region } = request;
    try {
      const key = request.keyOf(value);
      const invalidated = userTags(request.invalidates(value), () => describe({ region, key }));
      const recordTags = [keyTag(region.name, key), ...invalidated];
      const tags = [...recordTags, ...region.ownTags(key), ...this.#tagsOf(request, key, value)];
      return { key, recordTags, watched: tags.flatMap((tag) => [tag, softTag(tag)]) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const fault = new CacheKeyError(
        `cache ${region.name}: a value was written, but its key or tags can't be told, so the whole cache was cleared: ${reason}`,
        { cause: error },
      );
      this.parts.emit({ type: 'fault', cache: region.name, error: fault });
      return undefined;
    }
  }

  #tagsOf(request: WriteRequest, key: string, value: unknown): readonly string[] {
    try {
      return userTags(request.tags(value), () => describe({ region: request.region, key }));
    } catch {
      return []; // it isn't kept then
    }
  }

  #keep(
    request: WriteRequest,
    written: { key: string; value: unknown; costMs: number; mark: LoadMark; ownRecord: number },
    notStored: (reason: NotStoredReason) => void,
  ): void {
    const { region, options } = request;
    const { key, value } = written;
    try {
      const ttlMs = ttlOf(options, value);
      if (request.unless?.(value) === true) return notStored('unless');
      if (ttlMs <= 0) return notStored('ttl');
      if (isMissing(value) && !options.negativeMissing) return notStored('negative');
      const tags = userTags(request.tags(value), () => describe({ region, key }));
      void this.#store(region, options, { ...written, tags, ttlMs }, region.codec.encode(value));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const fault = new CacheSerializationError(`${describe({ region, key })}: written but not cached: ${reason}`, {
        cause: error,
      });
      this.parts.emit({ type: 'fault', cache: region.name, error: fault });
      notStored('unstorable');
    }
  }

  /**
   * Stores a value as it stands, without a word to anybody: for values nobody else writes.
   * @throws CacheSerializationError, CacheKeyError; CacheConnectionError where its key can't be added to the known ids
   */
  async set({ region, options, key, tags }: SetRequest, value: unknown): Promise<void> {
    const { journal, runtime, emit } = this.parts;
    await region.ids?.add([key]);
    const mark = journal.replica.mark(runtime.now());
    const prefixed = userTags(tags, () => describe({ region, key }));
    const encoded = region.codec.encode(value);
    const ttlMs = ttlOf(options, value);
    if (this.invalidations.isInTransaction()) {
      emit({ type: 'not-stored', cache: region.name, reason: 'transaction' });
    } else if (ttlMs <= 0) {
      emit({ type: 'not-stored', cache: region.name, reason: 'ttl' });
    } else {
      await this.#store(region, options, { key, mark, ownRecord: 0, costMs: 0, tags: prefixed, ttlMs }, encoded);
    }
  }

  #store(
    region: CacheRegion,
    options: ResolvedReadOptions,
    about: { key: string; mark: LoadMark; ownRecord: number; costMs: number; tags: readonly string[]; ttlMs: number },
    encoded: EncodedValue,
  ): Promise<void> {
    const entry = this.#writer.make(
      {
        ...about,
        region,
        options,
        tags: [...region.ownTags(about.key), ...about.tags],
        asOf: about.mark.at,
        expiresBy: Number.POSITIVE_INFINITY,
        tainted: false,
      },
      encoded,
    );
    return this.#writer.store(region, entry, encoded.payload);
  }
}

const isMissing = (value: unknown): boolean => value === null || value === undefined;

/** How long a written value is fresh, ms. */
export const ttlOf = ({ ttlMs, negativeTtlMs, ttlFrom }: ResolvedReadOptions, value: unknown): number =>
  isMissing(value) ? (negativeTtlMs ?? ttlMs) : (ttlFrom?.(value) ?? ttlMs);
