import type { MethodReadSettings } from '../bindings/method-plan.js';
import { decorateMethod } from '../bindings/method-wrapper.js';
import type { CacheName } from '../desk/cache-names.js';
import type { CacheableType } from '../entry/cacheable-types.js';
import type { CacheOptions } from '../options/cache-options.interface.js';
import type {
  AnyMethod,
  ArgumentFunction,
  FitsArguments,
  FitsResult,
  FitsTags,
  MethodReturning,
  TagsOption,
} from './method-types.js';

type KeyFunction = ArgumentFunction<string | number | bigint>;
type Predicate = ArgumentFunction<boolean>;

export interface CacheableOptions<
  K extends KeyFunction = KeyFunction,
  T extends TagsOption = TagsOption,
  C extends Predicate = Predicate,
  U extends Predicate = Predicate,
  R extends 'promise' | 'observable' = 'promise' | 'observable',
> extends Omit<CacheOptions, 'tags'> {
  /** A named cache. Default: one of the method's own, called `Class.method`. */
  readonly cache?: CacheName | undefined;
  /** The key, made of the arguments. Default: the arguments themselves. Annotate its parameters. */
  readonly key?: K | undefined;
  /** Tags by which the entry can be invalidated: texts, a function of the arguments, or `{ fromResult }`. */
  readonly tags?: T | undefined;
  /** Calls for which the cache is used at all. Default: all. */
  readonly condition?: C | undefined;
  /** Results that aren't to be stored: a function of the result and the arguments. Default: none. */
  readonly unless?: U | undefined;
  /** `'observable'` for a method that returns an Observable. */
  readonly returns?: R | undefined;
  /** A class whose instances the method returns; in addition to the `types` of the cache and the module. */
  readonly type?: CacheableType | undefined;
  /** For a second `CacheModule.forRoot({ registration })`. */
  readonly registration?: string | undefined;
}

/**
 * Answers calls of a method from the cache, and caches what the method returns. Concurrent calls with one key share
 * one run. The method has to return a Promise, or an Observable with `returns: 'observable'`.
 *
 * @throws CacheConfigurationError at start for options that can't be right; CacheKeyError at a call whose arguments
 *   have no stable form
 * @example
 * \@Cacheable({ cache: 'users', key: (id: string) => id, ttl: '10m' })
 * findOne(id: string): Promise<User | null> { … }
 */
export function Cacheable<
  K extends KeyFunction = () => string,
  T extends TagsOption = () => string[],
  C extends Predicate = () => boolean,
  U extends Predicate = () => boolean,
  R extends 'promise' | 'observable' = 'promise',
>(options: CacheableOptions<K, T, C, U, R> = {}) {
  return <M extends (...args: Parameters<AnyMethod>) => MethodReturning<R>>(
    target: object,
    propertyKey: string | symbol,
    descriptor: TypedPropertyDescriptor<M> &
      FitsArguments<K, M> &
      FitsTags<T, M> &
      FitsArguments<C, M> &
      FitsResult<U, M>,
  ): void => {
    decorateMethod(target, propertyKey, descriptor, { kind: 'read', settings: options as MethodReadSettings });
  };
}
