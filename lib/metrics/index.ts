// module
export { CacheMetricsModule } from './metrics.module.js';
export type { CacheMetricsExtras } from './metrics.module-definition.js';
export type { CacheMetricsOptions, OpenTelemetryOptions } from './metrics-options.interface.js';
export { getCacheHealthToken, getCacheMetricsToken } from '../cache.constants.js';

// metrics
export { CacheMetrics } from './cache-metrics.js';
export type { PrometheusRegistry } from './prometheus-registry.js';

// health
export {
  CacheHealth,
  type CacheHealthReport,
  type CacheHealthState,
  type HealthCheckOptions,
  type HealthResult,
} from './cache-health.js';
