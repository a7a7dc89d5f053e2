import {
  Logger,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, ModuleRef, ModulesContainer } from '@nestjs/core';
import { DEFAULT_REGISTRATION, engineToken, getCacheEventsToken, getCacheOutboxToken } from '../cache.constants.js';
import type { CacheMachine } from '../cache.providers.js';
import { CacheEvents } from './cache-events.js';
import { createListener } from './event-listener.js';
import {
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  type ASYNC_OPTIONS_TYPE,
  type OPTIONS_TYPE,
} from './events.module-definition.js';
import type { CacheEventsOptions } from './events-options.interface.js';
import { CacheOutbox } from './outbox/cache-outbox.js';
import { createEventsMachine, type EventsMachine } from './events.providers.js';

/** Begins and ends with the application; events that are under way end with the cache. */
class EventsLife implements OnModuleInit, BeforeApplicationShutdown {
  constructor(private readonly machine: EventsMachine) {}

  onModuleInit(): void {
    this.machine.check();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.machine.close();
  }
}

/**
 * Invalidation between services: listens on every transport that the application is connected to, and tells others
 * over the clients it is given. Import it once, beside `CacheModule`.
 *
 * @example
 * \@Module({ imports: [CacheModule.forRoot({ … }), CacheEventsModule.forRoot({ clients: [ORDERS_CLIENT] })] })
 * export class AppModule {}
 */
@Module({ imports: [DiscoveryModule] })
export class CacheEventsModule extends ConfigurableModuleClass {
  /** @throws CacheConfigurationError when the application starts, with everything that is wrong with the options */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return complete(super.forRoot(options), options.registration);
  }

  /** The same with options from a factory. `isGlobal` and `registration` stay outside the factory. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return complete(super.forRootAsync(options), options.registration);
  }
}

function complete(definition: DynamicModule, registration: string = DEFAULT_REGISTRATION): DynamicModule {
  const machine = Symbol(`events machine of ${registration}`);
  const inbox = Symbol(`events inbox of ${registration}`);
  const events = getCacheEventsToken(registration);
  const outbox = getCacheOutboxToken(registration);
  const listener = createListener(inbox);
  const isDefault = registration === DEFAULT_REGISTRATION;
  const own: Provider[] = [
    {
      provide: machine,
      inject: [
        MODULE_OPTIONS_TOKEN,
        DiscoveryService,
        ModuleRef,
        ModulesContainer,
        { token: engineToken(registration), optional: true },
      ],
      useFactory: (
        options: CacheEventsOptions,
        discovery: DiscoveryService,
        moduleRef: ModuleRef,
        modules: ModulesContainer,
        cache: CacheMachine | undefined,
      ) =>
        createEventsMachine(options, {
          discovery,
          moduleRef,
          modules,
          machine: cache,
          registration,
          logger: new Logger('CacheEventsModule'),
          listener,
        }),
    },
    { provide: inbox, inject: [machine], useFactory: (created: EventsMachine) => created.inbox ?? null },
    { provide: events, inject: [machine], useFactory: (created: EventsMachine) => created.events },
    { provide: EventsLife, inject: [machine], useFactory: (created: EventsMachine) => new EventsLife(created) },
    { provide: outbox, inject: [machine], useFactory: (created: EventsMachine) => created.outbox },
    ...(isDefault
      ? [
          { provide: CacheEvents, useExisting: events },
          { provide: CacheOutbox, useExisting: outbox },
        ]
      : []),
  ];
  return {
    ...definition,
    controllers: [listener],
    providers: [...(definition.providers ?? []), ...own],
    exports: [events, outbox, ...(isDefault ? [CacheEvents, CacheOutbox] : [])],
  };
}
