import type { CacheKey } from '../entry/key-encoding.js';
import type { CacheRegion } from '../flow/cache-region.js';
import type { LoadContext } from '../flow/load-collector.js';
import type { ReadRequest } from '../flow/reader.js';
import type { SetRequest, WriteRequest } from '../flow/write.flow.js';
import type { Consistency, ReadOptions } from '../options/cache-options.interface.js';
import { Problems } from '../options/option-reader.js';
import { overrideReadOptions, refuseUnknownReadOptions } from '../options/read-options.js';
import type { QueuedWriteRequest } from './write-queue-desk.js';
import type { ResolvedReadOptions } from '../options/resolved-options.js';

export interface LoadOptions<T> extends ReadOptions {
  /** Tags of the entry, or a function of the value. */
  readonly tags?: readonly string[] | ((value: T) => readonly string[]) | undefined;
  /** Values that aren't to be cached. */
  readonly unless?: ((value: T) => boolean) | undefined;
  /** Load now, whatever is there, and replace it. Callers who ask for this while such a load runs share the one after it. */
  readonly refresh?: boolean | undefined;
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

export interface WriteBehindCallOptions extends SetOptions {
  /** Tags that become stale once the sink has the value: what is computed from the database, like lists. */
  readonly invalidates?: readonly string[] | undefined;
}

export const NO_TAGS = (): readonly string[] => [];

// options are often one constant object at the call site: it is read once for each cache
const resolved = new WeakMap<object, WeakMap<ResolvedReadOptions, ResolvedReadOptions>>();

/** @throws CacheConfigurationError */
export function readOptionsOf(
  region: CacheRegion,
  options: object | undefined,
  known: readonly string[],
  prepare: (given: object, problems: Problems, where: string) => object = (given) => given,
): ResolvedReadOptions {
  const base = region.options.read;
  if (options === undefined) return base;
  const done = resolved.get(options) ?? new WeakMap<ResolvedReadOptions, ResolvedReadOptions>();
  const before = done.get(base);
  if (before !== undefined) return before;
  const problems = new Problems();
  const where = `options of a call for cache ${region.name}`;
  refuseUnknownReadOptions(options, known, where, problems);
  const result = overrideReadOptions(base, prepare(options, problems, where), where, problems);
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
  const { tags, unless, signal, refresh } = options ?? {};
  return {
    region,
    key: region.keyFor(key),
    options: readOptionsOf(region, options, ['tags', 'unless', 'signal', 'refresh']),
    load,
    tags: typeof tags === 'function' || tags === undefined ? NO_TAGS : () => tags,
    tagsOfResult: typeof tags === 'function' ? (tags as (value: unknown) => readonly string[]) : undefined,
    unless: unless as ((value: unknown) => boolean) | undefined,
    signal,
    refresh,
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

/** The key of a write as it is stored, and as its sink is told it: the text, or the digits of a number. */
export function keysOfWrite(
  region: CacheRegion,
  key: CacheKey,
  describe: () => string,
): { readonly key: string; readonly plainKey: string } {
  const plain = region.plainKey(key, describe);
  return { key: region.storedKey(plain), plainKey: typeof key === 'object' ? plain : String(key) };
}

export function queueRequest(
  region: CacheRegion,
  key: CacheKey,
  value: unknown,
  options: WriteBehindCallOptions | undefined,
): QueuedWriteRequest {
  const { tags = [], invalidates = [] } = options ?? {};
  return {
    ...keysOfWrite(region, key, () => `cache ${region.name}`),
    value,
    options: readOptionsOf(region, options, ['tags', 'invalidates']),
    tags,
    invalidates,
  };
}

export function setRequest(region: CacheRegion, key: CacheKey, options: SetOptions | undefined): SetRequest {
  const { tags = [] } = options ?? {};
  return { region, options: readOptionsOf(region, options, ['tags']), key: region.keyFor(key), tags };
}
