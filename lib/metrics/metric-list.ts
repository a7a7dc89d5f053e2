import { CACHE_METRICS } from './cache-metrics-list.js';
import { EVENTS_METRICS } from './events-metrics-list.js';
import type { Metric } from './metric.js';
import { REGISTRATION_METRICS } from './registration-metrics-list.js';

/** Every metric there is; docs/metrics.md lists them, and a test compares. */
export const METRICS: readonly Metric[] = [...CACHE_METRICS, ...REGISTRATION_METRICS, ...EVENTS_METRICS];
