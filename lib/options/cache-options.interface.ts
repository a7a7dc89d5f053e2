import type { Runtime } from '../cache.runtime.js';
import type { CacheableType } from '../entry/cacheable-types.js';
import type { CompressionAlgorithm } from '../entry/compression.js';
import type { StandardSchema } from '../entry/standard-schema.js';
import type { Serializer } from '../entry/serializers.js';
import type { Isolation } from '../entry/value-codec.js';
import type { ByteSize, Duration } from './duration.js';
import type { HttpOptions } from './http-options.js';
import type { KnownIdsOptions } from './known-ids-options.interface.js';
import type { OriginOptions } from './origin-options.interface.js';
import type { RedisOptions } from './redis-options.interface.js';

/** Which promise a read is given; see docs/consistency.md. */
export type Consistency = 'bounded' | 'strong';

export interface GraceOptions {
  /** How long past its expiry a value may be served at once while one caller refreshes it. Default: not at all. */
  readonly revalidate?: Duration | undefined;
  /** How long past its expiry a value may stand in for a loader that fails or is slow. Default: not at all. */
  readonly error?: Duration | undefined;
  /** Which errors of the loader the old value may stand in for. Default: all. */
  readonly when?: ((error: unknown) => boolean) | undefined;
}

export interface NegativeOptions {
  /** How long `null`, `undefined` and the chosen errors are kept. Default: the ttl of the cache. */
  readonly ttl?: Duration | undefined;
  /** Whether `null` and `undefined` are values worth keeping. Default: true. */
  readonly missing?: boolean | undefined;
  /** Which errors are answers and are cached too: a predicate, or classes. Default: none. */
  readonly errors?: ((error: unknown) => boolean) | readonly ErrorClass[] | undefined;
}

export type ErrorClass = abstract new (...args: never[]) => Error;

export interface MemoryOptions {
  /** Upper bound of the approximate bytes held. Default 64 MB. */
  readonly maxBytes?: ByteSize | undefined;
  /** Upper bound of the entries held. Default 10,000. */
  readonly maxEntries?: number | undefined;
  /** Which entry makes room for a new one. Default `sieve`. */
  readonly eviction?: 'sieve' | 'lru' | undefined;
}

/** What can be said of one read, at the call or on the decorator. */
export interface ReadOptions {
  /** How long a value is fresh, counted from the begin of its load. Default 5 minutes. 0: not stored. */
  readonly ttl?: Duration | undefined;
  /**
   * How long a value is fresh, learned from the value; `undefined` from it means the `ttl`. Missing values aren't asked.
   * @example ttlFrom: (token: Token) => token.expiresIn * 1_000
   */
  readonly ttlFrom?: ((value: never) => Duration | undefined) | undefined;
  /** A value that nobody reads for so long is gone before its `ttl`, which it never outlives. Default: not at all. */
  readonly sliding?: Duration | undefined;
  /** How long after its expiry a value may still be of use. One duration means both kinds. Default: not at all. */
  readonly grace?: Duration | GraceOptions | undefined;
  /** `bounded` (default) or `strong`. */
  readonly consistency?: Consistency | undefined;
  /** Keeping the answer "there is nothing", and chosen errors. */
  readonly negative?: NegativeOptions | undefined;
  /** How long a caller waits for the loader before it takes the old value, if there is one in grace. Default: off. */
  readonly softTimeout?: Duration | undefined;
  /** How long a caller waits for the loader at all before a `CacheTimeoutError`. Default: off. */
  readonly hardTimeout?: Duration | undefined;
  /** When a load is given up: its signal is aborted and its value isn't stored. Default: three times `hardTimeout`. */
  readonly abandonAfter?: Duration | undefined;
  /** β of the probabilistic early refresh (XFetch): 1 by default, higher is earlier, `false` switches it off. */
  readonly earlyRefresh?: number | false | undefined;
  /** The largest part by which a ttl is shortened at random, 0 to 1. Default 0.1. */
  readonly jitter?: number | undefined;
  /** How long a loader that failed is left alone while an old value stands in. Default 5 s. */
  readonly retryPause?: Duration | undefined;
  /** Whether a load inherits tags and expiry of the cached calls inside it. Default true. */
  readonly nested?: boolean | undefined;
}

/** What can be said of a cache as a whole; a set of defaults for its reads as well. */
export interface CacheOptions extends ReadOptions {
  /** Tags that every entry of this cache carries. */
  readonly tags?: readonly string[] | undefined;
  /** Whether callers share a value. Default `copy`. */
  readonly isolation?: Isolation | undefined;
  /** Limits of the memory tier; given here, this cache has a budget of its own. `false`: no memory tier. */
  readonly memory?: false | MemoryOptions | undefined;
  /** Version of the shape of the values; raise it when the shape changes. Default 1. */
  readonly schema?: number | undefined;
  /** Classes whose instances may be cached, in addition to those of the module. */
  readonly types?: readonly CacheableType[] | undefined;
  /** Class instances are cached, and returned, as plain objects. Default false. */
  readonly plain?: boolean | undefined;
  /** A Standard Schema that a value has to pass when it is stored and when it is read from a store outside the process. */
  readonly validate?: StandardSchema | undefined;
  /** How a value becomes bytes: `msgpack` (default, keeps Map, Set, Date, BigInt, cycles …), `json`, or your own. */
  readonly serializer?: 'msgpack' | 'json' | Serializer | undefined;
  /** A part of every key that the caller doesn't pass, for example the tenant. */
  readonly scope?: (() => string) | undefined;
  /** What a value may take as bytes, uncompressed. Larger ones are returned; see `tooLarge` for the rest. Default 1 MB. */
  readonly maxValueBytes?: ByteSize | undefined;
  /** Values above `maxValueBytes` aren't kept anywhere (`skip`, the default), or in this process but not in the shared store. */
  readonly tooLarge?: TooLarge | undefined;
  /** Longer keys are hashed (SHA-256). Default 1 KB, counted as UTF-8. */
  readonly maxKeyBytes?: ByteSize | undefined;
  /** Whether values are compressed on their way to the shared store. Default false. `{}`: with the defaults of its fields. */
  readonly compression?: false | CompressionOptions | undefined;
  /**
   * The hottest calls of its methods are learned, and loaded again by one process of the fleet when the cache was cleared,
   * or starts with another `schema`. Default false. `{}`: with the defaults of its fields.
   */
  readonly warm?: false | WarmOptions | undefined;
  /** Whether entries are encrypted in the shared store, with the module's `encryption` keys. Default false. */
  readonly encrypt?: boolean | undefined;
  /** Writes of this cache wait in a queue for their sink (`cache.writeBehind`, `@WriteBehind`). `{}`: with the defaults of its fields. */
  readonly writeBehind?: WriteBehindOptions | undefined;
  /** Guards in front of the source: bulkhead, breaker, limits of the refreshes in the background. Default: none. */
  readonly origin?: OriginOptions | undefined;
  /** A filter of the keys that exist at the source; a read of one that isn't among them asks nobody. Default: none. */
  readonly knownIds?: KnownIdsOptions | undefined;
}

/** How the writes of a cache get to their sink. */
export interface WriteBehindOptions {
  /** How long a write waits at most before it is tried to be written. Default 1 s. */
  readonly flushEvery?: Duration | undefined;
  /** Writes that the sink is given at a time; so many that wait are written at once. Default 100. */
  readonly batch?: number | undefined;
  /** Keys that may wait; beyond that a write is refused with a `CacheOverloadError`. Default 10,000. */
  readonly maxWaiting?: number | undefined;
  /** Failures of one write, while others succeed, after which it becomes a dead letter. Default 10. */
  readonly attempts?: number | undefined;
  /** The longest pause between two tries while the sink fails; the first is 100 ms and each is twice the one before. Default 30 s. */
  readonly maxRetryPause?: Duration | undefined;
  /** Dead letters that are kept; beyond that a write that the sink doesn't take goes on waiting. Default 10,000. */
  readonly maxDeadLetters?: number | undefined;
  /** How long a process that died keeps others from flushing. Default 10 s, at least 1 s. */
  readonly lease?: Duration | undefined;
  /** How long a shutdown waits for what can still be written. Default 2 s. */
  readonly drain?: Duration | undefined;
}

export interface WarmOptions {
  /** So many of the calls that are made most are remembered, 1 to 10,000. Default 100. */
  readonly hottest?: number | undefined;
  /** Loads at a time. Default 4. */
  readonly concurrency?: number | undefined;
  /** Whether an application that starts with a new `schema` doesn't listen before they are loaded. Default false. */
  readonly hold?: boolean | undefined;
}

export type TooLarge = 'skip' | 'memory-only';

export interface CompressionOptions {
  /** Smaller values are left as they are. Default 16 KB. */
  readonly threshold?: ByteSize | undefined;
  /** `brotli` (default) or `gzip`, both at the level that costs least. */
  readonly algorithm?: CompressionAlgorithm | undefined;
}

export interface EncryptionOptions {
  /** Keys by ids of your choice: 32 random bytes each, as base64 or as bytes. What any of them encrypted can be read. */
  readonly keys: Readonly<Record<string, string | Uint8Array>>;
  /** The id of the key that new values are encrypted with. */
  readonly current: string;
}

export interface DegradedOptions {
  /** How old an answer from memory may be. Default: `maxStaleness`. */
  readonly ttl?: Duration | undefined;
  /** How old a value may be that stands in for a loader that fails or is slow. Default: as `ttl`. This is the bound that `settled` waits for then. */
  readonly serveStale?: Duration | undefined;
}

export interface JournalOptions {
  /** How many invalidations are remembered; an older entry is a miss for a process that starts. Default 100,000. */
  readonly maxRecords?: number | undefined;
  /** Older records are dropped as well. Default 0: whatever their age. */
  readonly maxAge?: Duration | undefined;
  /** `replicated`: an invalidation is acknowledged when a replica has it too, at the latest after `commandTimeout`. Default `local`. */
  readonly durability?: 'local' | 'replicated' | undefined;
}

export interface ProbeOptions {
  /** Part of the invalidations that are asked about, 0 to 1. Default 0.01, and never more than ten a second. */
  readonly sample?: number | undefined;
}

export interface LoadLockOptions {
  /** How long the lock of a process that died is in the way. Renewed every third of it while a load runs. Default 3 s. */
  readonly life?: Duration | undefined;
  /** How long a process waits for another one's load before it loads as well. Default 5 s. */
  readonly timeout?: Duration | undefined;
}

/** What `CacheModule.forRoot()` takes: the defaults of all caches, and what there is only one of. */
export interface CacheModuleOptions extends Omit<
  CacheOptions,
  'tags' | 'schema' | 'validate' | 'scope' | 'writeBehind' | 'knownIds'
> {
  /** First part of every key in a shared store. Default `cache`. */
  readonly namespace?: string | undefined;
  /** `false`: every decorator is a pass-through. Default true. */
  readonly enabled?: boolean | undefined;
  /** Named caches. Others come into being as `Class.method` when a decorated method doesn't name one. */
  readonly caches?: Readonly<Record<string, CacheOptions>> | undefined;
  /** How old an answer may be after an acknowledged invalidation, at worst. Default 1 s, at least 100 ms. */
  readonly maxStaleness?: Duration | undefined;
  /** A Redis that several processes share. Without it everything stays in this process. */
  readonly redis?: RedisOptions | undefined;
  /** What may be served while Redis can't be asked what was invalidated. */
  readonly degraded?: DegradedOptions | undefined;
  /** How many invalidations are remembered, and how safely. */
  readonly journal?: JournalOptions | undefined;
  /** One load of a key across processes. */
  readonly loadLock?: LoadLockOptions | undefined;
  /** The keys of the caches with `encrypt: true`; see docs/encryption.md. */
  readonly encryption?: EncryptionOptions | undefined;
  /** Asks every process, of a sample of invalidations, what it would still serve. Needs `redis`. Default: nobody is asked. */
  readonly probe?: boolean | ProbeOptions | undefined;
  /** What responses say of how they came about, and how the edge purges them. */
  readonly http?: HttpOptions | undefined;
  /** Clock, chance and timers; for tests and simulations. */
  readonly runtime?: Runtime | undefined;
}
