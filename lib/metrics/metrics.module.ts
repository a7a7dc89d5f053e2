import {
  Module,
  type DynamicModule,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import {
  DEFAULT_REGISTRATION,
  engineToken,
  getCacheEventsToken,
  getCacheMetricsToken,
  getCacheHealthToken,
} from '../cache.constants.js';
import type { CacheMachine } from '../cache.providers.js';
import type { CacheEvents } from '../events/cache-events.js';
import { CacheHealth } from './cache-health.js';
import { CacheMetrics } from './cache-metrics.js';
import { createMetricsController } from './metrics.controller.js';
import {
  ConfigurableModuleClass,
  METRICS_PATH,
  MODULE_OPTIONS_TOKEN,
  type ASYNC_OPTIONS_TYPE,
  type CacheMetricsExtras,
  type OPTIONS_TYPE,
} from './metrics.module-definition.js';
import type { CacheMetricsOptions } from './metrics-options.interface.js';
import { createMetricsMachine, type MetricsMachine } from './metrics.providers.js';

/** Traces from the start of the application; takes the metrics out of the registry at its end. */
class MetricsLife implements OnModuleInit, OnApplicationShutdown {
  constructor(private readonly machine: MetricsMachine) {}

  onModuleInit(): Promise<void> {
    return this.machine.start();
  }

  onApplicationShutdown(): void {
    this.machine.close();
  }
}

/**
 * The numbers of a cache for Prometheus and OpenTelemetry, its spans, and its health. Import it once, beside `CacheModule`.
 *
 * @example
 * \@Module({ imports: [CacheModule.forRoot({ … }), CacheMetricsModule.forRoot()] })
 * export class AppModule {}
 */
@Module({})
export class CacheMetricsModule extends ConfigurableModuleClass {
  /** @throws CacheConfigurationError when the application starts, with everything that is wrong with the options */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return complete(super.forRoot(options), options);
  }

  /** The same with options from a factory. `isGlobal`, `registration` and `path` stay outside the factory. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return complete(super.forRootAsync(options), options);
  }
}

function complete(
  definition: DynamicModule,
  { registration = DEFAULT_REGISTRATION, path = METRICS_PATH }: CacheMetricsExtras,
): DynamicModule {
  const machine = Symbol(`metrics machine of ${registration}`);
  const metrics = getCacheMetricsToken(registration);
  const health = getCacheHealthToken(registration);
  const isDefault = registration === DEFAULT_REGISTRATION;
  const own: Provider[] = [
    {
      provide: machine,
      inject: [MODULE_OPTIONS_TOKEN, ModuleRef, { token: engineToken(registration), optional: true }],
      useFactory: (options: CacheMetricsOptions, moduleRef: ModuleRef, cache: CacheMachine | undefined) => {
        const events = eventsIn(moduleRef, registration);
        return createMetricsMachine(options, { registration, machine: cache, events, path });
      },
    },
    { provide: metrics, inject: [machine], useFactory: (created: MetricsMachine) => created.metrics },
    { provide: health, inject: [machine], useFactory: (created: MetricsMachine) => created.health },
    { provide: MetricsLife, inject: [machine], useFactory: (created: MetricsMachine) => new MetricsLife(created) },
    ...(isDefault
      ? [
          { provide: CacheMetrics, useExisting: metrics },
          { provide: CacheHealth, useExisting: health },
        ]
      : []),
  ];
  const hasRoute = typeof path === 'string' && path.trim() !== '';
  return {
    ...definition,
    controllers: hasRoute ? [createMetricsController(path, metrics)] : [],
    providers: [...(definition.providers ?? []), ...own],
    exports: [metrics, health, ...(isDefault ? [CacheMetrics, CacheHealth] : [])],
  };
}

/** Looked for until it is there; where there is no such module it never is. */
function eventsIn(moduleRef: ModuleRef, registration: string): () => CacheEvents | undefined {
  let found: CacheEvents | undefined;
  return () => {
    try {
      found ??= moduleRef.get<CacheEvents>(getCacheEventsToken(registration), { strict: false });
    } catch {
      // there are none
    }
    return found;
  };
}
