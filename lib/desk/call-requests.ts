import { CacheKeyError } from '../cache.errors.js';
import type { CacheKey } from '../entry/key-encoding.js';
import type { CacheRegion } from '../flow/cache-region.js';
import type { LoadContext } from '../flow/load-collector.js';
import type { LoadMissing } from '../flow/read-many.flow.js';
import type { ReadRequest } from '../flow/reader.js';
import type { SetRequest, WriteRequest } from '../flow/write.flow.js';
import type { Consistency, ReadOptions } from '../options/cache-options.interface.js';
import { Problems } from '../options/option-reader.js';
import { overrideReadOptions, refuseUnknownReadOptions } from '../options/read-options.js';
import type { ResolvedReadOptions } from '../options/resolved-options.js';

export interface LoadOptions<T> extends ReadOptions {
  /** Tags of the entry, or a function of the value. */
  readonly tags?: readonly string[] | ((value: T) => readonly string[]) | undefined;
  /** Values that aren't to be cached. */
  readonly unless?: ((value: T) => boolean) | undefined;
  /** The caller's patience: aborted, this caller is rejected with its reason; the load goes on for the others. */
  readonly signal?: AbortSignal | undefined;
}

export interface GetOptions {
  readonly consistency?: Consistency | undefined;
  /** Also values that are expired or softly invalidated, while they are in grace. Default false. */
  readonly allowStale?: boolean | undefined;
}

export interface SetOptions extends Pick<ReadOptions, 'ttl' | 'grace' | 'jitter' | 'negative'> {
  readonly tags?: readonly string[] | undefined;
}

export interface LoadManyOptions<T, K> extends ReadOptions {
  /** Finds the key of an item, for a loader that returns items in any order. */
  readonly key?: ((item: T) => NoInfer<K> | CacheKey) | undefined;
  /** Tags of every item, or a function of the item. Missing items carry none. */
  readonly tags?: readonly string[] | ((item: T) => readonly string[]) | undefined;
  /** Items that aren't to be cached. */
  readonly unless?: ((item: T) => boolean) | undefined;
}

/** What a loader of many may return. */
export type LoadedItems<T, K> =
  | Promise<readonly (T | null | undefined)[] | ReadonlyMap<K, T>>
  | readonly (T | null | undefined)[]
  | ReadonlyMap<K, T>;

const NO_TAGS = (): readonly string[] => [];
const isMissing = (value: unknown): boolean => value === null || value === undefined;

// options are often one constant object at the call site: it is read once for each cache
const resolved = new WeakMap<object, WeakMap<ResolvedReadOptions, ResolvedReadOptions>>();

/** @throws CacheConfigurationError */
function readOptionsOf(
  region: CacheRegion,
  options: object | undefined,
  known: readonly string[],
): ResolvedReadOptions {
  const base = region.options.read;
  if (options === undefined) return base;
  const done = resolved.get(options) ?? new WeakMap<ResolvedReadOptions, ResolvedReadOptions>();
  const before = done.get(base);
  if (before !== undefined) return before;
  const problems = new Problems();
  const where = `options of a call for cache ${region.name}`;
  refuseUnknownReadOptions(options, known, where, problems);
  const result = overrideReadOptions(base, options, where, problems);
  problems.throwIfAny();
  resolved.set(options, done.set(base, result));
  return result;
}

export function loadRequest<T>(
  region: CacheRegion,
  key: CacheKey,
  load: (context: LoadContext) => unknown,
  options: LoadOptions<T> | undefined,
): ReadRequest {
  const { tags, unless, signal } = options ?? {};
  return {
    region,
    key: region.keyFor(key),
    options: readOptionsOf(region, options, ['tags', 'unless', 'signal']),
    load,
    tags: typeof tags === 'function' || tags === undefined ? NO_TAGS : () => tags,
    tagsOfResult: typeof tags === 'function' ? (tags as (value: unknown) => readonly string[]) : undefined,
    unless: unless as ((value: unknown) => boolean) | undefined,
    signal,
  };
}

export function getRequest(region: CacheRegion, key: CacheKey, options: GetOptions | undefined): ReadRequest {
  return {
    region,
    key: region.keyFor(key),
    options: readOptionsOf(region, options, ['allowStale']),
    load: () => undefined,
    tags: NO_TAGS,
    tagsOfResult: undefined,
    unless: undefined,
  };
}

/** A request for each key, and the way to load several of them with one call. */
export function loadManyRequests<T, K extends CacheKey>(
  region: CacheRegion,
  keys: readonly K[],
  load: (missing: K[], context: LoadContext) => LoadedItems<T, K>,
  options: LoadManyOptions<T, K> | undefined,
): { readonly requests: ReadRequest[]; readonly loadMissing: LoadMissing } {
  const { tags, unless, key: keyOfItem } = options ?? {};
  const readOptions = readOptionsOf(region, options, ['tags', 'unless', 'key']);
  const loadMissing: LoadMissing = async (places, context) => {
    const missing = places.map((place) => keys[place]!);
    return inOrder(region, missing, await load(missing, context), keyOfItem);
  };
  const constantTags = typeof tags === 'function' || tags === undefined ? NO_TAGS : () => tags;
  const requests = keys.map((key, place) => ({
    region,
    key: region.keyFor(key),
    options: readOptions,
    load: async (context: LoadContext) => (await loadMissing([place], context))[0],
    tags: constantTags,
    tagsOfResult: typeof tags === 'function' ? (item: unknown) => (isMissing(item) ? [] : tags(item as T)) : undefined,
    unless: unless === undefined ? undefined : (item: unknown) => !isMissing(item) && unless(item as T),
  }));
  return { requests, loadMissing };
}

/** A value for each key, whatever form the loader chose. */
function inOrder<T, K extends CacheKey>(
  region: CacheRegion,
  keys: readonly K[],
  items: readonly (T | null | undefined)[] | ReadonlyMap<K, T>,
  keyOfItem: ((item: T) => K) | undefined,
): readonly unknown[] {
  if (items instanceof Map) return keys.map((key) => (items.get(key) as unknown) ?? undefined);
  if (!Array.isArray(items)) {
    throw new CacheKeyError(`cache ${region.name}: a loader of many returns a list or a Map, this one ${typeof items}`);
  }
  if (keyOfItem !== undefined) {
    const byKey = new Map(
      (items as (T | null | undefined)[]).flatMap((item) =>
        item === null || item === undefined ? [] : [[region.keyFor(keyOfItem(item)), item] as const],
      ),
    );
    return keys.map((key) => byKey.get(region.keyFor(key)));
  }
  if (items.length === keys.length) return items.map((item: unknown) => item ?? undefined);
  throw new CacheKeyError(
    `cache ${region.name}: the loader returned ${items.length} items for ${keys.length} keys; ` +
      'give the option `key` to find their places, or return a Map',
  );
}

export function writeRequest<T>(
  region: CacheRegion,
  key: CacheKey,
  write: () => Promise<T> | T,
  options: SetOptions | undefined,
): WriteRequest {
  const { tags = [] } = options ?? {};
  const stored = region.keyFor(key);
  return {
    region,
    options: readOptionsOf(region, options, ['tags']),
    write,
    key: stored,
    keyOf: () => stored,
    tags: () => tags,
    invalidates: NO_TAGS,
    unless: undefined,
  };
}

export function setRequest(region: CacheRegion, key: CacheKey, options: SetOptions | undefined): SetRequest {
  const { tags = [] } = options ?? {};
  return { region, options: readOptionsOf(region, options, ['tags']), key: region.keyFor(key), tags };
}
