import type { PrometheusRegistry } from './prometheus-registry.js';

/** What OpenTelemetry gets of a cache. */
export interface OpenTelemetryOptions {
  /** Observable instruments of the global meter provider. Default true. */
  readonly metrics?: boolean;
  /** Spans of the global tracer provider, if a SDK has set one by the time the application starts. Default true. */
  readonly traces?: boolean;
}

export interface CacheMetricsOptions {
  /** The registry of prom-client that gets the metrics. Default: one of its own. */
  readonly register?: PrometheusRegistry | undefined;
  /** Needs the package @opentelemetry/api. Default false. */
  readonly openTelemetry?: boolean | OpenTelemetryOptions | undefined;
}
