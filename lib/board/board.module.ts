import {
  Inject,
  Logger,
  Module,
  type DynamicModule,
  type MiddlewareConsumer,
  type NestModule,
  type OnModuleDestroy,
  type Provider,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { DEFAULT_REGISTRATION, engineToken } from '../cache.constants.js';
import type { CacheMachine } from '../cache.providers.js';
import type { CacheBoardOptions } from './board-options.interface.js';
import {
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  type ASYNC_OPTIONS_TYPE,
  type OPTIONS_TYPE,
} from './board.module-definition.js';
import { createBoard, type Board } from './board.providers.js';
import type { RouteRegistrar } from './board-routes.js';

const BOARD = Symbol('the board');

/**
 * A page that shows the caches at work. Import it once for each registration, beside `CacheModule`.
 *
 * @example
 * \@Module({ imports: [CacheModule.forRoot(), CacheBoardModule.forRoot({ path: '/cache', authorize: isAdmin })] })
 * export class AppModule {}
 */
@Module({})
export class CacheBoardModule extends ConfigurableModuleClass implements NestModule, OnModuleDestroy {
  constructor(
    @Inject(BOARD) private readonly board: Board,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {
    super();
  }

  /** @throws CacheConfigurationError when the application starts, with everything that is wrong with the options */
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    return complete(super.forRoot(options), options.registration);
  }

  /** The same with options from a factory, a class or another module. `registration` stays outside the factory. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return complete(super.forRootAsync(options), options.registration);
  }

  /** Before the routes of the application, whose wildcards could hide the board. */
  configure(_consumer: MiddlewareConsumer): void {
    const adapter = this.host.httpAdapter as unknown as RouteRegistrar | undefined;
    if (adapter !== undefined) this.board.register(adapter);
  }

  /** Before the server closes, which would wait for open streams. */
  async onModuleDestroy(): Promise<void> {
    await this.board.close();
  }
}

function complete(definition: DynamicModule, registration: string = DEFAULT_REGISTRATION): DynamicModule {
  const board: Provider = {
    provide: BOARD,
    inject: [MODULE_OPTIONS_TOKEN, { token: engineToken(registration), optional: true }],
    useFactory: (options: CacheBoardOptions, machine: CacheMachine | undefined) =>
      createBoard(options, machine, registration, new Logger('CacheBoardModule')),
  };
  return { ...definition, providers: [...(definition.providers ?? []), board] };
}
