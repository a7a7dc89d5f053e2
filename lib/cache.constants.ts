/**
 * Names that have to mean the same in every copy of this package in a process (ESM, CommonJS, bundled), hence
 * `Symbol.for`.
 */
const PREFIX = 'nestjs-hybrid-cache';

/** The registration that `CacheModule.forRoot()` makes when it isn't given a name. */
export const DEFAULT_REGISTRATION = 'default';

/** What a decorator left on a wrapped method: its `MethodPlan`. */
export const METHOD_METADATA: unique symbol = Symbol.for(`${PREFIX}:method`);

/** What `@CacheTags` left on a class for one of its methods. */
export const TAGS_METADATA: unique symbol = Symbol.for(`${PREFIX}:tags`);

/** What `@Cacheable` left on a controller. */
export const RESPONSES_METADATA: unique symbol = Symbol.for(`${PREFIX}:responses`);

/** What `@CacheSink` left on a provider. */
export const SINK_METADATA: unique symbol = Symbol.for(`${PREFIX}:sink`);

/** What `@NoCache` left on a handler or a controller. */
export const NO_CACHE_METADATA: unique symbol = Symbol.for(`${PREFIX}:no-cache`);

/** What decorated methods of a registration are bound by: a provider of this token exists once for each `forRoot`. */
export const bindingsToken = (registration: string): symbol => Symbol.for(`${PREFIX}:bindings:${registration}`);

/** What the interceptor of a registration asks about handlers. */
export const handlersToken = (registration: string): symbol => Symbol.for(`${PREFIX}:handlers:${registration}`);

/** The engine behind a registration. */
export const engineToken = (registration: string): symbol => Symbol.for(`${PREFIX}:engine:${registration}`);

/** Where a decorated method finds its bindings on its host; Nest prints it when it can't provide them. */
export const hostProperty = (registration: string): symbol => {
  const name = registration === DEFAULT_REGISTRATION ? '' : ` with registration: '${registration}'`;
  return Symbol.for(`CacheModule.forRoot()${name} has to be imported for the cache decorators`);
};

/** Where an instance keeps the bindings of its class. */
export const boundProperty = (registration: string): symbol => Symbol.for(`${PREFIX}:bound:${registration}`);

/**
 * The injection token of a registration's `CacheService`. The default one is also found by its class.
 *
 * @example `@Inject(getCacheServiceToken('sessions')) private readonly cache: CacheService`
 */
export const getCacheServiceToken = (registration: string = DEFAULT_REGISTRATION): symbol =>
  Symbol.for(`${PREFIX}:service:${registration}`);

/**
 * The injection token of the `CacheEvents` of a registration (subpath `/events`). The default one is also found by its class.
 */
export const getCacheEventsToken = (registration: string = DEFAULT_REGISTRATION): symbol =>
  Symbol.for(`${PREFIX}:events:${registration}`);

/** The injection token of a registration's `CacheWarmup`. The default one is also found by its class. */
export const getCacheWarmupToken = (registration: string = DEFAULT_REGISTRATION): symbol =>
  Symbol.for(`${PREFIX}:warmup:${registration}`);

/** The injection token of the `CacheMetrics` of a registration (subpath `/metrics`). The default one is also found by its class. */
export const getCacheMetricsToken = (registration: string = DEFAULT_REGISTRATION): symbol =>
  Symbol.for(`${PREFIX}:metrics:${registration}`);

/** The same of its `CacheHealth`. */
export const getCacheHealthToken = (registration: string = DEFAULT_REGISTRATION): symbol =>
  Symbol.for(`${PREFIX}:health:${registration}`);

/** The same of its `CacheOutbox`. */
export const getCacheOutboxToken = (registration: string = DEFAULT_REGISTRATION): symbol =>
  Symbol.for(`${PREFIX}:outbox:${registration}`);

/**
 * The injection token of one named cache, as `@InjectCache(name)` uses it; useful to override it in a test.
 *
 * @example `Test.createTestingModule(…).overrideProvider(getCacheToken('users')).useValue(fake)`
 */
export const getCacheToken = (cache: string, registration: string = DEFAULT_REGISTRATION): symbol =>
  Symbol.for(`${PREFIX}:cache:${registration}:${cache}`);

/** Bounds that are part of the design and no option. */
export const LIMITS = {
  /** Below this the process would doubt itself all the time. */
  minMaxStalenessMs: 100,
  /** Tags one entry can carry before it depends on every invalidation instead. */
  tagsPerEntry: 256,
  /** UTF-16 units of one tag. */
  tagLength: 512,
  /** A longer time to live is taken for a mistake (10 years). */
  maxDurationMs: 10 * 365 * 86_400_000,
  /** How often a caller joins somebody else's load before it loads by itself. */
  joins: 3,
  /** Entries that a server is asked for, or given, at a time. */
  page: 1_000,
  /** Bytes that a server is given at a time, but for a single value that is larger. */
  pageBytes: 4 * 1_024 * 1_024,
  /** Values of one Observable. */
  emissions: 1_000,
} as const;
