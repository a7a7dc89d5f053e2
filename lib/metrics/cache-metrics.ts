import { CacheConfigurationError } from '../cache.errors.js';
import type { PrometheusRegistry } from './prometheus-registry.js';

/** The metrics of a registration, for whoever answers a scrape by himself. */
export class CacheMetrics {
  constructor(
    private readonly registry: PrometheusRegistry | undefined,
    private readonly end: () => void,
  ) {}

  /** Of `text`. */
  get contentType(): string {
    return this.register.contentType;
  }

  /** The registry that has the metrics. @throws CacheConfigurationError where OpenTelemetry alone was asked for */
  get register(): PrometheusRegistry {
    if (this.registry !== undefined) return this.registry;
    const problem = 'there is none: say `register`, or leave `path` as it is';
    throw new CacheConfigurationError([{ where: 'CacheMetricsModule.register', problem }]);
  }

  /** Everything in the registry, as Prometheus scrapes it. */
  text(): Promise<string> {
    return this.register.metrics();
  }

  /** Takes the metrics out of the registry, and ends their instruments. */
  close(): void {
    this.end();
  }
}
