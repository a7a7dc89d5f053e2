import { DEFAULT_REGISTRATION } from '../cache.constants.js';
import { CacheConfigurationError } from '../cache.errors.js';
import { BUCKETS_MS, type HistogramSnapshot } from '../policy/histogram.js';
import type { ReadFigures } from './figures.js';
import { METRICS } from './metric-list.js';
import type { Labels, Metric } from './metric.js';
import type { PrometheusRegistry } from './prometheus-registry.js';

/** A line of what is scraped, as prom-client takes it from `get()`. */
interface Line {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

/** A metric of prom-client that holds nothing: its numbers are read when it is asked for. */
class ReadMetric {
  /** prom-client changes it where the format is that of OpenMetrics. */
  name: string;
  readonly type: Metric['kind'];
  readonly help: string;
  readonly aggregator = 'sum';
  readonly sources = new Set<ReadFigures>();

  constructor(private readonly metric: Metric) {
    this.name = metric.name;
    this.type = metric.kind;
    this.help = metric.help;
  }

  // oxlint-disable-next-line require-await -- prom-client waits for it
  async get(): Promise<object> {
    const values = [...this.sources].flatMap((read) => linesOf(this.metric, read));
    return { name: this.name, help: this.help, type: this.type, aggregator: this.aggregator, values };
  }

  /** Nothing is kept here that could be set back. */
  reset(): void {}
}

function linesOf(metric: Metric, read: ReadFigures): Line[] {
  const figures = read();
  const { registration } = figures;
  const more: Labels = registration === DEFAULT_REGISTRATION ? {} : { registration };
  if (metric.kind !== 'histogram')
    return metric.read(figures).map(({ labels, value }) => ({ labels: { ...labels, ...more }, value }));
  return metric.read(figures).flatMap(({ labels, times }) => bucketLines(metric.name, { ...labels, ...more }, times));
}

function bucketLines(name: string, labels: Labels, { buckets, count, sumMs }: HistogramSnapshot): Line[] {
  let below = 0;
  const lines: Line[] = buckets.map((inBucket, index) => {
    below += inBucket;
    const bound = BUCKETS_MS[index];
    const le = bound === undefined ? '+Inf' : bound / 1_000;
    return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: below };
  });
  lines.push({ metricName: `${name}_sum`, labels, value: sumMs / 1_000 });
  lines.push({ metricName: `${name}_count`, labels, value: count });
  return lines;
}

/**
 * Adds every metric to a registry; several applications and registrations may share one.
 * @returns takes them out again
 * @throws CacheConfigurationError when somebody else's metric has one of the names
 */
export function addMetrics(registry: PrometheusRegistry, read: ReadFigures): () => void {
  const own = METRICS.map((metric) => {
    const there = registry.getSingleMetric(metric.name);
    if (there !== undefined && !(there instanceof ReadMetric)) {
      const problem = `has a metric named ${metric.name} already, which isn't this module's`;
      throw new CacheConfigurationError([{ where: 'CacheMetricsModule.register', problem }]);
    }
    return there ?? new ReadMetric(metric);
  });
  for (const metric of own) {
    metric.sources.add(read);
    registry.registerMetric(metric as never);
  }
  return () => {
    for (const [index, metric] of own.entries()) {
      metric.sources.delete(read);
      const { name } = METRICS[index]!;
      if (metric.sources.size === 0 && registry.getSingleMetric(name) === metric) registry.removeSingleMetric(name);
    }
  };
}
