import { decorateMethod } from '../bindings/method-wrapper.js';
import type { CacheName } from '../desk/cache-names.js';
import type { CacheOptions } from '../options/cache-options.interface.js';
import type { Duration } from '../options/duration.js';
import type { CacheableType } from '../entry/cacheable-types.js';

export interface CacheableManyOptions<T> extends Omit<CacheOptions, 'tags' | 'ttl'> {
  /** A named cache. Default: one of the method's own, called `Class.method`. */
  readonly cache?: CacheName | undefined;
  /** The key of an item of the result, as it stands among the arguments. */
  readonly key: (item: T) => string | number | bigint;
  /** How long an item is fresh, or a function of the item; `undefined` from it means that of the cache. */
  readonly ttl?: Duration | ((item: T) => Duration | undefined) | undefined;
  /** Keys the method is called with at a time; more are loaded one part after the other. Default: all. */
  readonly maxSize?: number | undefined;
  /** Tags of an item: texts for every item, or `{ fromResult: (item) => … }`. */
  readonly tags?: readonly string[] | { readonly fromResult: (item: T) => readonly string[] } | undefined;
  /** Items that aren't to be stored. Default: none. */
  readonly unless?: ((item: T) => boolean) | undefined;
  readonly type?: CacheableType | undefined;
  readonly registration?: string | undefined;
}

/**
 * Caches the items of a method that takes a list of keys and returns a list of items: one look into the cache for all
 * of them, one call of the method for those that are missing. A key without an item is remembered as such. The items
 * come back in the order of the keys, those that don't exist left out.
 *
 * @example
 * \@CacheableMany({ cache: 'users', key: (user: User) => user.id })
 * findMany(ids: string[]): Promise<User[]> { … }
 */
export function CacheableMany<T>(options: CacheableManyOptions<T>) {
  return <K extends string | number | bigint>(
    target: object,
    propertyKey: string | symbol,
    descriptor:
      | TypedPropertyDescriptor<(keys: K[]) => Promise<T[]>>
      | TypedPropertyDescriptor<(keys: readonly K[]) => Promise<T[]>>,
  ): void => {
    const { ttl, ...rest } = options;
    const settings = typeof ttl === 'function' ? { ...rest, ttlOf: ttl } : (options as typeof rest);
    decorateMethod(target, propertyKey, descriptor, { kind: 'many', settings });
  };
}
