import type { LoggerService } from '@nestjs/common';
import { BindingRegistry } from './bindings/binding-registry.js';
import type { CacheEvent } from './cache.events.js';
import { DEFAULT_REGISTRATION } from './cache.constants.js';
import { CacheService } from './cache.service.js';
import { Tracing } from './cache.tracing.js';
import { memoryStorage, redisStorage } from './cache.storage.js';
import { CacheEngine } from './desk/cache-engine.js';
import { httpExceptionType } from './bindings/http-exception.type.js';
import { BackgroundWork } from './flow/background-work.js';
import { NO_EDGE, type EdgeCopies } from './edge/edge-copies.interface.js';
import { EdgeInvalidations } from './edge/edge-invalidations.js';
import { EDGE_PURGER_DEFAULTS, EdgePurger } from './edge/edge-purger.js';
import type { CacheModuleOptions } from './options/cache-options.interface.js';
import { Problems } from './options/option-reader.js';
import type { ResolvedRedisOptions } from './options/redis-options.interface.js';
import { resolveModuleOptions } from './options/resolve-options.js';
import type { ResolvedModuleOptions } from './options/resolved-options.js';
import { loadIoredis } from './redis/ioredis-clients.js';
import type { RedisBackend } from './redis/redis-commands.interface.js';
import { openRedis } from './redis/redis-connection.js';
import { CacheWarmup } from './warmup/cache-warmup.js';
import { WarmerRegistry } from './warmup/warmer-registry.js';
import { HandlerRegistry } from './responses/handler-registry.js';

/** Everything a registration consists of. What is wrong with its options is in `problems`; nothing was thrown yet. */
export interface CacheMachine {
  /** Begins to follow the journal, where there is a shared one. @throws CacheConnectionError when Redis is required and away */
  readonly start: () => Promise<void>;
  readonly engine: CacheEngine;
  readonly service: CacheService;
  readonly bindings: BindingRegistry;
  readonly handlers: HandlerRegistry;
  readonly warmers: WarmerRegistry;
  readonly warmup: CacheWarmup;
  readonly problems: Problems;
}

export type CacheLogger = Pick<LoggerService, 'error' | 'warn' | 'log'>;

/** A registration with the Redis of its options, which is waited for no longer than an application can wait to start. */
export async function startCacheMachine(
  options: CacheModuleOptions,
  logger: CacheLogger,
  registration: string = DEFAULT_REGISTRATION,
): Promise<CacheMachine> {
  const problems = new Problems();
  const { module } = resolveModuleOptions(options, [httpExceptionType], problems);
  const isShared = module.enabled && module.redis !== undefined && !problems.any;
  const backend = isShared ? await connectionsTo(module.redis, logger) : undefined;
  const machine = createCacheMachine(options, logger, { backend, registration });
  try {
    if (machine.problems.any) await machine.service.close();
    else await machine.start();
    return machine;
  } catch (error) {
    await machine.service.close();
    throw error;
  }
}

/** @throws CacheConfigurationError when ioredis is needed and isn't installed */
async function connectionsTo(redis: ResolvedRedisOptions, logger: CacheLogger): Promise<RedisBackend> {
  return openRedis(redis, logger, redis.target.kind === 'client' ? undefined : await loadIoredis());
}

export interface MachineSurroundings {
  readonly backend?: RedisBackend | undefined;
  readonly registration?: string;
}

/** The one place where classes meet: read it to see the whole machine. */
export function createCacheMachine(
  options: CacheModuleOptions,
  logger: CacheLogger,
  { backend, registration = DEFAULT_REGISTRATION }: MachineSurroundings = {},
): CacheMachine {
  const problems = new Problems();
  const { module, base } = resolveModuleOptions(options, [httpExceptionType], problems);
  const faults = new FaultLog(logger);
  const emit = (event: CacheEvent): void => {
    engine.note(event);
    faults.note(event);
  };
  const tracing = new Tracing();
  const isShared = module.enabled && module.redis !== undefined && backend !== undefined;
  const storage = isShared ? redisStorage(module, { backend, emit, tracing, log: logger }) : memoryStorage(module);
  const engine: CacheEngine = new CacheEngine({
    module,
    base,
    parts: {
      ...storage,
      runtime: module.runtime,
      background: new BackgroundWork(),
      emit,
      tracing,
      maxStalenessMs: module.maxStalenessMs,
      degraded: module.degraded,
      lockTimeoutMs: module.loadLock.timeoutMs,
      edge: edgeOf(module, logger),
    },
  });
  for (const [name, cache] of Object.entries(options.caches ?? {})) {
    engine.define(name, cache, `caches.${name}`, problems);
  }
  const service = new CacheService(engine);
  const bindings = new BindingRegistry(engine, service);
  const handlers = new HandlerRegistry(bindings, module.http, registration);
  const warmers = new WarmerRegistry(engine, registration);
  const warmup = new CacheWarmup(engine, warmers, logger);
  return { engine, service, bindings, handlers, warmers, warmup, problems, start: () => storage.start() };
}

/** Where copies of responses are purged, if anywhere. */
function edgeOf({ enabled, http, runtime }: ResolvedModuleOptions, logger: CacheLogger): EdgeCopies {
  if (!enabled || http.purge === undefined) return NO_EDGE;
  const report = (message: string): void => logger.warn(message);
  const purger = new EdgePurger(http.purge.sender, runtime, EDGE_PURGER_DEFAULTS, report);
  return new EdgeInvalidations(purger, runtime, http.purge.againMs);
}

const REMEMBERED_FAULTS = 1_000;

/** Logs a fault once for each cache and cause: at the rate of a busy method once is what anybody can read. */
class FaultLog {
  readonly #seen = new Set<string>();

  constructor(private readonly logger: CacheLogger) {}

  note(event: CacheEvent): void {
    if (event.type === 'breaker') return this.#noteBreaker(event);
    if (event.type !== 'fault') return;
    const { cause, message } = event.error;
    // numbers differ from value to value, and the cause is the same
    const fault = `${event.cache}\0${(cause instanceof Error ? cause.message : message).replaceAll(/\d+/g, '#')}`;
    if (this.#seen.has(fault) || this.#seen.size >= REMEMBERED_FAULTS) return;
    this.#seen.add(fault);
    this.logger.error(message);
  }

  /** Every change, for there are few: it stays open for a while each time. */
  #noteBreaker({ cache, state, reason }: Extract<CacheEvent, { type: 'breaker' }>): void {
    if (state === 'open') this.logger.warn(`cache ${cache}: ${reason}`);
    if (state === 'closed') this.logger.log(`cache ${cache}: ${reason}`);
  }
}
