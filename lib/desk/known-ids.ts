import { CacheConfigurationError, CacheOverloadError } from '../cache.errors.js';
import type { CacheEventListener } from '../cache.events.js';
import type { CacheKey } from '../entry/key-encoding.js';
import type { CacheRegion } from '../flow/cache-region.js';
import type { IdFilter, KnownIdsStatus, RebuildResult } from '../known-ids/id-filter.interface.js';

/** Keys, one after the other. */
export type IdSource = Iterable<CacheKey> | AsyncIterable<CacheKey>;

/**
 * The keys of one cache that exist at its source, as `cache.knownIds('products')` gives them. A read of a key that isn't
 * among them asks nobody; see docs/penetration.md.
 */
export class KnownIds {
  readonly #ids: IdFilter;

  /** @throws CacheConfigurationError for a cache without the option `knownIds` */
  constructor(
    private readonly region: CacheRegion,
    private readonly emit: CacheEventListener,
  ) {
    if (region.ids === undefined) {
      const problem = 'has no known ids; say `knownIds: { capacity }` in its options';
      throw new CacheConfigurationError([{ where: `caches.${region.name}`, problem }]);
    }
    this.#ids = region.ids;
  }

  /**
   * Adds keys, before their rows are inserted: resolves when no process takes them for absent any more.
   * `put`, `set` and `@CachePut` of the cache do so by themselves.
   * @throws CacheConnectionError when Redis is away: then don't insert them
   */
  async add(...keys: readonly CacheKey[]): Promise<void> {
    await this.#ids.add(keys.map((key) => this.region.keyFor(key)));
  }

  /**
   * Builds the filter anew, of all keys there are, and puts it into use when it is complete. One process at a time.
   * @param source is called when its keys may be read: all that were added before have been committed by then
   * @throws what the source throws, and CacheConnectionError; the filter there was stays in use
   * @example await cache.knownIds('products').rebuild(() => db.stream('select id from products'))
   */
  async rebuild(source: () => IdSource): Promise<RebuildResult> {
    const result = await this.#ids.rebuild(this.#keysOf(source));
    if (result.status === 'built') this.#warnIfOverfull(result.ids, result.falsePositiveRate);
    return result;
  }

  async *#keysOf(source: () => IdSource): AsyncIterable<string> {
    for await (const key of source()) yield this.region.keyFor(key);
  }

  /** What Redis, or this process, has of it now. @throws CacheConnectionError */
  async status(): Promise<KnownIdsStatus> {
    return this.#ids.status();
  }

  #warnIfOverfull(ids: number, rate: number): void {
    const { name, options } = this.region;
    const { capacity } = options.knownIds!;
    if (ids <= capacity) return;
    const about = `cache ${name}: its known ids are ${ids}, and the filter was made for ${capacity}`;
    const error = new CacheOverloadError(
      `${about}: ${(100 * rate).toPrecision(2)} % of those that don’t exist are looked for; raise knownIds.capacity`,
    );
    this.emit({ type: 'fault', cache: name, error });
  }
}
