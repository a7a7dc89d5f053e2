import type { ExecutionContext } from '@nestjs/common';
import type { MethodReadSettings } from '../bindings/method-plan.js';
import { decorateMethod } from '../bindings/method-wrapper.js';
import { DEFAULT_REGISTRATION } from '../cache.constants.js';
import type { CacheName } from '../desk/cache-names.js';
import type { CacheableType } from '../entry/cacheable-types.js';
import type { Duration } from '../options/duration.js';
import type { CacheOptions } from '../options/cache-options.interface.js';
import { setClassSettings } from '../responses/handler-decorations.js';
import type { ResponseOptions } from '../responses/response-options.js';
import { applyInterceptor, applyInterceptorToAll } from './apply-interceptor.js';
import type {
  AnyMethod,
  ArgumentFunction,
  FitsArguments,
  FitsResult,
  FitsTags,
  Fixed,
  LoadsMany,
  MethodReturning,
  TagsOption,
} from './method-types.js';

type KeyFunction = ArgumentFunction<string | number | bigint>;
type Predicate = ArgumentFunction<boolean>;

/** How the single calls of a method become batches. */
export interface AutoBatchOptions<L extends string = string> {
  /** The method of the same class that loads many: it takes a list of what this one takes. */
  readonly load: L;
  /**
   * Finds the argument in an item, for a method that returns items in any order. Default: the `key` of its
   * `@CacheableMany`, or else the items have to be in the order of the list, `null` where there is none, or in a `Map`.
   */
  readonly key?: ((item: never) => unknown) | undefined;
  /** Calls in one batch; the next one begins another. Default 1,000. */
  readonly maxSize?: number | undefined;
  /** How long the first call waits for others: to the end of the tick (default), or for a duration such as '2ms'. */
  readonly within?: 'tick' | Duration | undefined;
}

export interface CacheableOptions<
  K extends KeyFunction = KeyFunction,
  T extends TagsOption = TagsOption,
  C extends Predicate = Predicate,
  U extends Predicate = Predicate,
  R extends 'promise' | 'observable' = 'promise' | 'observable',
  L extends string = string,
> extends Omit<CacheOptions, 'tags' | 'scope'> {
  /** A named cache. Default: one of the method's own, called `Class.method`. */
  readonly cache?: CacheName | undefined;
  /** The key, made of the arguments. Default: the arguments themselves. Annotate its parameters. */
  readonly key?: K | undefined;
  /** Tags by which the entry can be invalidated: texts, a function of the arguments, or `{ fromResult }`. */
  readonly tags?: T | undefined;
  /** A part of every key that the caller doesn't pass, for example the tenant. Only a handler's is given a context. */
  readonly scope?: ((context: ExecutionContext) => string) | undefined;
  /** Calls for which the cache is used at all. Default: all. */
  readonly condition?: C | undefined;
  /** Results that aren't to be stored: a function of the result and the arguments. Default: none. */
  readonly unless?: U | undefined;
  /** `'observable'` for a method that returns an Observable. */
  readonly returns?: R | undefined;
  /** Single calls of one tick become one call of a method that loads many. */
  readonly autoBatch?: AutoBatchOptions<L> | undefined;
  /** A class whose instances the method returns; in addition to the `types` of the cache and the module. */
  readonly type?: CacheableType | undefined;
  /** For a second `CacheModule.forRoot({ registration })`. */
  readonly registration?: string | undefined;
}

/**
 * Of a route or message handler, or of all handlers of a controller that can be cached: everything but what is about
 * arguments, which a handler hasn't got when its answer is cached.
 */
export interface CacheableResponseOptions<T extends TagsOption = TagsOption, U extends Predicate = Predicate>
  extends Omit<CacheOptions, 'tags' | 'scope'>, ResponseOptions {
  /** A named cache. Default: one of the handler's own, called `Class.handler`. */
  readonly cache?: CacheName | undefined;
  /** Tags by which the answer can be invalidated: texts, a function of the handler's arguments, or `{ fromResult }`. */
  readonly tags?: T | undefined;
  /** Answers that aren't to be stored: a function of what the handler returned, and its arguments. Default: none. */
  readonly unless?: U | undefined;
  /** A handler may return at once: this says that the method is one, if none of its other options does. */
  readonly returns?: 'response' | undefined;
  readonly type?: CacheableType | undefined;
  readonly registration?: string | undefined;
}

/** What only a handler can say; something of it has to be there, or the options are those of any method. */
type SaysItIsAHandler = {
  [Field in Exclude<keyof ResponseOptions, 'scope'> | 'returns']: {
    readonly [Said in Field]-?: NonNullable<CacheableResponseOptions[Said]>;
  };
}[Exclude<keyof ResponseOptions, 'scope'> | 'returns'];

/** Decorates a method, or a controller. */
export interface CacheableDecorator<
  K extends KeyFunction,
  T extends TagsOption,
  C extends Predicate,
  U extends Predicate,
  R extends 'promise' | 'observable' | 'response',
  L extends string = never,
> {
  <M extends (...args: Parameters<AnyMethod>) => MethodReturning<R>>(
    target: LoadsMany<L, M>,
    propertyKey: string | symbol,
    descriptor: TypedPropertyDescriptor<M> &
      FitsArguments<K, M> &
      FitsTags<T, M> &
      FitsArguments<C, M> &
      FitsResult<U, M>,
  ): void;
  (controller: abstract new (...args: never[]) => object): void;
}

/**
 * Answers calls of a method from the cache, and caches what the method returns. Concurrent calls with one key share
 * one run. The method has to return a Promise, or an Observable with `returns: 'observable'`.
 *
 * On a route or message handler it caches responses, as `ResponseOptions` says; on a controller, those of all its
 * handlers that can be cached.
 *
 * @throws CacheConfigurationError at start for options that can't be right; CacheKeyError at a call whose arguments
 *   have no stable form
 * @example
 * \@Cacheable({ cache: 'users', key: (id: string) => id, ttl: '10m' })
 * findOne(id: string): Promise<User | null> { … }
 */
export function Cacheable<T extends TagsOption = () => string[], U extends Predicate = () => boolean>(
  options: CacheableResponseOptions<T, U> & SaysItIsAHandler,
): CacheableDecorator<() => string, T, () => boolean, U, 'response'>;
export function Cacheable<
  K extends KeyFunction = () => string,
  T extends TagsOption = () => string[],
  C extends Predicate = () => boolean,
  U extends Predicate = () => boolean,
  R extends 'promise' | 'observable' = 'promise',
  L extends string = never,
>(options?: CacheableOptions<K, T, C, U, R, L>): CacheableDecorator<K, T, C, U, R, Fixed<L>>;
export function Cacheable(options: object = {}) {
  return (target: object, propertyKey?: string | symbol, descriptor?: PropertyDescriptor): void => {
    const settings = options as MethodReadSettings;
    const { registration } = settings;
    if (propertyKey === undefined) {
      setClassSettings(target, registration ?? DEFAULT_REGISTRATION, options);
      applyInterceptorToAll(target, registration);
      return;
    }
    decorateMethod(target, propertyKey, descriptor, { kind: 'read', settings });
    applyInterceptor(target, propertyKey, descriptor!, registration);
  };
}
