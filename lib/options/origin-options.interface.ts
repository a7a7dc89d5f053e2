import type { Duration } from './duration.js';

/** Bounds the loads of one cache in one process. */
export interface BulkheadOptions {
  /** Loads at a time, at least 1. */
  readonly concurrency: number;
  /** Loads that wait for a place. Default 100. */
  readonly queue?: number | undefined;
  /** How long a load waits for a place. Default 1 s. */
  readonly wait?: Duration | undefined;
}

/** Leaves a source alone that fails or is slow too often. */
export interface LoadBreakerOptions {
  /** Opens when this part of the loads in the window failed, above 0 to 1. Default 0.5. */
  readonly failureRate?: number | undefined;
  /** With fewer loads in the window it doesn't open. Default 10. */
  readonly minimumLoads?: number | undefined;
  /** How far back it looks. Default 10 s. */
  readonly window?: Duration | undefined;
  /** A load that takes so long is slow. Default: the `hardTimeout` of the cache; without one, off. */
  readonly slowLoad?: Duration | undefined;
  /** Opens when this part of the loads in the window was slow, above 0 to 1. Default 0.5. */
  readonly slowRate?: number | undefined;
  /** How long nothing is loaded before it is tried again. Default 5 s. */
  readonly openFor?: Duration | undefined;
  /** Loads that are let through then; when all of them are good, it closes. Default 3. */
  readonly probes?: number | undefined;
  /** Which errors of the loader are failures of its source. Default: all but statuses 4xx, aborts, and errors of a cache. */
  readonly when?: ((error: unknown) => boolean) | undefined;
}

/** Bounds the refreshes in the background of one cache in one process. At least one of its fields. */
export interface RefreshLimitOptions {
  /** Refreshes at a time. Default: any number. */
  readonly concurrency?: number | undefined;
  /** Refreshes a second. Default: any number. */
  readonly perSecond?: number | undefined;
}

/** How the source behind a cache is guarded; see docs/guards.md. */
export interface OriginOptions {
  /** Loads at a time. Default: any number. */
  readonly bulkhead?: BulkheadOptions | false | undefined;
  /** A breaker around the loader; `{}`: with the defaults of its fields. Default: none. */
  readonly breaker?: LoadBreakerOptions | false | undefined;
  /** Limits of the refreshes in the background. Default: none. */
  readonly refresh?: RefreshLimitOptions | false | undefined;
}
