import { ConfigurableModuleBuilder } from '@nestjs/common';
import { DEFAULT_REGISTRATION } from '../cache.constants.js';
import type { CacheMetricsOptions } from './metrics-options.interface.js';

/** What shapes the module itself, and so has to be known before any factory runs. */
export interface CacheMetricsExtras {
  /** Whether every module can inject `CacheMetrics` and `CacheHealth` without importing it. Default true. */
  readonly isGlobal?: boolean;
  /** The registration of `CacheModule` that is measured. Default `default`. */
  readonly registration?: string;
  /** The route that Prometheus scrapes; false: none. Default `/metrics`. */
  readonly path?: string | false;
}

export const METRICS_PATH = '/metrics';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<CacheMetricsOptions>({
    optionsInjectionToken: Symbol.for('nestjs-hybrid-cache:metrics:options'),
  })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createCacheMetricsOptions')
    .setExtras<CacheMetricsExtras>(
      { isGlobal: true, registration: DEFAULT_REGISTRATION, path: METRICS_PATH },
      (definition, { isGlobal }) => ({ ...definition, global: isGlobal ?? true }),
    )
    .build();
