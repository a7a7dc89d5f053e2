import { CacheConfigurationError } from '../cache.errors.js';
import type { CacheName } from '../desk/cache-names.js';
import type { Duration } from '../options/duration.js';
import { addWarmer, type WarmContext, type WarmList } from '../warmup/warmer-settings.js';
import type { AnyMethod } from './method-types.js';

/** When a warmer runs: when the application starts, every so long (`'10m'`), or by a cron expression of 5 or 6 fields. */
export type WarmTrigger = 'start' | Duration;

export interface CacheWarmerOptions<W extends string = string> {
  /** The cache that is warmed, through the one cached method that reads it. Not needed beside `warms`. */
  readonly cache?: CacheName | undefined;
  /** The cached method of this class that is called with what the decorated one lists. */
  readonly warms?: W | undefined;
  /** One occasion, or several. Default `'start'`. */
  readonly on?: WarmTrigger | readonly WarmTrigger[] | undefined;
  /** Loads at a time, at least 1. Default 4. */
  readonly concurrency?: number | undefined;
  /** Keys for one call of a `@CacheableMany` method, at least 1. Default 100. */
  readonly batch?: number | undefined;
  /** Whether the readiness of the other processes waits for the one that warms. Default `'wait'`. */
  readonly others?: 'wait' | 'go on' | undefined;
  /** Whether the application doesn't listen before it is warm. With `on: 'start'`. Default false. */
  readonly hold?: boolean | undefined;
  /** How long readiness waits for a start, at most. Default 30 s. */
  readonly holdAtMost?: Duration | undefined;
  /** A process that starts so soon after a start that was warmed takes it as done. Default 1 min, at most the ttl. */
  readonly doneFor?: Duration | undefined;
  /** For a second `CacheModule.forRoot({ registration })`. */
  readonly registration?: string | undefined;
}

/** The arguments of a call, as a list; a single one that is no list itself also bare. A list of keys also key by key. */
export type WarmItem<P extends readonly unknown[]> = Readonly<P> | OnlyArgument<P>;

type OnlyArgument<P extends readonly unknown[]> = P extends readonly [(infer A)?, ...unknown[]]
  ? A extends readonly (infer Key)[]
    ? Key extends readonly unknown[]
      ? never
      : Key
    : A
  : never;

/** Compiles when a method lists arguments of the method it warms. */
export type FitsWarmed<M extends AnyMethod, T, W extends string> = [W] extends [never]
  ? unknown
  : T extends Readonly<Record<W, infer F extends AnyMethod>>
    ? ReturnType<M> extends WarmList<WarmItem<Parameters<F>>>
      ? unknown
      : { 'this method lists something else than arguments of the method it warms': Parameters<F> }
    : { 'this class has no public method of that name': W };

/**
 * Has one process of the fleet load what the method lists before anybody asks for it: a list of arguments for a cached
 * method. Its reads are counted as loads, not as reads; what is fresh already isn't loaded. On a method of a provider
 * there is one of.
 *
 * @throws CacheConfigurationError at start for options that can't be right, and for a cache or method that isn't there
 * @example
 * \@CacheWarmer({ warms: 'findOne', on: ['start', '0 6 * * *'], concurrency: 8 })
 * async bestsellers(): Promise<string[]> { return this.db.topIds(500); }
 */
export function CacheWarmer<const W extends string = never>(options: CacheWarmerOptions<W>) {
  return <T extends object, M extends (context: WarmContext) => WarmList<unknown>>(
    target: T,
    propertyKey: string,
    descriptor: TypedPropertyDescriptor<M> & FitsWarmed<M, T, W>,
  ): void => {
    const isMethod = typeof (descriptor as PropertyDescriptor | undefined)?.value === 'function';
    if (!isMethod || typeof target === 'function') {
      const what =
        typeof target === 'function' ? 'static methods belong to no instance that could load' : 'it is for methods';
      const where = `@CacheWarmer on ${propertyKey}`;
      throw new CacheConfigurationError([{ where, problem: `${what}; decorate a method of a provider` }]);
    }
    addWarmer(target.constructor, propertyKey, options);
  };
}
