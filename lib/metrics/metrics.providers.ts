import type { CacheMachine } from '../cache.providers.js';
import type { CacheTracer } from '../cache.tracing.js';
import type { CacheEvents } from '../events/cache-events.js';
import { Problems } from '../options/option-reader.js';
import { CacheHealth } from './cache-health.js';
import { CacheMetrics } from './cache-metrics.js';
import { sharedReading } from './figures.js';
import type { CacheMetricsOptions } from './metrics-options.interface.js';
import { observeMetrics } from './open-telemetry-metrics.js';
import { OpenTelemetryTracer } from './open-telemetry-tracer.js';
import { loadOpenTelemetry, newRegistry } from './optional-packages.js';
import { addMetrics } from './prometheus-metrics.js';
import { resolveMetricsOptions } from './resolve-metrics-options.js';

export interface MetricsMachine {
  readonly metrics: CacheMetrics;
  readonly health: CacheHealth;
  /** Begins to trace, if there is a SDK by now. */
  readonly start: () => Promise<void>;
  readonly close: () => void;
}

export interface MetricsSurroundings {
  readonly registration: string;
  readonly machine: CacheMachine | undefined;
  /** Asked at every reading: it may come after this module. */
  readonly events: () => CacheEvents | undefined;
  readonly path: unknown;
}

/** @throws CacheConfigurationError with everything that is wrong with the options, and without the packages they need */
export async function createMetricsMachine(
  options: CacheMetricsOptions,
  { registration, machine, events, path }: MetricsSurroundings,
): Promise<MetricsMachine> {
  const problems = new Problems();
  const { register, openTelemetry } = resolveMetricsOptions(options, problems);
  checkPath(path, problems);
  if (machine === undefined) {
    const problem = `there is no CacheModule with registration: '${registration}'; import it, or correct the name`;
    problems.add('CacheMetricsModule.registration', problem);
  }
  problems.throwIfAny();
  const { service, warmup, engine } = machine!;
  const read = sharedReading(() => ({
    registration,
    cache: service.status(),
    warmup: warmup.status(),
    events: events()?.status(),
  }));
  const registry = register ?? (path === false ? undefined : await newRegistry());
  const ends: (() => void)[] = [];
  if (registry !== undefined) ends.push(addMetrics(registry, read));
  if (openTelemetry.metrics) {
    const { metrics } = await loadOpenTelemetry();
    ends.push(observeMetrics(metrics.getMeter(SCOPE), read));
  }
  const { tracing } = engine.parts;
  if (openTelemetry.traces) ends.push(() => (tracing.tracer = undefined));
  const start = async (): Promise<void> => {
    if (openTelemetry.traces) tracing.tracer = tracerOf(await loadOpenTelemetry());
  };
  const close = (): void => {
    for (const end of ends.splice(0)) end();
  };
  const isClosed = (): boolean => engine.ending.aborted;
  const health = new CacheHealth(read, { isClosed, needsRedis: engine.redis?.required ?? false });
  return { metrics: new CacheMetrics(registry, close), health, start, close };
}

/** What OpenTelemetry knows the cache by. */
const SCOPE = 'nestjs-hybrid-cache';

/** `undefined` without a SDK: then nothing is made for spans that nobody would see. */
function tracerOf(api: typeof import('@opentelemetry/api')): CacheTracer | undefined {
  const provider = api.trace.getTracerProvider();
  const isAbsent = provider instanceof api.ProxyTracerProvider && provider.getDelegateTracer(SCOPE) === undefined;
  return isAbsent ? undefined : new OpenTelemetryTracer(api, provider.getTracer(SCOPE));
}

function checkPath(path: unknown, problems: Problems): void {
  if (path === false || (typeof path === 'string' && path.trim() !== '')) return;
  problems.add('CacheMetricsModule.path', `got ${JSON.stringify(path)}; takes a path such as '/metrics', or false`);
}
