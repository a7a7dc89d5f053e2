import { flag, OptionReader, record, show, type Problems, type Rule } from '../options/option-reader.js';
import type { CacheMetricsOptions, OpenTelemetryOptions } from './metrics-options.interface.js';
import type { PrometheusRegistry } from './prometheus-registry.js';

export interface ResolvedMetricsOptions {
  readonly register: PrometheusRegistry | undefined;
  readonly openTelemetry: { readonly metrics: boolean; readonly traces: boolean };
}

const WHERE = 'CacheMetricsModule';
const NEEDED = ['metrics', 'registerMetric', 'getSingleMetric', 'removeSingleMetric'] as const;

const registry: Rule<PrometheusRegistry> = {
  takes: 'a Registry of prom-client',
  read: (given) =>
    NEEDED.every((name) => typeof (given as Record<string, unknown> | null)?.[name] === 'function')
      ? (given as PrometheusRegistry)
      : undefined,
};
const object = record<OpenTelemetryOptions>('true, false or { metrics, traces }');

export function resolveMetricsOptions(options: CacheMetricsOptions, problems: Problems): ResolvedMetricsOptions {
  const reader = new OptionReader(options, WHERE, problems);
  reader.refuseUnknown(['register', 'openTelemetry', 'isGlobal', 'registration', 'path']);
  return {
    register: reader.take('register', registry),
    openTelemetry: readOpenTelemetry(options.openTelemetry, problems),
  };
}

function readOpenTelemetry(
  given: CacheMetricsOptions['openTelemetry'],
  problems: Problems,
): ResolvedMetricsOptions['openTelemetry'] {
  const all = flag.read(given ?? false);
  if (all !== undefined) return { metrics: all, traces: all };
  const options = object.read(given);
  const where = `${WHERE}.openTelemetry`;
  if (options === undefined) problems.add(where, `got ${show(given)}; takes ${object.takes}`);
  const reader = new OptionReader(options ?? {}, where, problems);
  reader.refuseUnknown(['metrics', 'traces']);
  return { metrics: reader.take('metrics', flag) ?? true, traces: reader.take('traces', flag) ?? true };
}
