import type { Serializer } from '../entry/serializers.js';
import type { TypeRegistry } from '../entry/cacheable-types.js';
import type { Compression } from '../entry/compression.js';
import type { EntryEncryption } from '../entry/entry-codec.js';
import type { StandardSchema } from '../entry/standard-schema.js';
import type { Isolation } from '../entry/value-codec.js';
import type { Runtime } from '../cache.runtime.js';
import type { TooLarge } from './cache-options.interface.js';
import type { ResolvedHttpOptions } from './http-options.js';
import type { ResolvedRedisOptions } from './redis-options.interface.js';

/** What holds for one read: complete, in milliseconds, frozen. */
export interface ResolvedReadOptions {
  readonly ttlMs: number;
  /** By the value; `undefined` from it: `ttlMs`. @throws CacheConfigurationError for what is no duration */
  readonly ttlFrom: ((value: unknown) => number | undefined) | undefined;
  /** 0: its life isn't prolonged by reading it. */
  readonly slidingMs: number;
  readonly graceRevalidateMs: number;
  readonly graceErrorMs: number;
  readonly graceWhen: (error: unknown) => boolean;
  readonly strong: boolean;
  /** `undefined`: the ttl. */
  readonly negativeTtlMs: number | undefined;
  readonly negativeMissing: boolean;
  readonly isNegativeError: (error: unknown) => boolean;
  /** 0: off. */
  readonly softTimeoutMs: number;
  readonly hardTimeoutMs: number;
  /** `undefined`: three times the hard timeout. */
  readonly abandonAfterMs: number | undefined;
  /** 0: off. */
  readonly earlyRefreshBeta: number;
  readonly jitter: number;
  readonly retryPauseMs: number;
  readonly nested: boolean;
}

/** The guards in front of a source; `undefined`: there is no such guard. */
export interface ResolvedOriginOptions {
  readonly bulkhead: { readonly concurrency: number; readonly queue: number; readonly waitMs: number } | undefined;
  readonly breaker:
    | {
        readonly failureRate: number;
        readonly minimumLoads: number;
        readonly windowMs: number;
        /** 0: off. */
        readonly slowLoadMs: number;
        readonly slowRate: number;
        readonly openForMs: number;
        readonly probes: number;
        /** `undefined`: as is said in `flow/origin-verdict`. */
        readonly when: ((error: unknown) => boolean) | undefined;
      }
    | undefined;
  /** Infinite: no bound. */
  readonly refresh: { readonly concurrency: number; readonly perSecond: number } | undefined;
}

/** The filter of the keys that exist. */
export interface ResolvedKnownIdsOptions {
  readonly capacity: number;
  readonly falsePositiveRate: number;
  /** What a read of a key that doesn't exist is answered; an Error is thrown. */
  readonly missing: () => unknown;
  readonly commitWithinMs: number;
}

export interface ResolvedMemoryOptions {
  readonly maxBytes: number;
  readonly maxEntries: number;
  readonly eviction: 'sieve' | 'lru';
}

/** What holds for one cache. */
export interface ResolvedCacheOptions {
  readonly name: string;
  readonly read: ResolvedReadOptions;
  /** User tags of every entry, without prefix. */
  readonly tags: readonly string[];
  readonly isolation: Isolation;
  /** `false`: none; `'shared'`: within the budget of the module. */
  readonly memory: false | 'shared' | ResolvedMemoryOptions;
  readonly schema: number;
  readonly types: TypeRegistry;
  readonly plain: boolean;
  readonly validate: StandardSchema | undefined;
  readonly serializer: Serializer;
  readonly scope: (() => string) | undefined;
  readonly maxValueBytes: number;
  /** What happens to values that are larger. */
  readonly tooLarge: TooLarge;
  readonly maxKeyBytes: number;
  /** `undefined`: none. */
  readonly compression: Compression | undefined;
  readonly encryption: EntryEncryption | undefined;
  /** `undefined`: its writes don't wait. */
  readonly writeBehind: ResolvedWriteBehindOptions | undefined;
  /** `undefined`: nothing guards its source. */
  readonly origin: ResolvedOriginOptions | undefined;
  /** `undefined`: nobody knows which keys exist. */
  readonly knownIds: ResolvedKnownIdsOptions | undefined;
  /** `undefined`: nothing is learned. */
  readonly warm: ResolvedWarmOptions | undefined;
}

/** How many of the calls that are made most are remembered, and how they are loaded. */
export interface ResolvedWarmOptions {
  readonly hottest: number;
  readonly concurrency: number;
  readonly holds: boolean;
  /** Said of this very cache: then there has to be something to learn from. */
  readonly isOwn: boolean;
}

/** How the writes of a cache get to their sink. */
export interface ResolvedWriteBehindOptions {
  readonly flushEveryMs: number;
  readonly batch: number;
  readonly maxWaiting: number;
  readonly attempts: number;
  readonly retryToMs: number;
  readonly maxDead: number;
  readonly leaseMs: number;
  readonly drainMs: number;
}

/** What holds for a registration. */
export interface ResolvedModuleOptions {
  readonly namespace: string;
  readonly enabled: boolean;
  readonly maxStalenessMs: number;
  readonly journal: { readonly maxRecords: number; readonly maxAgeMs: number; readonly replicated: boolean };
  readonly degraded: { readonly answersForMs: number; readonly maxAgeMs: number };
  readonly loadLock: { readonly lifeMs: number; readonly timeoutMs: number };
  /** `undefined`: everything stays in this process. */
  readonly http: ResolvedHttpOptions;
  readonly redis: ResolvedRedisOptions | undefined;
  readonly memory: ResolvedMemoryOptions;
  /** Part of the invalidations that everybody is asked about; `undefined`: nobody is. */
  readonly probeSample: number | undefined;
  readonly runtime: Runtime;
}
