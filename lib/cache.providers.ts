import type { LoggerService } from '@nestjs/common';
import { BindingRegistry } from './bindings/binding-registry.js';
import type { CacheEvent } from './cache.events.js';
import { CacheService } from './cache.service.js';
import { MemoryLoadLock } from './coalescing/memory.load-lock.js';
import { CacheEngine } from './desk/cache-engine.js';
import { httpExceptionType } from './bindings/http-exception.type.js';
import { BackgroundWork } from './flow/background-work.js';
import { MemoryJournal } from './journal/memory.journal.js';
import type { CacheModuleOptions } from './options/cache-options.interface.js';
import { Problems } from './options/option-reader.js';
import { resolveModuleOptions } from './options/resolve-options.js';
import { NO_SHARED_TIER } from './tiers/tier.interface.js';

/** Everything a registration consists of. What is wrong with its options is in `problems`; nothing was thrown yet. */
export interface CacheMachine {
  readonly engine: CacheEngine;
  readonly service: CacheService;
  readonly bindings: BindingRegistry;
  readonly problems: Problems;
}

/** The one place where classes meet: read it to see the whole machine. */
export function createCacheMachine(options: CacheModuleOptions, logger: Pick<LoggerService, 'error'>): CacheMachine {
  const problems = new Problems();
  const { module, base } = resolveModuleOptions(options, [httpExceptionType], problems);
  const faults = new FaultLog(logger);
  const engine: CacheEngine = new CacheEngine({
    module,
    base,
    parts: {
      runtime: module.runtime,
      journal: new MemoryJournal(module.journalMaxRecords),
      shared: NO_SHARED_TIER,
      locks: new MemoryLoadLock(),
      background: new BackgroundWork(),
      emit: (event) => {
        engine.note(event);
        faults.note(event);
      },
      maxStalenessMs: module.maxStalenessMs,
      lockTimeoutMs: module.lockTimeoutMs,
    },
  });
  for (const [name, cache] of Object.entries(options.caches ?? {})) {
    engine.define(name, cache, `caches.${name}`, problems);
  }
  const service = new CacheService(engine);
  return { engine, service, bindings: new BindingRegistry(engine, service), problems };
}

const REMEMBERED_FAULTS = 1_000;

/** Logs a fault once for each cache and cause: at the rate of a busy method once is what anybody can read. */
class FaultLog {
  readonly #seen = new Set<string>();

  constructor(private readonly logger: Pick<LoggerService, 'error'>) {}

  note(event: CacheEvent): void {
    if (event.type !== 'fault') return;
    const { cause, message } = event.error;
    // numbers differ from value to value, and the cause is the same
    const fault = `${event.cache}\0${(cause instanceof Error ? cause.message : message).replaceAll(/\d+/g, '#')}`;
    if (this.#seen.has(fault) || this.#seen.size >= REMEMBERED_FAULTS) return;
    this.#seen.add(fault);
    this.logger.error(message);
  }
}
