// module
export { CacheModule } from './cache.module.js';
export type { CacheModuleExtras } from './cache.module-definition.js';
export { getCacheServiceToken, getCacheToken, getCacheWarmupToken } from './cache.constants.js';

// decorators
export { Cacheable, type AutoBatchOptions, type CacheableOptions } from './decorators/cacheable.decorator.js';
export { CacheableMany, type CacheableManyOptions } from './decorators/cacheable-many.decorator.js';
export { CacheEvict, type CacheEvictOptions } from './decorators/cache-evict.decorator.js';
export { CachePut, type CachePutOptions } from './decorators/cache-put.decorator.js';
export { CacheSink } from './decorators/cache-sink.decorator.js';
export { CacheTags } from './decorators/cache-tags.decorator.js';
export { WriteBehind, type WriteBehindMethodOptions } from './decorators/write-behind.decorator.js';
export { NoCache } from './decorators/no-cache.decorator.js';
export { InjectCache } from './decorators/inject-cache.decorator.js';
export { bypass, currentLoad } from './decorators/current-load.js';

// warming
export {
  CacheWarmer,
  type CacheWarmerOptions,
  type WarmItem,
  type WarmTrigger,
} from './decorators/cache-warmer.decorator.js';
export type { WarmContext, WarmList } from './warmup/warmer-settings.js';
export { CacheWarmup, type WarmerStatus, type WarmupStatus } from './warmup/cache-warmup.js';
export type { WarmRunReport } from './warmup/warm-run.js';

// responses
export { CacheInterceptor } from './responses/cache.interceptor.js';
export type { EdgeLifetimeOptions, ResponseOptions } from './responses/response-options.js';
export type { HttpOptions, SurrogateKeyField } from './options/http-options.js';
export { httpTtl, type HttpTtlOptions, type ResponseHeadersLike } from './http/response-ttl.js';
export { varnishXkey, type PurgeFetch, type VarnishXkeyOptions } from './edge/varnish-purge.js';
export type { EdgePurge, EdgeSender, PurgeMode } from './edge/edge-sender.interface.js';
export type { EdgePurgerStatus } from './edge/purge-ledger.js';

// by hand
export { CacheService, type Invalidation } from './cache.service.js';
export { Cache } from './cache.handle.js';
export type { LoadedItems, LoadManyOptions } from './desk/batch-requests.js';
export type { GetOptions, LoadOptions, SetOptions, WriteBehindCallOptions } from './desk/call-requests.js';
export { KnownIds, type IdSource } from './desk/known-ids.js';
export type { KnownIdsStatus, RebuildResult } from './known-ids/id-filter.interface.js';
export type { CacheName, CacheNames } from './desk/cache-names.js';
export type { ProbeFinding, ProbeStatus, ProbeWindow } from './probe/probe-counts.js';
export type { CacheStatus, Explanation, LocalQueueStatus } from './desk/cache-status.js';
export type { SharedTierStatus } from './tiers/tier.interface.js';
export type { HistogramSnapshot } from './policy/histogram.js';
export type { CacheStatisticsSnapshot } from './desk/cache-statistics.js';
export type { OriginStatus } from './flow/origin-guard.js';
export type { InvalidationResult } from './flow/outcome.js';
export type { JournalStatus, SharedJournalStatus } from './journal/journal.interface.js';
export type { LoadContext } from './flow/load-collector.js';
export type { CacheKey } from './entry/key-encoding.js';

// write-behind
export { CacheWriteQueue } from './desk/cache-write-queue.js';
export type { DeadLetter, WriteQueueStatus, WriteReceipt } from './desk/write-queue-desk.js';
export {
  RejectedWritesError,
  type SinkContext,
  type SinkWrite,
  type WriteSink,
} from './write-behind/write-sink.interface.js';

// options
export { DEFAULTS } from './options/cache-options.defaults.js';
export type {
  CacheModuleOptions,
  CacheOptions,
  CompressionOptions,
  Consistency,
  DegradedOptions,
  EncryptionOptions,
  GraceOptions,
  JournalOptions,
  LoadLockOptions,
  MemoryOptions,
  NegativeOptions,
  ProbeOptions,
  ReadOptions,
  WriteBehindOptions,
  WarmOptions,
} from './options/cache-options.interface.js';
export type { KnownIdsOptions } from './options/known-ids-options.interface.js';
export type {
  BulkheadOptions,
  LoadBreakerOptions,
  OriginOptions,
  RefreshLimitOptions,
} from './options/origin-options.interface.js';
export type {
  BreakerOptions,
  RedisClientLike,
  RedisClientOptions,
  RedisClusterOptions,
  RedisCommonOptions,
  RedisDriverOptions,
  RedisHostOptions,
  RedisNode,
  RedisOptions,
  RedisSentinelOptions,
  RedisUrlOptions,
} from './options/redis-options.interface.js';
export type { ByteSize, Duration } from './options/duration.js';
export type { CacheableType, CacheableTypeOptions } from './entry/cacheable-types.js';
export type { Isolation } from './entry/value-codec.js';
export type { Serializer } from './entry/serializers.js';
export type { StandardSchema } from './entry/standard-schema.js';

// errors
export {
  CacheBreakerOpenError,
  CacheConfigurationError,
  CacheConnectionError,
  CacheError,
  CacheKeyError,
  CacheLoadFailedError,
  CacheOverloadError,
  CacheSerializationError,
  CacheTimeoutError,
  CacheWriteError,
  type CacheErrorCode,
  type ConfigurationProblem,
} from './cache.errors.js';
