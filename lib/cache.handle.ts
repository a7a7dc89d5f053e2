import type { CacheService } from './cache.service.js';
import type { CacheName } from './desk/cache-names.js';
import type { LoadedItems, LoadManyOptions } from './desk/batch-requests.js';
import type { GetOptions, LoadOptions, SetOptions, WriteBehindCallOptions } from './desk/call-requests.js';
import type { WriteReceipt } from './desk/write-queue-desk.js';
import type { Explanation } from './desk/cache-status.js';
import type { KnownIds } from './desk/known-ids.js';
import type { CacheKey } from './entry/key-encoding.js';
import type { LoadContext } from './flow/load-collector.js';
import type { InvalidationResult } from './flow/outcome.js';

/**
 * One named cache by hand, as `@InjectCache('users')` gives it: the methods of `CacheService` without the name.
 *
 * @example constructor(@InjectCache('users') private readonly users: Cache<User>) {}
 */
export class Cache<T = unknown> {
  constructor(
    private readonly service: CacheService,
    /** The name under which it was declared. */
    readonly name: CacheName,
  ) {}

  /** @see CacheService.getOrLoad */
  getOrLoad(key: CacheKey, load: (context: LoadContext) => Promise<T> | T, options?: LoadOptions<T>): Promise<T> {
    return this.service.getOrLoad(this.name, key, load, options);
  }

  /** @see CacheService.refresh */
  refresh(key: CacheKey, load: (context: LoadContext) => Promise<T> | T, options?: LoadOptions<T>): Promise<T>;
  refresh(key: CacheKey): Promise<InvalidationResult>;
  refresh(
    key: CacheKey,
    load?: (context: LoadContext) => Promise<T> | T,
    options?: LoadOptions<T>,
  ): Promise<T | InvalidationResult> {
    if (load === undefined) return this.service.refresh(this.name, key);
    return this.service.refresh(this.name, key, load, options);
  }

  /** @see CacheService.get */
  get(key: CacheKey, options?: GetOptions): Promise<T | undefined> {
    return this.service.get<T>(this.name, key, options);
  }

  /** @see CacheService.getMany */
  getMany(keys: readonly CacheKey[], options?: GetOptions): Promise<(T | undefined)[]> {
    return this.service.getMany<T>(this.name, keys, options);
  }

  /** @see CacheService.getOrLoadMany */
  getOrLoadMany<K extends CacheKey>(
    keys: readonly K[],
    load: (missing: K[], context: LoadContext) => LoadedItems<T, K>,
    options?: LoadManyOptions<T, K>,
  ): Promise<(T | undefined)[]> {
    return this.service.getOrLoadMany<T, K>(this.name, keys, load, options);
  }

  /** @see CacheService.put */
  put(key: CacheKey, write: () => Promise<T> | T, options?: SetOptions): Promise<T> {
    return this.service.put(this.name, key, write, options);
  }

  /** @see CacheService.write */
  write(key: CacheKey, value: T, sink: (value: T, key: CacheKey) => unknown, options?: SetOptions): Promise<void> {
    return this.service.write(this.name, key, value, sink, options);
  }

  /** @see CacheService.writeBehind */
  writeBehind(key: CacheKey, value: T, options?: WriteBehindCallOptions): Promise<WriteReceipt> {
    return this.service.writeBehind(this.name, key, value, options);
  }

  /** @see CacheService.set */
  set(key: CacheKey, value: T, options?: SetOptions): Promise<void> {
    return this.service.set(this.name, key, value, options);
  }

  /** @see CacheService.evict */
  evict(key: CacheKey): Promise<InvalidationResult> {
    return this.service.evict(this.name, key);
  }

  /** @see CacheService.clear */
  clear(): Promise<InvalidationResult> {
    return this.service.clear(this.name);
  }

  /** @see CacheService.knownIds */
  get knownIds(): KnownIds {
    return this.service.knownIds(this.name);
  }

  /** @see CacheService.explain */
  explain(key: CacheKey): Promise<Explanation> {
    return this.service.explain(this.name, key);
  }
}
