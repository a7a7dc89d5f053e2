import assert from 'node:assert/strict';
import { afterEach, beforeEach } from 'vitest';
import { httpExceptionType } from '../../lib/bindings/http-exception.type.js';
import { NO_EDGE } from '../../lib/edge/edge-copies.interface.js';
import type { CacheEvent } from '../../lib/cache.events.js';
import { createCacheMachine } from '../../lib/cache.providers.js';
import { CacheService } from '../../lib/cache.service.js';
import { Tracing } from '../../lib/cache.tracing.js';
import { CacheEngine } from '../../lib/desk/cache-engine.js';
import type { CacheStatisticsSnapshot } from '../../lib/desk/cache-statistics.js';
import { BackgroundWork } from '../../lib/flow/background-work.js';
import type { LoadContext } from '../../lib/flow/load-collector.js';
import { MemoryIdFilter } from '../../lib/known-ids/memory.id-filter.js';
import type { CacheModuleOptions } from '../../lib/options/cache-options.interface.js';
import { MemoryWriteQueue } from '../../lib/write-behind/memory.write-queue.js';
import { Once } from '../../lib/coalescing/once.js';
import { MemoryProcessList } from '../../lib/processes/memory.process-list.js';
import { Problems } from '../../lib/options/option-reader.js';
import { resolveModuleOptions } from '../../lib/options/resolve-options.js';
import { TestClock } from '../../lib/testing/test-clock.js';
import { FakeJournal, FakeLoadLock, FakeSharedTier } from './engine-doubles.js';

export { FakeJournal, FakeLoadLock, FakeSharedTier } from './engine-doubles.js';

/** A loader whose calls wait until the test says what becomes of them. */
export class ControlledLoader<T = unknown> {
  readonly contexts: LoadContext[] = [];
  readonly #open: { resolve: (value: T) => void; reject: (reason: unknown) => void }[] = [];

  get calls(): number {
    return this.contexts.length;
  }

  /** Calls that were neither resolved nor rejected. */
  get waiting(): number {
    return this.#open.length;
  }

  readonly load = (context: LoadContext): Promise<T> => {
    this.contexts.push(context);
    return new Promise<T>((resolve, reject) => this.#open.push({ resolve, reject }));
  };

  /** Ends the oldest call that is open. */
  resolve(value: T): void {
    this.#next().resolve(value);
  }

  reject(reason: unknown): void {
    this.#next().reject(reason);
  }

  #next(): { resolve: (value: T) => void; reject: (reason: unknown) => void } {
    const call = this.#open.shift();
    if (call === undefined) throw new Error('no call of the loader is open');
    return call;
  }
}

/** One registration on the bench, with a clock to move. */
export interface Bench {
  readonly cache: CacheService;
  readonly engine: CacheEngine;
  readonly clock: TestClock;
  /** What was logged. */
  readonly errors: string[];
  count(cache?: string): CacheStatisticsSnapshot;
}

export interface TwoTierBench extends Bench {
  readonly shared: FakeSharedTier;
  readonly locks: FakeLoadLock;
  readonly journal: FakeJournal;
  readonly events: CacheEvent[];
}

const benches: Bench[] = [];
const unhandled: unknown[] = [];
const noteUnhandled = (reason: unknown): void => void unhandled.push(reason);

/** Says nothing to anybody. */
export const NO_LOG = { error: () => undefined, warn: () => undefined, log: () => undefined };

/** The production wiring: everything in this process. Caches `users`, `pages` and `sites`, unless others are given. */
export function engine(options: CacheModuleOptions = {}, clock: TestClock = new TestClock()): Bench {
  const errors: string[] = [];
  const machine = createCacheMachine(withDefaults(options, clock), {
    ...NO_LOG,
    error: (line: string) => void errors.push(line),
  });
  machine.problems.throwIfAny();
  return bench({ cache: machine.service, engine: machine.engine, clock, errors });
}

/** The same engine over stand-ins for the parts that processes share. */
export function twoTierEngine(
  options: CacheModuleOptions = {},
  given: Partial<Pick<TwoTierBench, 'clock' | 'shared' | 'locks' | 'journal'>> = {},
): TwoTierBench {
  const parts = {
    clock: given.clock ?? new TestClock(),
    shared: given.shared ?? new FakeSharedTier(),
    locks: given.locks ?? new FakeLoadLock(),
    journal: given.journal ?? new FakeJournal(),
  };
  const problems = new Problems();
  const { module, base } = resolveModuleOptions(withDefaults(options, parts.clock), [httpExceptionType], problems);
  const events: CacheEvent[] = [];
  const made: CacheEngine = new CacheEngine({
    module,
    base,
    parts: {
      runtime: module.runtime,
      journal: parts.journal,
      shared: parts.shared,
      locks: parts.locks,
      once: new Once(module.runtime),
      writeQueue: (_cache, limits) => new MemoryWriteQueue(parts.journal, module.runtime, limits),
      openIdFilter: (_cache, knownIds) => new MemoryIdFilter(knownIds, module.runtime),
      processes: new MemoryProcessList(),
      background: new BackgroundWork(),
      tracing: new Tracing(),
      emit: (event) => {
        events.push(event);
        made.note(event);
      },
      maxStalenessMs: module.maxStalenessMs,
      degraded: module.degraded,
      lockTimeoutMs: module.loadLock.timeoutMs,
      edge: NO_EDGE,
      disconnect: () => Promise.resolve(),
    },
  });
  const caches = Object.entries(withDefaults(options, parts.clock).caches ?? {});
  for (const [name, cache] of caches) made.define(name, cache, name, problems);
  problems.throwIfAny();
  return bench({ ...parts, cache: new CacheService(made), engine: made, errors: [], events });
}

function withDefaults(options: CacheModuleOptions, runtime: TestClock): CacheModuleOptions {
  return { earlyRefresh: false, jitter: 0, caches: { users: {}, pages: {}, sites: {} }, ...options, runtime };
}

function bench<B extends Omit<Bench, 'count'>>(parts: B): B & Pick<Bench, 'count'> {
  const count = (cache = 'users'): CacheStatisticsSnapshot => parts.cache.status().caches[cache]!;
  const made = { ...parts, count };
  benches.push(made);
  return made;
}

/** Lets everything run that waits for nothing but its turn. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What a promise has come to by now, without waiting for it. */
export async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'resolved' | 'rejected'> {
  let state: 'pending' | 'resolved' | 'rejected' = 'pending';
  promise.then(
    () => (state = 'resolved'),
    () => (state = 'rejected'),
  );
  await settle();
  return state;
}

/** A way to wait that ends when the test says so. */
export function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

/** What is left of work when nobody is waiting any more: nothing. */
function leftovers({ cache, engine: made, clock }: Bench): Record<string, number> {
  const { flights, background } = cache.status();
  const { replica } = made.parts.journal;
  const isSweeping = made.enabled && made.desks.size > 0 && [...made.desks.values()].some((desk) => !desk.passThrough);
  return {
    flights,
    background,
    openWatches: replica.openWatches,
    pendingTags: replica.pendingTags,
    timers: clock.pendingTimers - (isSweeping ? 1 : 0),
  };
}

const NOTHING_LEFT = { flights: 0, background: 0, openWatches: 0, pendingTags: 0, timers: 0 };

beforeEach(() => {
  process.on('unhandledRejection', noteUnhandled);
});

afterEach(async () => {
  await settle();
  await settle();
  process.off('unhandledRejection', noteUnhandled);
  const used = benches.splice(0);
  assert.deepEqual(unhandled.splice(0), [], 'unhandled rejections');
  for (const each of used) {
    assert.deepEqual(leftovers(each), NOTHING_LEFT);
    for (const [name, { reads, hits, misses }] of Object.entries(each.cache.status().caches)) {
      assert.equal(hits + misses, reads, `hits and misses of ${name}`);
    }
  }
});
