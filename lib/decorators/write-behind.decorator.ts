import type { TagSource, WriteBehindSettings } from '../bindings/method-plan.js';
import { decorateMethod } from '../bindings/method-wrapper.js';
import type { CacheName } from '../desk/cache-names.js';
import type { CacheableType } from '../entry/cacheable-types.js';
import type { WriteBehindOptions } from '../options/cache-options.interface.js';
import type { Duration } from '../options/duration.js';
import type { AnyMethod, ArgumentFunction, FitsResult, FitsTags, TagsOption } from './method-types.js';

export interface WriteBehindMethodOptions<
  K extends ArgumentFunction<string | number | bigint>,
  T extends TagsOption,
  I extends TagsOption,
  C extends ArgumentFunction<boolean>,
> extends WriteBehindOptions {
  readonly cache: CacheName;
  /** The key, made of the result, followed by the arguments. */
  readonly key: K;
  /** Tags of the entry. */
  readonly tags?: T | undefined;
  /** Tags that become stale once the sink has the value: what is computed from the database, like lists. */
  readonly invalidates?: I | undefined;
  /** How long the entry is fresh; the write itself waits for as long as it has to. */
  readonly ttl?: Duration | undefined;
  /** Results that are to be written at all. Default: all. */
  readonly condition?: C | undefined;
  readonly type?: CacheableType | undefined;
  readonly registration?: string | undefined;
}

/**
 * Write-behind: the method says what is to be written, by returning it, and writes nothing itself. What it returns
 * waits for the sink of the cache (`@CacheSink`), and every reader of the cache gets it from now on.
 *
 * @throws at a call: CacheOverloadError, CacheConnectionError, CacheSerializationError, as `CacheService.writeBehind`
 * @example
 * \@WriteBehind({ cache: 'views', key: (views: Views) => views.id, flushEvery: '2s', batch: 200 })
 * async count(id: string): Promise<Views> { … }
 */
export function WriteBehind<
  K extends ArgumentFunction<string | number | bigint> = () => string,
  T extends TagsOption = () => string[],
  I extends TagsOption = () => string[],
  C extends ArgumentFunction<boolean> = () => boolean,
>(options: WriteBehindMethodOptions<K, T, I, C>) {
  return <M extends (...args: Parameters<AnyMethod>) => Promise<unknown>>(
    target: object,
    propertyKey: string | symbol,
    descriptor: TypedPropertyDescriptor<M> & FitsResult<K, M> & FitsTags<T, M> & FitsTags<I, M> & FitsResult<C, M>,
  ): void => {
    const settings = options as WriteBehindSettings & { invalidates?: TagSource };
    decorateMethod(target, propertyKey, descriptor, { kind: 'behind', settings });
  };
}
