import type { Observable } from 'rxjs';
import type { EvictSettings } from '../bindings/method-plan.js';
import { decorateMethod } from '../bindings/method-wrapper.js';
import type { CacheName } from '../desk/cache-names.js';
import type { Duration } from '../options/duration.js';
import { applyInterceptor } from './apply-interceptor.js';
import type { AnyMethod, ArgumentFunction, FitsArguments, FitsTags, TagsOption } from './method-types.js';

export interface CacheEvictOptions<
  K extends ArgumentFunction<string | number | bigint> = ArgumentFunction<string | number | bigint>,
  T extends TagsOption = TagsOption,
  C extends ArgumentFunction<boolean> = ArgumentFunction<boolean>,
> {
  /** Everything that carries one of these tags: texts, a function of the arguments, or `{ fromResult }`. */
  readonly tags?: T | undefined;
  /** With `key` that entry; without it the whole cache. */
  readonly cache?: CacheName | undefined;
  /** The key, made of the arguments. */
  readonly key?: K | undefined;
  /** Everything in every cache. */
  readonly all?: boolean | undefined;
  /** Before the method runs, whether it succeeds or not. Default: after it succeeded. */
  readonly before?: boolean | undefined;
  /** Calls that evict at all. Default: all. */
  readonly condition?: C | undefined;
  /** `soft`: old values may be served while somebody refreshes them. Default `hard`. */
  readonly mode?: 'hard' | 'soft' | undefined;
  /** The method resolves only when no process answers with an old value any more. Default false. */
  readonly settled?: boolean | undefined;
  /** A second time this much later, for database replicas that lag. */
  readonly again?: Duration | undefined;
  /**
   * Tells other services as well, through `CacheEventsModule`; after the invalidation, in the background, so that a
   * broker that is away neither delays the method nor fails it. Default false.
   */
  readonly emit?: boolean | undefined;
  readonly registration?: string | undefined;
}

/**
 * Invalidates after the method succeeded, before its caller gets the result: whoever reads after the call sees the
 * change. Inside `afterCommit` it waits for the commit. May be used several times on a method.
 *
 * @example
 * \@CacheEvict({ tags: (id: string) => [`user:${id}`] })
 * update(id: string, patch: Partial<User>): Promise<User> { … }
 */
export function CacheEvict<
  K extends ArgumentFunction<string | number | bigint> = () => string,
  T extends TagsOption = () => string[],
  C extends ArgumentFunction<boolean> = () => boolean,
>(options: CacheEvictOptions<K, T, C>) {
  return <M extends (...args: Parameters<AnyMethod>) => Promise<unknown> | Observable<unknown>>(
    target: object,
    propertyKey: string | symbol,
    descriptor: TypedPropertyDescriptor<M> & FitsArguments<K, M> & FitsTags<T, M> & FitsArguments<C, M>,
  ): void => {
    decorateMethod(target, propertyKey, descriptor, { kind: 'evict', settings: options as EvictSettings });
    applyInterceptor(target, propertyKey, descriptor, options.registration);
  };
}
