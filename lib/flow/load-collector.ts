import { CacheConfigurationError, CacheLoadFailedError } from '../cache.errors.js';
import { LIMITS } from '../cache.constants.js';
import type { EntryHeader } from '../entry/cache-entry.js';
import { ANY_RECORD, EVERYTHING, userTags } from '../entry/tags.js';
import { parseDuration, type Duration } from '../options/duration.js';

/** What a loader can say about the value it is about to return. */
export interface LoadContext {
  /** Adds tags to the entry. @throws CacheKeyError for what can't be a tag */
  tags(...tags: readonly string[]): void;
  /** Sets the time to live of the entry; 0: don't store, `undefined`: as before. @throws CacheConfigurationError for what is no duration */
  ttl(ttl: Duration | undefined): void;
  /** The value isn't to be stored. */
  skip(): void;
  /** Aborted when the load is given up: after `abandonAfter`, or when the application shuts down. */
  readonly signal: AbortSignal;
  /** The old value, if there is one: invalidated softly, or expired and in grace. A copy of its own. */
  readonly stale: unknown;
  /** Counts as a failure of the loader: the old value stands in, if there is one in grace. Throws. */
  fail(reason: unknown): never;
}

/** Gathers what a load learns on its way: from its loader, and from the cached calls inside it. */
export class LoadCollector implements LoadContext {
  ttlMs: number | undefined;
  skipped = false;
  /** The value is for whoever made the loader run, and for nobody who waits for the same. */
  personal = false;
  /** What is kept beside the value. */
  meta: unknown;
  /** Why nothing can be told of the value, which is answered and not kept. */
  refusal: { readonly error: unknown } | undefined;
  /** Something stale was handed in, so the result is stale too. */
  usedStale = false;
  /** The earliest expiry of what it was made from, epoch ms. */
  expiresBy = Number.POSITIVE_INFINITY;
  readonly #tags = new Set<string>();
  #controller: AbortController | undefined;
  #abortReason: Error | undefined;

  constructor(
    /** Positions of another journal mean nothing here. */
    readonly journal: object,
    /** As of when the result is true, epoch ms; moves back with what it is made from. */
    public asOf: number,
    private readonly openStale: () => unknown,
    private readonly describe: () => string,
  ) {}

  tags(...tags: readonly string[]): void {
    this.#addTags(userTags(tags, this.describe));
  }

  ttl(ttl: Duration | undefined): void {
    if (ttl === undefined) return;
    const ms = parseDuration(ttl);
    if (ms === undefined || ms > LIMITS.maxDurationMs) {
      throw new CacheConfigurationError([
        { where: `${this.describe()}, ttl(…)`, problem: `got ${String(ttl)}; takes a duration such as '5m'` },
      ]);
    }
    this.ttlMs = ms;
  }

  /** Something that should have said what the value depends on has failed. */
  refuse(error: unknown): void {
    this.refusal ??= { error };
  }

  skip(): void {
    this.skipped = true;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    return this.#controller.signal;
  }

  get stale(): unknown {
    return this.openStale();
  }

  fail(reason: unknown): never {
    throw reason instanceof Error ? reason : new CacheLoadFailedError(reason);
  }

  abort(reason: Error): void {
    this.#abortReason ??= reason;
    this.#controller?.abort(reason);
  }

  /** A cached call inside the loader was answered with this entry. */
  absorb(header: EntryHeader, journal: object, { asOf, stale }: { asOf: number; stale: boolean }): void {
    this.expiresBy = Math.min(this.expiresBy, header.staleAt);
    this.asOf = Math.min(this.asOf, asOf);
    this.usedStale ||= stale;
    if (journal === this.journal) this.#addTags(header.tags);
  }

  /** A call inside the loader passed by the cache, so nobody knows what it depends on. */
  absorbUncached(): void {
    this.usedStale = true;
  }

  /** Everything an entry of this load depends on: its own tags, and what the loader and the calls inside it added. */
  collectTags(own: readonly string[]): readonly string[] {
    const tags = [...new Set([...own, ...this.#tags])];
    // too many to list: then every record counts, which is too strict and never wrong
    return this.#tags.has(ANY_RECORD) || tags.length > LIMITS.tagsPerEntry ? [ANY_RECORD, EVERYTHING] : tags;
  }

  #addTags(tags: readonly string[]): void {
    if (this.#tags.size > LIMITS.tagsPerEntry) return;
    for (const tag of tags) this.#tags.add(tag);
  }
}
