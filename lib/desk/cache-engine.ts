import { CacheConfigurationError, CacheTimeoutError } from '../cache.errors.js';
import type { CacheKey } from '../entry/key-encoding.js';
import { CacheRegion } from '../flow/cache-region.js';
import type { EngineParts } from '../flow/engine-parts.js';
import { InvalidateFlow } from '../flow/invalidate.flow.js';
import { ReadFlow } from '../flow/read.flow.js';
import { ReadManyFlow } from '../flow/read-many.flow.js';
import { WriteBehindFlow } from '../flow/write-behind.flow.js';
import { WriteFlow } from '../flow/write.flow.js';
import type { CacheOptions, WriteBehindOptions } from '../options/cache-options.interface.js';
import { isMisspelt, Problems } from '../options/option-reader.js';
import { resolveCacheOptions, type CacheBase } from '../options/resolve-options.js';
import type {
  ResolvedModuleOptions,
  ResolvedReadOptions,
  ResolvedWriteBehindOptions,
} from '../options/resolved-options.js';
import { readWriteBehind, WRITE_BEHIND_FIELDS } from '../options/write-behind-options.js';
import { MemoryPool } from '../tiers/memory-pool.js';
import type { CacheEvent, CacheEventListener } from '../cache.events.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import type { ConsistencyProbe } from '../probe/consistency-probe.js';
import { CacheDesk } from './cache-desk.js';
import type { CacheStatus, Explanation } from './cache-status.js';
import { explainEntry, inspectEntry, type Inspection } from './explain-entry.js';
import { servedOf } from './served-entries.js';
import { MemorySweeper } from './memory-sweeper.js';
import { WriteQueueDesk } from './write-queue-desk.js';

export interface EngineOptions {
  readonly module: ResolvedModuleOptions;
  readonly base: CacheBase;
  readonly parts: EngineParts;
}

const CLOSE_DEADLINE_MS = 2_000;

/** What other services are told: at least one of `tags`, `keys`, `caches` and `all`. */
export interface EventTarget {
  readonly tags?: readonly string[] | undefined;
  /** Keys of caches, which the others need not have. */
  readonly keys?: readonly (readonly [cache: string, key: CacheKey])[] | undefined;
  readonly caches?: readonly string[] | undefined;
  readonly all?: boolean | undefined;
  /** `hard` (default): never served again. `soft`: as if it had just expired. */
  readonly mode?: 'hard' | 'soft' | undefined;
}

/** What to say to somebody who wants to tell others without the part that does. */
export const NEEDS_EVENTS =
  'is true, and nobody is there to tell other services: import CacheEventsModule.forRoot({ clients: […] }) of nestjs-hybrid-cache/events';

/** One registration at work: its caches, the flows they share, and what has to end with the application. */
export class CacheEngine {
  readonly desks = new Map<string, CacheDesk>();
  /** Tells other services, in the background; whether the processes of this one have it in their journal by then. */
  announcer: ((target: EventTarget, by: 'everybody' | 'here') => void) | undefined;
  /** Aborted when the registration begins to close. */
  readonly ending: AbortSignal;
  readonly writes: WriteFlow;
  readonly invalidations: InvalidateFlow;
  /** By cache, of those that are written behind. */
  readonly writeQueues = new Map<string, WriteQueueDesk>();
  readonly #writesBehind: WriteBehindFlow;
  readonly #probe: ConsistencyProbe | undefined;
  readonly #reads: ReadFlow;
  readonly #readsOfMany: ReadManyFlow;
  readonly #sweeper: MemorySweeper;
  readonly #sharedPool: MemoryPool;
  readonly #pools: MemoryPool[];
  readonly #end = new AbortController();
  readonly #invalidated = { applied: 0, queued: 0 };
  readonly #observers = new Set<CacheEventListener>();
  #onUse: ((entry: CacheEntry) => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(private readonly options: EngineOptions) {
    const { parts, module } = options;
    this.ending = this.#end.signal;
    this.#reads = new ReadFlow(parts);
    this.#readsOfMany = new ReadManyFlow(parts, this.#reads);
    this.invalidations = new InvalidateFlow(parts);
    this.writes = new WriteFlow(parts, this.invalidations);
    this.#probe = parts.openProbe?.({ served: (tags) => servedOf(tags, this.#regions(), parts) });
    this.invalidations.probe = this.#probe;
    this.#probe?.start();
    this.#writesBehind = new WriteBehindFlow(parts, this.invalidations);
    this.#sharedPool = new MemoryPool(module.memory);
    this.#pools = [this.#sharedPool];
    this.#sweeper = new MemorySweeper(
      parts.runtime,
      parts.journal.replica,
      () => this.#pools,
      () => this.#regions(),
    );
  }

  get parts(): EngineParts {
    return this.options.parts;
  }

  get readDefaults(): ResolvedReadOptions {
    return this.options.base.read;
  }

  get enabled(): boolean {
    return this.options.module.enabled;
  }

  /** First part of every key in a shared store. */
  get namespace(): string {
    return this.options.module.namespace;
  }

  /** The shared store as it was asked for; undefined where there is none. */
  get redis(): ResolvedModuleOptions['redis'] {
    return this.options.module.redis;
  }

  /** A cache with these options; `where` they were written is for the problems found in them. */
  define(name: string, layer: CacheOptions, where: string, problems: Problems): CacheDesk {
    const { base, parts } = this.options;
    if (this.desks.has(name)) problems.add(where, `there is a cache named ${name} already; give this one another name`);
    const resolved = resolveCacheOptions(name, where, layer, base, problems);
    const region = new CacheRegion(resolved, this.#poolFor(resolved.memory), parts.shared.present, parts);
    const desk = new CacheDesk(region, parts, this.#reads, this.#readsOfMany);
    desk.passThrough = !this.enabled || this.#closing !== undefined;
    this.desks.set(name, desk);
    if (resolved.writeBehind !== undefined) this.#openQueue(region, resolved.writeBehind);
    if (this.enabled && this.#closing === undefined) this.#sweeper.start();
    return desk;
  }

  #openQueue(region: CacheRegion, options: ResolvedWriteBehindOptions): void {
    const flows = { writes: this.#writesBehind, invalidations: this.invalidations };
    this.writeQueues.set(region.name, new WriteQueueDesk(region, this.parts, flows, options));
  }

  /** A decorator says that a cache is written behind, and perhaps how, which may be said in one place only. */
  writeBehind({ region }: CacheDesk, given: WriteBehindOptions, where: string, problems: Problems): void {
    const known = this.writeQueues.get(region.name);
    const resolved = readWriteBehind(given, where, problems);
    if (known === undefined) return this.#openQueue(region, resolved);
    const saysMore = WRITE_BEHIND_FIELDS.some((field) => given[field] !== undefined);
    if (saysMore && JSON.stringify(resolved) !== JSON.stringify(known.options)) {
      const remedy = `say it once, best under caches.${region.name}.writeBehind`;
      problems.add(where, `cache '${region.name}' is written behind with other options already; ${remedy}`);
    }
  }

  /** Tries once more to get everything to its sink, for no longer than `writeBehind.drain`. */
  async drainWrites(): Promise<void> {
    await Promise.all([...this.writeQueues.values()].map((queue) => queue.drain()));
  }

  /** @throws CacheConfigurationError when the cache isn't written behind */
  writeQueueOf(name: string): WriteQueueDesk {
    const { region } = this.deskOf(name);
    const queue = this.writeQueues.get(region.name);
    if (queue !== undefined) return queue;
    const problem = `isn't written behind; say caches: { '${name}': { writeBehind: {} } }, or decorate a method with @WriteBehind`;
    throw new CacheConfigurationError([{ where: `cache '${name}'`, problem }]);
  }

  #poolFor(memory: CacheRegion['options']['memory']): MemoryPool | undefined {
    if (memory === false) return undefined;
    if (memory === 'shared') return this.#sharedPool;
    const pool = new MemoryPool(memory);
    pool.watchUses(this.#onUse);
    this.#pools.push(pool);
    return pool;
  }

  /** @throws CacheConfigurationError when there is no such cache */
  deskOf(name: string): CacheDesk {
    const desk = this.desks.get(name);
    if (desk === undefined)
      throw new CacheConfigurationError([{ where: `cache '${name}'`, problem: this.unknown(name) }]);
    return desk;
  }

  /** What to say to somebody who names a cache that isn't there. */
  unknown(name: string): string {
    const names = [...this.desks.keys()];
    const meant = names.find((candidate) => isMisspelt(name, candidate));
    const hint = meant === undefined ? `there are: ${names.join(', ') || 'none'}` : `did you mean '${meant}'?`;
    return `there is no such cache; declare it under \`caches\` of CacheModule.forRoot(…). ${hint}`;
  }

  /** Removes an entry from where it lies, which makes nothing fresh or stale. */
  forget(region: CacheRegion, key: string): void {
    const entry = region.memory.find(key);
    if (entry !== undefined) region.memory.remove(entry);
    const { shared, background } = this.options.parts;
    if (shared.present) background.add(shared.delete(region.address(key)));
  }

  note(event: CacheEvent): void {
    if (event.type === 'invalidation') this.#invalidated[event.status]++;
    if ('cache' in event) this.desks.get(event.cache)?.statistics.note(event);
    for (const observer of this.#observers) observer(event);
  }

  /** Tells of everything that happens, in the very moment; what is told must not throw. @returns what ends it */
  observe(observer: CacheEventListener): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Tells of every use of an entry in memory, or with `undefined` of none any more. */
  watchUses(onUse: ((entry: CacheEntry) => void) | undefined): void {
    this.#onUse = onUse;
    for (const pool of this.#pools) pool.watchUses(onUse);
  }

  status(): CacheStatus {
    const { parts, module } = this.options;
    const { journal, runtime, background } = parts;
    const sum = (of: (pool: MemoryPool) => number): number => this.#pools.reduce((total, pool) => total + of(pool), 0);
    return {
      enabled: module.enabled,
      namespace: module.namespace,
      journal: { ...journal.status(runtime.now()), rememberedTags: journal.replica.rememberedTags },
      memory: {
        entries: sum((pool) => pool.entries),
        bytes: sum((pool) => pool.bytes),
        evictions: sum((pool) => pool.evictions),
      },
      invalidations: { ...this.#invalidated },
      redis: parts.shared.status?.(),
      writeQueues: Object.fromEntries([...this.writeQueues].map(([name, queue]) => [name, queue.localStatus()])),
      flights: [...this.#regions()].reduce((total, { flights }) => total + flights.size, 0),
      background: background.size,
      edge: parts.edge.status(),
      probe: this.#probe?.status(),
      caches: Object.fromEntries([...this.desks].map(([name, desk]) => [name, desk.snapshot()])),
    };
  }

  explain(region: CacheRegion, key: string): Promise<Explanation> {
    return explainEntry(this.parts, region, key);
  }

  /** The same with the value. */
  inspect(region: CacheRegion, key: string): Promise<Inspection> {
    return inspectEntry(this.parts, region, key);
  }

  /** Resolves when everything has ended, or after two seconds. Closing again waits for the same end. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { parts } = this.options;
    this.#end.abort();
    await Promise.all([...this.writeQueues.values()].map((queue) => queue.close()));
    this.#sweeper.close();
    this.#probe?.close();
    for (const desk of this.desks.values()) desk.passThrough = true;
    const reason = new CacheTimeoutError('the application is shutting down');
    for (const { flights } of this.#regions()) for (const flight of flights.values()) flight.collector?.abort(reason);
    let deadline: { cancel(): void } | undefined;
    const expired = new Promise<void>((resolve) => {
      deadline = parts.runtime.after(CLOSE_DEADLINE_MS, resolve);
    });
    const ended = this.invalidations.close().then(() => Promise.all([parts.background.drained(), parts.edge.close()]));
    await Promise.race([ended, expired]);
    deadline?.cancel();
    for (const pool of this.#pools) pool.close();
    for (const { memory } of this.#regions()) memory.clear();
    await parts.journal.close();
    await parts.disconnect();
  }

  *#regions(): Iterable<CacheRegion> {
    for (const desk of this.desks.values()) yield desk.region;
  }
}
