import { CacheConfigurationError } from './cache.errors.js';
import { getManyRequest, loadManyRequest, type LoadedItems, type LoadManyOptions } from './desk/batch-requests.js';
import type { CacheDesk } from './desk/cache-desk.js';
import { NEEDS_EVENTS, type CacheEngine } from './desk/cache-engine.js';
import type { CacheName } from './desk/cache-names.js';
import type { CacheStatus, Explanation } from './desk/cache-status.js';
import { KnownIds } from './desk/known-ids.js';
import {
  getRequest,
  queueRequest,
  loadRequest,
  setRequest,
  writeRequest,
  type GetOptions,
  type LoadOptions,
  type SetOptions,
  type WriteBehindCallOptions,
} from './desk/call-requests.js';
import type { WriteReceipt } from './desk/write-queue-desk.js';
import { isPlainText, type CacheKey } from './entry/key-encoding.js';
import { cacheTag, EVERYTHING, keyTag, userTags } from './entry/tags.js';
import type { Found } from './flow/found.js';
import type { LoadContext } from './flow/load-collector.js';
import type { InvalidationResult } from './flow/outcome.js';
import { CacheWriteQueue } from './desk/cache-write-queue.js';
import { currentScope } from './flow/scope.js';
import type { WriteSink } from './write-behind/write-sink.interface.js';
import { parseDuration, type Duration } from './options/duration.js';

/** What to invalidate, and how. At least one of `tags`, `keys`, `caches` and `all`. */
export interface Invalidation {
  readonly tags?: readonly string[] | undefined;
  readonly keys?: readonly (readonly [cache: CacheName, key: CacheKey])[] | undefined;
  readonly caches?: readonly CacheName[] | undefined;
  readonly all?: boolean | undefined;
  /** `hard` (default): never served again. `soft`: as if it had just expired, so it may be served while somebody refreshes it. */
  readonly mode?: 'hard' | 'soft' | undefined;
  /** Resolve only when no process answers with an old value any more. Default false. */
  readonly settled?: boolean | undefined;
  /** Invalidate a second time this much later, for sources whose replicas lag. */
  readonly again?: Duration | undefined;
  /** Ends the waiting of `settled`. */
  readonly signal?: AbortSignal | undefined;
  /** Tell other services as well, in the background; needs `CacheEventsModule`. Default false. */
  readonly emit?: boolean | undefined;
}

/**
 * The cache by hand. Everything the decorators do goes through here as well.
 *
 * Keys are texts or numbers; a list stands for the arguments of a method that is cached without a `key`.
 * Methods that take a cache's name throw a `CacheConfigurationError` for one that isn't declared, and a
 * `CacheKeyError` for a key or tag that can't be one.
 */
export class CacheService {
  readonly #engine: CacheEngine;
  readonly #desks: ReadonlyMap<string, CacheDesk>;

  constructor(engine: CacheEngine) {
    this.#engine = engine;
    this.#desks = engine.desks;
  }

  /**
   * The cached value, or what `load` returns, which is then cached. Concurrent callers of a key share one load.
   *
   * @throws what `load` threw, untouched; `CacheTimeoutError` after `hardTimeout`
   * @example await cache.getOrLoad('users', id, () => db.user(id), { ttl: '10m', tags: [`user:${id}`] })
   */
  getOrLoad<T>(
    cache: CacheName,
    key: CacheKey,
    load: (context: LoadContext) => Promise<T> | T,
    options?: LoadOptions<T>,
  ): Promise<T> {
    const desk = this.#desks.get(cache);
    const takesShortWay = desk?.hasShortWay === true && options?.refresh !== true;
    if (takesShortWay && typeof key === 'string' && isPlainText(key) && currentScope() === undefined) {
      if (!desk.hasHotPath || options?.consistency === 'strong') return this.#lookOrLoad(desk, key, load, options);
      const entry = desk.hot(key);
      if (entry !== undefined) return desk.open(entry) as Promise<T>;
      return this.#joinOrLoad(desk, key, load, options);
    }
    return this.#getOrLoad(cache, key, load, options);
  }

  #joinOrLoad<T>(
    desk: CacheDesk,
    key: string,
    load: (context: LoadContext) => Promise<T> | T,
    options: LoadOptions<T> | undefined,
  ): Promise<T> {
    const { name, options: own } = desk.region;
    const isUsual = !desk.passThrough && waitsAsUsual(options) && options?.consistency === undefined;
    const joined = isUsual ? desk.join(key, own.read) : undefined;
    if (joined === undefined) return this.#lookOrLoad(desk, key, load, options);
    return joined.then((outcome) =>
      outcome === undefined ? this.#getOrLoad(name, key, load, options) : (desk.handOut(outcome) as T),
    );
  }

  #lookOrLoad<T>(
    desk: CacheDesk,
    key: string,
    load: (context: LoadContext) => Promise<T> | T,
    options: LoadOptions<T> | undefined,
  ): Promise<T> {
    const { name, options: own } = desk.region;
    const strong = options?.consistency === undefined ? own.read.strong : options.consistency === 'strong';
    const looking = waitsAsUsual(options) ? desk.look(key, own.read, strong) : undefined;
    if (looking === undefined) return this.#getOrLoad(name, key, load, options);
    return looking.then((found) => {
      const entry = desk.accept(found);
      return entry === undefined ? this.#getOrLoad(name, key, load, options, found) : (desk.unpack(entry) as T);
    });
  }

  async #getOrLoad<T>(
    cache: CacheName,
    key: CacheKey,
    load: (context: LoadContext) => Promise<T> | T,
    options: LoadOptions<T> | undefined,
    found?: Found,
  ): Promise<T> {
    const desk = this.#desk(cache);
    return desk.read({ ...loadRequest(desk.region, key, load, options), found }) as Promise<T>;
  }

  /**
   * Loads now, whatever is there, and replaces it; readers go on with what there is until then. Without a loader at
   * hand the entry is invalidated softly: whoever reads it next has it refreshed, in grace while being given the old value.
   *
   * @throws what `load` threw, whatever old value there is
   */
  refresh<T>(
    cache: CacheName,
    key: CacheKey,
    load: (context: LoadContext) => Promise<T> | T,
    options?: LoadOptions<T>,
  ): Promise<T>;
  refresh(cache: CacheName, key: CacheKey): Promise<InvalidationResult>;
  refresh<T>(
    cache: CacheName,
    key: CacheKey,
    load?: (context: LoadContext) => Promise<T> | T,
    options?: LoadOptions<T>,
  ): Promise<T | InvalidationResult> {
    if (load === undefined) return this.invalidate({ keys: [[cache, key]], mode: 'soft' });
    return this.getOrLoad(cache, key, load, { ...options, refresh: true });
  }

  /**
   * The cached value, or `undefined` when there is none; nothing is loaded.
   * An expired or softly invalidated value is given only with `allowStale`.
   */
  async get<T>(cache: CacheName, key: CacheKey, options?: GetOptions): Promise<T | undefined> {
    const desk = this.#desk(cache);
    return desk.peek(getRequest(desk.region, key, options), options?.allowStale === true) as Promise<T | undefined>;
  }

  /** Cached values in the order of the keys, `undefined` where there is none; one look into each tier for all. */
  async getMany<T>(cache: CacheName, keys: readonly CacheKey[], options?: GetOptions): Promise<(T | undefined)[]> {
    const desk = this.#desk(cache);
    if (keys.length === 0) return [];
    const batch = getManyRequest(desk.region, keys, options);
    return desk.peekMany(batch, options?.allowStale === true) as Promise<(T | undefined)[]>;
  }

  /**
   * Values for all keys, in their order; `load` is called once, for the keys that are missing, and returns a value
   * for each of them in that order, or a `Map` by key, or with the option `key` a list in any order. A missing item is `undefined`, and cached as such.
   *
   * @example await cache.getOrLoadMany('users', ids, (missing) => db.users(missing), { key: (user) => user.id })
   */
  async getOrLoadMany<T, K extends CacheKey>(
    cache: CacheName,
    keys: readonly K[],
    load: (missing: K[], context: LoadContext) => LoadedItems<T, K>,
    options?: LoadManyOptions<T, K>,
  ): Promise<(T | undefined)[]> {
    const desk = this.#desk(cache);
    if (keys.length === 0) return [];
    return desk.readMany(loadManyRequest(desk.region, keys, load, options)) as Promise<(T | undefined)[]>;
  }

  /**
   * Write-through: runs `write`, and what it returns replaces the entry, unless another write or an invalidation of
   * it crossed; then the next read loads.
   *
   * @returns what `write` returned. @throws what `write` threw; the entry stays as it was
   */
  async put<T>(cache: CacheName, key: CacheKey, write: () => Promise<T> | T, options?: SetOptions): Promise<T> {
    const desk = this.#desk(cache);
    const request = writeRequest(desk.region, key, write, options);
    // also while it ends: what was written is old everywhere else
    return (this.#engine.enabled ? this.#engine.writes.put(request) : write()) as Promise<T>;
  }

  /**
   * Write-through with the value at hand: `sink` writes it, then it replaces the entry, unless another write or an
   * invalidation of it crossed; then the next read loads.
   *
   * @throws what `sink` threw; the entry stays as it was
   * @example await cache.write('users', user.id, user, (value) => db.save(value))
   */
  async write<T>(
    cache: CacheName,
    key: CacheKey,
    value: T,
    sink: (value: T, key: CacheKey) => unknown,
    options?: SetOptions,
  ): Promise<void> {
    await this.put<T>(
      cache,
      key,
      async () => {
        await sink(value, key);
        return value;
      },
      options,
    );
  }

  /**
   * Write-behind: the value waits in a queue for the sink of its cache, and every reader gets it from now on. Resolves
   * when it is in Redis; without Redis it is in this process alone, and lost with it.
   *
   * @throws CacheOverloadError when too many wait (`writeBehind.maxWaiting`); CacheConnectionError when Redis doesn't
   *   answer, and the write may or may not be queued; CacheSerializationError for a value that can't be
   * @example await cache.writeBehind('views', product.id, { id: product.id, count })
   */
  async writeBehind(
    cache: CacheName,
    key: CacheKey,
    value: unknown,
    options?: WriteBehindCallOptions,
  ): Promise<WriteReceipt> {
    const queue = this.#engine.writeQueueOf(cache);
    const request = queueRequest(this.#desk(cache).region, key, value, options);
    return this.#engine.enabled ? queue.write(request) : queue.writeAtOnce(request);
  }

  /** The writes of a cache that wait for their sink, and those that it doesn't take. @throws CacheConfigurationError when it isn't written behind */
  writeQueue<T = unknown>(cache: CacheName): CacheWriteQueue<T> {
    return new CacheWriteQueue<T>(this.#engine.writeQueueOf(cache));
  }

  /**
   * Makes something the sink of a cache that is written behind, and begins to flush; `@CacheSink` does it for a provider.
   * @throws CacheConfigurationError when the cache isn't written behind, or has a sink
   */
  useSink<T>(cache: CacheName, sink: WriteSink<T>): void {
    this.#engine.writeQueueOf(cache).useSink(sink);
  }

  /**
   * Stores a value as it is. For values nobody else writes: unlike `put` it can't tell whether the value is the newest.
   * @throws CacheSerializationError for a value that can't be stored unchanged
   */
  async set(cache: CacheName, key: CacheKey, value: unknown, options?: SetOptions): Promise<void> {
    const desk = this.#desk(cache);
    if (!desk.passThrough) await this.#engine.writes.set(setRequest(desk.region, key, options), value);
  }

  /**
   * Makes everything stale that carries one of the tags, is one of the keys, or lies in one of the caches.
   * Call it after the change is committed; inside `afterCommit` it waits for that by itself.
   *
   * @returns `applied`: every process knows, or will within `maxStaleness`. `queued`: in force here, on its way to
   *   the others. `deferred`: collected by `afterCommit`.
   */
  async invalidate(invalidation: Invalidation): Promise<InvalidationResult> {
    const { mode = 'hard', settled = false, again = 0, signal, emit = false } = invalidation;
    const againMs = parseDuration(again);
    if (againMs === undefined) {
      const problem = `got ${String(again)}; takes a duration such as '500ms'`;
      throw new CacheConfigurationError([{ where: 'invalidate({ again })', problem }]);
    }
    const tags = this.#tagsOf(invalidation);
    const { announcer, invalidations } = this.#engine;
    if (emit && announcer === undefined) {
      throw new CacheConfigurationError([{ where: 'invalidate({ emit })', problem: NEEDS_EVENTS }]);
    }
    const result = await invalidations.invalidate({ tags, mode, settled, againMs, signal });
    const by = result.status === 'applied' ? 'everybody' : 'here';
    if (emit) invalidations.whenCommitted(() => announcer!(invalidation, by));
    return result;
  }

  #tagsOf({ tags = [], keys = [], caches = [], all = false }: Invalidation): string[] {
    const found = [
      ...userTags(tags, () => 'invalidate({ tags })'),
      ...keys.map(([cache, key]) => {
        const { region } = this.#desk(cache);
        return keyTag(region.name, region.keyFor(key));
      }),
      ...caches.map((cache) => cacheTag(this.#desk(cache).region.name)),
      ...(all ? [EVERYTHING] : []),
    ];
    return [...new Set(found)];
  }

  /** Makes one entry stale, and removes it. */
  async evict(cache: CacheName, key: CacheKey): Promise<InvalidationResult> {
    const { region } = this.#desk(cache);
    const result = await this.invalidate({ keys: [[cache, key]] });
    if (result.status !== 'deferred') this.#engine.forget(region, region.keyFor(key));
    return result;
  }

  /** Makes every entry of a cache stale, or of all caches of this registration. One record, whatever their number. */
  async clear(cache?: CacheName): Promise<InvalidationResult> {
    return this.invalidate(cache === undefined ? { all: true } : { caches: [cache] });
  }

  /**
   * Runs something that changes the source inside a transaction: invalidations inside are sent when it resolves and
   * dropped when it throws; its own reads see none of what they invalidate, and fill nothing.
   *
   * @example await cache.afterCommit(() => db.transaction(async () => { … }))
   */
  async afterCommit<T>(run: () => Promise<T> | T): Promise<T> {
    return this.#engine.invalidations.afterCommit(run);
  }

  /**
   * The keys of a cache that exist at its source: to add some, and to build the filter of all of them.
   * @throws CacheConfigurationError for a cache without the option `knownIds`
   * @example await cache.knownIds('products').rebuild(() => db.stream('select id from products'))
   */
  knownIds(cache: CacheName): KnownIds {
    return new KnownIds(this.#desk(cache).region, this.#engine.parts.emit);
  }

  /** What this registration knows and holds, and the counters of its caches. */
  status(): CacheStatus {
    return this.#engine.status();
  }

  /** Why an entry is fresh, stale or missing: for people, in words and numbers. */
  async explain(cache: CacheName, key: CacheKey): Promise<Explanation> {
    const { region } = this.#desk(cache);
    return this.#engine.explain(region, region.keyFor(key));
  }

  /** Ends the registration: its timer, its background work, its connections. Reads go to the source from then on. */
  async close(): Promise<void> {
    await this.#engine.close();
  }

  #desk(cache: CacheName): CacheDesk {
    return this.#engine.deskOf(cache);
  }
}

/** Whether a caller waits for a load as its cache says. */
const waitsAsUsual = (
  options: Pick<LoadOptions<never>, 'signal' | 'grace' | 'softTimeout' | 'hardTimeout'> | undefined,
): boolean =>
  options === undefined ||
  (options.signal === undefined &&
    options.grace === undefined &&
    options.softTimeout === undefined &&
    options.hardTimeout === undefined);
