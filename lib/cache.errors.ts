/** What every error of this package has in common; `code` is stable and listed in `docs/errors.md`. */
export type CacheErrorCode =
  | 'CACHE_CONFIGURATION'
  | 'CACHE_KEY'
  | 'CACHE_TIMEOUT'
  | 'CACHE_OVERLOAD'
  | 'CACHE_BREAKER_OPEN'
  | 'CACHE_SERIALIZATION'
  | 'CACHE_LOAD_FAILED'
  | 'CACHE_CONNECTION'
  | 'CACHE_WRITE';

/** Base of all errors thrown by this package: `error instanceof CacheError`, then look at `error.code`. */
export class CacheError extends Error {
  constructor(
    readonly code: CacheErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** One thing that is wrong with the configuration: where, what was given, and what to write instead. */
export interface ConfigurationProblem {
  /** The option or method at fault, for example `caches.users.ttl` or `UserService.findOne`. */
  readonly where: string;
  /** What is wrong and what to do about it. */
  readonly problem: string;
}

/** Options or decorators that can't be right. Thrown at start with every problem found, or when a method is first bound. */
export class CacheConfigurationError extends CacheError {
  constructor(readonly problems: readonly ConfigurationProblem[]) {
    const list = problems.map(({ where, problem }) => `  - ${where}: ${problem}`).join('\n');
    super('CACHE_CONFIGURATION', `the cache is not configured correctly:\n${list}`);
  }
}

/** A key or tag can't be made from what was given, for example a function among the arguments of a cached method. */
export class CacheKeyError extends CacheError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('CACHE_KEY', message, options);
  }
}

/** A read waited longer than its `hardTimeout`. The load may still be running and fill the cache. */
export class CacheTimeoutError extends CacheError {
  constructor(message: string) {
    super('CACHE_TIMEOUT', message);
  }
}

/** A bound was reached (loads running, writes queued) and the call was refused rather than queued without end. */
export class CacheOverloadError extends CacheError {
  /** After how long it is worthwhile to try again, ms; 0: at any moment. `undefined`: trying again won't help. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { retryAfterMs }: { retryAfterMs?: number } = {}) {
    super('CACHE_OVERLOAD', message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The source of a cache fails or is slow too often, and is left alone for a while. Its last error is the `cause`. */
export class CacheBreakerOpenError extends CacheError {
  /** After how long the source is tried again, ms. */
  readonly retryAfterMs: number;

  constructor(message: string, { retryAfterMs, cause }: { retryAfterMs: number; cause?: unknown }) {
    super('CACHE_BREAKER_OPEN', message, { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

/** After how long a load that was refused may be tried again, ms; `undefined` for errors that are no refusals. */
export const retryAfterOf = (error: unknown): number | undefined =>
  error instanceof CacheOverloadError || error instanceof CacheBreakerOpenError ? error.retryAfterMs : undefined;

/** A value can't be stored without changing it. Logged on a read, thrown by `set`. */
export class CacheSerializationError extends CacheError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('CACHE_SERIALIZATION', message, options);
  }
}

/** A loader called `fail(reason)` with something that is not an `Error`. */
export class CacheLoadFailedError extends CacheError {
  constructor(reason: unknown) {
    super('CACHE_LOAD_FAILED', `the loader gave up: ${String(reason)}`, { cause: reason });
  }
}

/** Writes that wait for their sink aren't there: a `flush` that took too long, or a write that its sink doesn't take (logged). */
export class CacheWriteError extends CacheError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('CACHE_WRITE', message, options);
  }
}

/**
 * Redis can't be used, and was needed: at the start, where the options say so (`redis.required`), or for a write that
 * was to wait there for its sink.
 */
export class CacheConnectionError extends CacheError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('CACHE_CONNECTION', message, options);
  }
}
