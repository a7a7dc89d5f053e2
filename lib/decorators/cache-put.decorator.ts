import type { MethodReadSettings, TagSource } from '../bindings/method-plan.js';
import { decorateMethod } from '../bindings/method-wrapper.js';
import type { CacheName } from '../desk/cache-names.js';
import type { CacheableType } from '../entry/cacheable-types.js';
import type { Duration } from '../options/duration.js';
import type { AnyMethod, ArgumentFunction, FitsArguments, FitsResult, FitsTags, TagsOption } from './method-types.js';

export interface CachePutOptions<
  K extends ArgumentFunction<string | number | bigint>,
  T extends TagsOption,
  I extends TagsOption,
  C extends ArgumentFunction<boolean>,
  U extends ArgumentFunction<boolean>,
> {
  readonly cache: CacheName;
  /** The key, made of the result, followed by the arguments. */
  readonly key: K;
  /** Tags of the entry. */
  readonly tags?: T | undefined;
  /** Tags that the write makes stale besides the entry itself. */
  readonly invalidates?: I | undefined;
  readonly ttl?: Duration | undefined;
  /** Calls whose result goes into the cache at all. Default: all. */
  readonly condition?: C | undefined;
  /** Results that aren't to be stored; the old entry is stale all the same. */
  readonly unless?: U | undefined;
  readonly type?: CacheableType | undefined;
  readonly registration?: string | undefined;
}

/**
 * Write-through: runs the method, and its result replaces the entry. If another write or an invalidation of the same
 * entry crossed, neither value is kept and the next read loads.
 *
 * @example
 * \@CachePut({ cache: 'users', key: (user: User) => user.id })
 * save(user: User): Promise<User> { … }
 */
export function CachePut<
  K extends ArgumentFunction<string | number | bigint> = () => string,
  T extends TagsOption = () => string[],
  I extends TagsOption = () => string[],
  C extends ArgumentFunction<boolean> = () => boolean,
  U extends ArgumentFunction<boolean> = () => boolean,
>(options: CachePutOptions<K, T, I, C, U>) {
  return <M extends (...args: Parameters<AnyMethod>) => Promise<unknown>>(
    target: object,
    propertyKey: string | symbol,
    descriptor: TypedPropertyDescriptor<M> &
      FitsResult<K, M> &
      FitsTags<T, M> &
      FitsTags<I, M> &
      FitsArguments<C, M> &
      FitsResult<U, M>,
  ): void => {
    const settings = options as MethodReadSettings & { invalidates?: TagSource };
    decorateMethod(target, propertyKey, descriptor, { kind: 'put', settings });
  };
}
