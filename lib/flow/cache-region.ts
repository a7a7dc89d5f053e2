import { Flight, SingleFlight } from '../coalescing/single-flight.js';
import { RetryPauses } from '../coalescing/retry-pauses.js';
import type { Place } from '../coalescing/bulkhead.js';
import type { CacheEntry, LoadMark } from '../entry/cache-entry.js';
import type { EntryAddress } from '../entry/entry-address.js';
import type { EntryForm } from '../entry/entry-codec.js';
import { boundedKey, keyOf, scopedKey, type CacheKey } from '../entry/key-encoding.js';
import { msgpackSerializer } from '../entry/serializers.js';
import { cacheTag, EVERYTHING, keyTag, userTag } from '../entry/tags.js';
import { ValueCodec } from '../entry/value-codec.js';
import type { IdFilter } from '../known-ids/id-filter.interface.js';
import type { SpanReference } from '../cache.tracing.js';
import { CacheKeyError, retryAfterOf } from '../cache.errors.js';
import type { ResolvedCacheOptions, ResolvedReadOptions } from '../options/resolved-options.js';
import type { MemoryPool } from '../tiers/memory-pool.js';
import { MemoryTier } from '../tiers/memory.tier.js';
import type { LoadCollector } from './load-collector.js';
import type { EngineParts } from './engine-parts.js';
import { OriginGuard } from './origin-guard.js';
import type { ReadOutcome } from './outcome.js';
import type { Look } from './found.js';

/** What a flight brings: an entry and where it is from, or nothing, when it left the work to another process. */
export type FlightResult =
  | { readonly entry: CacheEntry; readonly source: 'l2' | 'load' }
  /** There is no such key at the source; nobody asked it. */
  | { readonly entry: CacheEntry; readonly source: 'ids' }
  | { readonly entry: undefined; readonly source: 'nobody' };

export const NOTHING: FlightResult = { entry: undefined, source: 'nobody' };

/** One load of one key, from the look into the shared tier to the value. */
export class LoadFlight extends Flight<FlightResult> {
  /** An old value that was found on the way and may stand in. */
  old: CacheEntry | undefined;
  /** For plain callers who come meanwhile: what its leader asked with, and how to wait as it does. */
  offer: { readonly options: ResolvedReadOptions; readonly wait: () => Promise<ReadOutcome | undefined> } | undefined;
  /** The one wait that all of them share. */
  crowd: Promise<ReadOutcome | undefined> | undefined;
  /** The span of its load, once there is one. */
  span: SpanReference | undefined;
  /** The load, once it runs. */
  collector: LoadCollector | undefined;
  /** The place that its load waits for, while it does. */
  place: Place | undefined;
  /** Where its load began and what it is known to be about, to tell whether an invalidation has overtaken it. */
  begun: { readonly mark: LoadMark; readonly tags: readonly string[]; judgedAt: number } | undefined;
}

/** A load that runs, and the one more for all who ask meanwhile, because what runs may have begun before a change. */
export interface Renewal {
  readonly ended: Promise<void>;
  next: Promise<LoadFlight> | undefined;
}

/** Puts what was written and isn't at the origin yet before what a load finds there. */
export interface UnwrittenLookup {
  before(
    keys: readonly string[],
    collector: LoadCollector,
    load: () => Promise<readonly unknown[]>,
  ): Promise<readonly unknown[]>;
}

export type RegionSurroundings = Pick<EngineParts, 'runtime' | 'emit' | 'openIdFilter'>;

const REMEMBERED_KEYS = 10_000;

/** One named cache in this process: its options, its part of the memory, the loads under way. */
export class CacheRegion {
  readonly name: string;
  /** Whether a method without a `key` reads through this cache, so that its arguments are keys. */
  keyedByArguments = false;
  readonly memory: MemoryTier;
  readonly flights = new SingleFlight<FlightResult, LoadFlight>(() => new LoadFlight());
  /** Loads that were asked for whatever is there, by key. */
  readonly renewals = new Map<string, Renewal>();
  /** Looks into the shared tier under way, by key. */
  readonly looks = new Map<string, Look>();
  readonly pauses = new RetryPauses(REMEMBERED_KEYS);
  /** Keys whose value couldn't be kept the last time: waiting for somebody else's is in vain. */
  readonly #unshared = new Set<string>();
  /** What was written and isn't at the origin yet, in a cache that is written behind. */
  unwritten: UnwrittenLookup | undefined;
  readonly codec: ValueCodec;
  /** How its entries lie in a store outside the process. */
  readonly form: EntryForm;
  /** What stands between this cache and its source, if anything. */
  readonly guard: OriginGuard | undefined;
  /** Which keys exist at its source, if somebody knows. */
  readonly ids: IdFilter | undefined;
  /** Tags of every entry of this cache, with prefix. */
  readonly #tags: readonly string[];

  constructor(
    readonly options: ResolvedCacheOptions,
    pool: MemoryPool | undefined,
    sharedTierPresent: boolean,
    surroundings: RegionSurroundings,
  ) {
    this.name = options.name;
    this.memory = new MemoryTier(pool);
    this.codec = new ValueCodec({
      isolation: options.isolation,
      serializer: options.serializer,
      errorSerializer: msgpackSerializer(options.types, true),
      validate: options.validate,
      maxValueBytes: options.maxValueBytes,
      keepsTooLarge: options.tooLarge === 'memory-only' && pool !== undefined,
      isKept: pool !== undefined,
      needsBytes: sharedTierPresent || options.isolation !== 'shared',
    });
    const { maxValueBytes, compression, encryption } = options;
    this.form = { serializer: options.serializer.name, maxValueBytes, compression, encryption };
    this.guard = options.origin && new OriginGuard(options.name, options.origin, surroundings);
    this.ids = options.knownIds && surroundings.openIdFilter(options.name, options.knownIds);
    this.#tags = [EVERYTHING, cacheTag(options.name), ...options.tags.map(userTag)];
  }

  /** The key as it is stored, for what a user gave as one. @throws CacheKeyError */
  keyFor(key: CacheKey): string {
    return this.storedKey(this.plainKey(key, () => `cache ${this.name}`));
  }

  /** The same without scope and bounds. */
  plainKey(key: unknown, describe: () => string): string {
    // where a method's arguments are the keys, the number 7 is the argument 7
    const isArgument = this.keyedByArguments && (typeof key === 'number' || typeof key === 'bigint');
    return keyOf(isArgument ? [key] : key, this.options.types, describe);
  }

  /** The key as it is stored: with the scope of this cache, and within bounds. */
  storedKey(key: string): string {
    const { scope, maxKeyBytes } = this.options;
    return boundedKey(scope === undefined ? key : scopedKey(this.#scopeOf(scope), key), maxKeyBytes);
  }

  #scopeOf(scope: () => string): string {
    const value: unknown = scope();
    if (typeof value === 'string' && value !== '') return value;
    throw new CacheKeyError(
      `cache ${this.name}: \`scope\` returned ${String(value)}; without a scope one tenant could see another's values`,
    );
  }

  /** The tags an entry has by itself. */
  ownTags(storedKey: string): string[] {
    return [...this.#tags, keyTag(this.name, storedKey)];
  }

  /** The loader of a key failed and is left alone for a while, as far as an old value may stand in for this error. */
  pauseAfter(
    error: unknown,
    key: string,
    old: CacheEntry | undefined,
    options: ResolvedReadOptions,
    now: number,
  ): void {
    const { graceErrorMs, graceRevalidateMs, retryPauseMs } = options;
    // a load that was refused is worth trying again as soon as its guard says
    const pausedUntil = now + Math.min(retryPauseMs, retryAfterOf(error) ?? retryPauseMs);
    // so long it is served whatever the loader says
    const servedUntil = old === undefined ? now : old.header.staleAt + graceRevalidateMs;
    const standsIn = (graceErrorMs > 0 || graceRevalidateMs > 0) && mayStandInFor(error, options);
    const until = standsIn ? pausedUntil : Math.min(pausedUntil, servedUntil);
    if (until > now) this.pauses.begin(key, until);
  }

  /** Whether callers of a key can have what somebody else is loading. */
  isShared(key: string): boolean {
    return this.#unshared.size === 0 || !this.#unshared.has(key);
  }

  noteShared(key: string, isShared: boolean): void {
    if (isShared) {
      if (this.#unshared.size > 0) this.#unshared.delete(key);
      return;
    }
    if (this.#unshared.size >= REMEMBERED_KEYS) this.#unshared.clear();
    this.#unshared.add(key);
  }

  address(storedKey: string): EntryAddress {
    return { cache: this.name, schema: this.options.schema, key: storedKey };
  }
}

/** Room for one more refresh in the background. @returns what ends it, or `undefined`: there is no room */
export const beginRefresh = ({ guard }: CacheRegion): (() => void) | undefined =>
  guard === undefined ? () => undefined : guard.beginRefresh();

/** Whether an old value may stand in for this error: for every refusal. One that the predicate fails on is the caller's. */
export function mayStandInFor(error: unknown, { graceWhen }: ResolvedReadOptions): boolean {
  if (retryAfterOf(error) !== undefined) return true;
  try {
    return graceWhen(error);
  } catch {
    return false;
  }
}
