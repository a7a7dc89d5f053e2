import { CacheConfigurationError } from '../cache.errors.js';
import type { PrometheusRegistry } from './prometheus-registry.js';

// by a name that bundlers don't see: an application that doesn't need them doesn't have them
const importModule = (name: string): Promise<unknown> => import(name);

/** @throws CacheConfigurationError when it isn't installed */
async function load<M extends object>(name: string, member: keyof M & string, where: string): Promise<M> {
  try {
    const loaded = (await importModule(name)) as M & { readonly default?: M };
    // what a CommonJS module exports is under `default` where its names weren't recognized
    return loaded[member] === undefined ? loaded.default! : loaded;
  } catch (error) {
    if (!['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error;
    const problem = `needs the package ${name}, which is not installed: npm install ${name}`;
    throw new CacheConfigurationError([{ where, problem }]);
  }
}

interface PromClient {
  readonly Registry: new () => PrometheusRegistry;
}

/** A registry with nothing in it. @throws CacheConfigurationError without prom-client */
export async function newRegistry(): Promise<PrometheusRegistry> {
  const { Registry } = await load<PromClient>('prom-client', 'Registry', 'CacheMetricsModule');
  return new Registry();
}

/** @throws CacheConfigurationError without @opentelemetry/api */
export const loadOpenTelemetry = (): Promise<typeof import('@opentelemetry/api')> =>
  load<typeof import('@opentelemetry/api')>('@opentelemetry/api', 'metrics', 'CacheMetricsModule.openTelemetry');
