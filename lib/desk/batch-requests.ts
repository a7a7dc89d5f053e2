import { CacheKeyError } from '../cache.errors.js';
import type { CacheKey } from '../entry/key-encoding.js';
import type { BatchRequest } from '../flow/batch-request.js';
import type { CacheRegion } from '../flow/cache-region.js';
import type { Found } from '../flow/found.js';
import type { LoadContext } from '../flow/load-collector.js';
import type { ReadRequest } from '../flow/reader.js';
import type { ReadOptions } from '../options/cache-options.interface.js';
import type { Duration } from '../options/duration.js';
import { count, OptionReader } from '../options/option-reader.js';
import { ttlOfValue } from '../options/read-options.js';
import type { ResolvedReadOptions } from '../options/resolved-options.js';
import { getRequest, NO_TAGS, readOptionsOf, type GetOptions } from './call-requests.js';

export interface LoadManyOptions<T, K> extends Omit<ReadOptions, 'ttl'> {
  /** How long an item is fresh, or a function of the item; `undefined` from it means that of the cache. */
  readonly ttl?: Duration | ((item: T) => Duration | undefined) | undefined;
  /** Finds the key of an item, for a loader that returns items in any order. */
  readonly key?: ((item: T) => NoInfer<K> | CacheKey) | undefined;
  /** Tags of every item, or a function of the item. Missing items carry none. */
  readonly tags?: readonly string[] | ((item: T) => readonly string[]) | undefined;
  /** Items that aren't to be cached. */
  readonly unless?: ((item: T) => boolean) | undefined;
  /** Keys the loader is called for at a time, at least 1; more are loaded one part after the other. Default: all. */
  readonly maxSize?: number | undefined;
}

/** What a loader of many may return. */
export type LoadedItems<T, K> =
  | Promise<readonly (T | null | undefined)[] | ReadonlyMap<K, T>>
  | readonly (T | null | undefined)[]
  | ReadonlyMap<K, T>;

const isMissing = (value: unknown): boolean => value === null || value === undefined;

export function getManyRequest(
  region: CacheRegion,
  keys: readonly CacheKey[],
  options: GetOptions | undefined,
): BatchRequest {
  const first = getRequest(region, '', options);
  const stored = keys.map((key) => region.keyFor(key));
  return {
    region,
    options: first.options,
    keys: stored,
    request: (place, found) => ({ ...first, key: stored[place]!, found }),
    load: (places) => Promise.resolve(places.map(() => undefined)),
    maxSize: Number.POSITIVE_INFINITY,
  };
}

/** What is the same for every item of a batch. */
export type ItemRequest = Pick<ReadRequest, 'tags' | 'tagsOfResult' | 'unless' | 'ttlOf'>;

type LoadManyKeys<T, K> = (missing: K[], context: LoadContext) => LoadedItems<T, K>;

/** @throws CacheConfigurationError, CacheKeyError */
export function loadManyRequest<T, K extends CacheKey>(
  region: CacheRegion,
  keys: readonly K[],
  load: LoadManyKeys<T, K>,
  options: LoadManyOptions<T, K> | undefined,
): BatchRequest {
  const { tags, unless, key: keyOfItem, maxSize } = options ?? {};
  const item = {
    tags: typeof tags === 'function' || tags === undefined ? NO_TAGS : () => tags,
    tagsOfResult: typeof tags === 'function' ? ofItem(tags, []) : undefined,
    unless: unless === undefined ? undefined : ofItem(unless, false),
    ttlOf: typeof options?.ttl === 'function' ? ttlOfValue(options.ttl, 'ttl') : undefined,
  } as ItemRequest;
  return batchRequest(region, keys, load, {
    item,
    options: readOptionsOfMany(region, options),
    keyOfItem,
    maxSize: maxSize ?? Number.POSITIVE_INFINITY,
  });
}

export interface BatchTerms<T, K> {
  readonly item: ItemRequest;
  readonly options: ResolvedReadOptions;
  readonly keyOfItem: ((item: T) => NoInfer<K> | CacheKey) | undefined;
  readonly maxSize: number;
}

export function batchRequest<T, K extends CacheKey>(
  region: CacheRegion,
  keys: readonly K[],
  load: LoadManyKeys<T, K>,
  { item, options, keyOfItem, maxSize }: BatchTerms<T, K>,
): BatchRequest {
  const stored = keys.map((key) => region.keyFor(key));
  const placing: Placing<CacheKey> = { region, keyFor: (key) => region.keyFor(key), keyOfItem };
  const loadMissing: BatchRequest['load'] = async (places, context) => {
    const missing = places.map((place) => keys[place]!);
    return inOrder(placing, missing, await load(missing, context));
  };
  const { tags, tagsOfResult, unless, ttlOf } = item;
  // made for every key that isn't in memory: one form, and nothing in it that need not be
  const request = (place: number, found: Found | undefined): ReadRequest => {
    const key = stored[place]!;
    return { region, key, options, load: loadedTogether, tags, tagsOfResult, unless, ttlOf, signal: undefined, found };
  };
  return { region, options, keys: stored, request, load: loadMissing, maxSize };
}

/** The reads of a batch don't load by themselves. */
const loadedTogether = (): never => {
  throw new CacheKeyError('a read of a batch was loaded by itself');
};

/** A function of an item, for what may be none. */
const ofItem =
  <T, R>(read: (item: T) => R, ofNone: R) =>
  (item: unknown): R =>
    isMissing(item) ? ofNone : read(item as T);

/** The options of a call for many, of which `ttl` may be a function. */
function readOptionsOfMany(region: CacheRegion, options: object | undefined): ResolvedReadOptions {
  return readOptionsOf(region, options, ['tags', 'unless', 'key', 'maxSize'], (given, problems, where) => {
    const { ttl, ...rest } = given as { readonly ttl?: unknown };
    new OptionReader(given as { maxSize?: number }, where, problems).take('maxSize', count(1));
    return typeof ttl === 'function' ? rest : given;
  });
}

/** How the items of a loader of many find their places. */
export interface Placing<K> {
  readonly region: CacheRegion;
  /** A key as it is stored. */
  readonly keyFor: (key: K) => string;
  readonly keyOfItem: ((item: never) => K) | undefined;
}

/** A value for each key, whatever form the loader chose. @throws CacheKeyError where nobody can say what belongs where */
export function inOrder<K>({ region, keyFor, keyOfItem }: Placing<K>, keys: readonly K[], items: unknown): unknown[] {
  if (items instanceof Map) return fromMap(items, keys, keyFor);
  if (!Array.isArray(items)) {
    throw new CacheKeyError(`cache ${region.name}: a loader of many returns a list or a Map, this one ${typeof items}`);
  }
  if (keyOfItem !== undefined) {
    const byKey = new Map<string, unknown>();
    for (const item of items as unknown[]) {
      if (!isMissing(item)) byKey.set(keyFor(keyOfItem(item as never)), item);
    }
    return keys.map((key) => byKey.get(keyFor(key)));
  }
  if (items.length === keys.length) return items.map((item: unknown) => item ?? undefined);
  throw new CacheKeyError(
    `cache ${region.name}: the loader returned ${items.length} items for ${keys.length} keys; ` +
      'give the option `key` to find their places, or return a Map',
  );
}

/** By its keys as they are; and where some aren't there, by what is the same key to the cache, such as 7 and '7'. */
function fromMap<K>(items: ReadonlyMap<unknown, unknown>, keys: readonly K[], keyFor: (key: K) => string): unknown[] {
  const isWhole = keys.every((key) => items.has(key));
  const stored = new Map<string, unknown>();
  if (!isWhole) for (const [key, item] of items) if (!isMissing(key)) stored.set(keyFor(key as K), item);
  return keys.map((key) => (isWhole || items.has(key) ? items.get(key) : stored.get(keyFor(key))) ?? undefined);
}
