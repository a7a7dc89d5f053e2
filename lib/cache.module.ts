import {
  Logger,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type Provider,
} from '@nestjs/common';
import { DiscoveryModule, DiscoveryService } from '@nestjs/core';
import { injectedCacheNames } from './bindings/metadata.accessor.js';
import { InstanceExplorer } from './bindings/instance.explorer.js';
import {
  bindingsToken,
  DEFAULT_REGISTRATION,
  engineToken,
  getCacheServiceToken,
  getCacheToken,
  getCacheWarmupToken,
  handlersToken,
} from './cache.constants.js';
import { Cache } from './cache.handle.js';
import {
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  type ASYNC_OPTIONS_TYPE,
  type OPTIONS_TYPE,
} from './cache.module-definition.js';
import { startCacheMachine, type CacheMachine } from './cache.providers.js';
import { CacheService } from './cache.service.js';
import type { CacheEngine } from './desk/cache-engine.js';
import { CacheWarmup } from './warmup/cache-warmup.js';
import type { CacheModuleOptions, CacheOptions } from './options/cache-options.interface.js';

/** Ends what a registration started, after the servers that use it have closed. */
class CacheShutdown implements OnModuleDestroy, OnApplicationShutdown {
  constructor(
    private readonly service: CacheService,
    private readonly engine: CacheEngine,
  ) {}

  /** While what sinks write to is still there; what comes after it is written, or stays in Redis, at the end. */
  async onModuleDestroy(): Promise<void> {
    await this.engine.drainWrites();
  }

  onApplicationShutdown(): Promise<void> {
    return this.service.close();
  }
}

/** Warms before the servers listen, where it is to, and stops before what it loads from is gone. */
class CacheWarmupHooks implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(private readonly warmup: CacheWarmup) {}

  onApplicationBootstrap(): Promise<void> {
    return this.warmup.start();
  }

  onModuleDestroy(): void {
    this.warmup.close();
  }
}

@Module({})
class CacheFeatureModule {}

/**
 * The cache of an application. Import it once, in the root module; it is global unless told otherwise.
 *
 * @example
 * \@Module({ imports: [CacheModule.forRoot({ ttl: '5m', caches: { users: { ttl: '10m' } } })] })
 * export class AppModule {}
 */
@Module({ imports: [DiscoveryModule] })
export class CacheModule extends ConfigurableModuleClass {
  /** @throws CacheConfigurationError when the application starts, with everything that is wrong with the options and the decorators */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return complete(super.forRoot(options), options.registration);
  }

  /** The same with options from a factory, a class or another module. `isGlobal` and `registration` stay outside the factory. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return complete(super.forRootAsync(options), options.registration);
  }

  /** Every decorator passes its calls through, nothing is stored, no timer runs. For tests, and to compare. */
  static disabled(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return CacheModule.forRoot({ ...options, enabled: false });
  }

  /** Named caches of a feature, in addition to those of `forRoot`. */
  static forFeature(
    caches: Readonly<Record<string, CacheOptions>>,
    registration = DEFAULT_REGISTRATION,
  ): DynamicModule {
    const define: Provider = {
      provide: Symbol(`caches ${Object.keys(caches).join(', ')}`),
      inject: [engineToken(registration)],
      useFactory: ({ engine, problems }: CacheMachine) => {
        for (const [name, cache] of Object.entries(caches)) engine.define(name, cache, `forFeature.${name}`, problems);
      },
    };
    return { module: CacheFeatureModule, providers: [define] };
  }
}

function complete(definition: DynamicModule, registration: string = DEFAULT_REGISTRATION): DynamicModule {
  const machine = engineToken(registration);
  const service = getCacheServiceToken(registration);
  const warmup = getCacheWarmupToken(registration);
  const own: Provider[] = [
    {
      provide: machine,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: CacheModuleOptions) => startCacheMachine(options, new Logger('CacheModule'), registration),
    },
    { provide: service, inject: [machine], useFactory: (created: CacheMachine) => created.service },
    {
      provide: bindingsToken(registration),
      inject: [machine],
      useFactory: (created: CacheMachine) => created.bindings,
    },
    {
      provide: handlersToken(registration),
      inject: [machine],
      useFactory: (created: CacheMachine) => created.handlers,
    },
    {
      provide: InstanceExplorer,
      inject: [DiscoveryService, machine],
      useFactory: (discovery: DiscoveryService, created: CacheMachine) => {
        const { bindings, handlers, warmers, problems } = created;
        const close = async (): Promise<void> => created.service.close();
        return new InstanceExplorer(discovery, { bindings, handlers, warmers }, registration, problems, close);
      },
    },
    { provide: warmup, inject: [machine], useFactory: (created: CacheMachine) => created.warmup },
    {
      provide: CacheWarmupHooks,
      inject: [warmup],
      useFactory: (created: CacheWarmup) => new CacheWarmupHooks(created),
    },
    {
      provide: CacheShutdown,
      inject: [machine],
      useFactory: ({ service: created, engine }: CacheMachine) => new CacheShutdown(created, engine),
    },
    ...(registration === DEFAULT_REGISTRATION
      ? [
          { provide: CacheService, useExisting: service },
          { provide: CacheWarmup, useExisting: warmup },
        ]
      : []),
  ];
  const handles = (): Provider[] =>
    injectedCacheNames(registration).map((name) => ({
      provide: getCacheToken(name, registration),
      inject: [service],
      useFactory: (created: CacheService) => new Cache(created, name),
    }));
  return {
    ...definition,
    // read when Nest scans the module: by then every class that has a cache injected is known
    get providers(): Provider[] {
      return [...(definition.providers ?? []), ...own, ...handles()];
    },
    get exports(): symbol[] {
      const classes = registration === DEFAULT_REGISTRATION ? ([CacheService, CacheWarmup] as unknown as symbol[]) : [];
      const names = injectedCacheNames(registration).map((name) => getCacheToken(name, registration));
      return [machine, service, warmup, bindingsToken(registration), handlersToken(registration), ...classes, ...names];
    },
  };
}
