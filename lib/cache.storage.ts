import type { CacheEvent } from './cache.events.js';
import { CacheConnectionError } from './cache.errors.js';
import type { Tracing } from './cache.tracing.js';
import { MemoryLoadLock } from './coalescing/memory.load-lock.js';
import { Once } from './coalescing/once.js';
import { RedisLoadLock } from './coalescing/redis.load-lock.js';
import { RedisMarks } from './coalescing/redis.marks.js';
import type { EngineParts } from './flow/engine-parts.js';
import { MemoryJournal } from './journal/memory.journal.js';
import type { ChainedRecord } from './journal/journal-wire.js';
import { RedisJournal } from './journal/redis.journal.js';
import { MemoryIdFilter } from './known-ids/memory.id-filter.js';
import { RedisIdFilter } from './known-ids/redis.id-filter.js';
import type { ResolvedModuleOptions } from './options/resolved-options.js';
import { MemoryProcessList } from './processes/memory.process-list.js';
import { RedisProcessList } from './processes/redis.process-list.js';
import { GuardedCommands, type ReachabilityListener } from './redis/guarded-commands.js';
import type { RedisBackend } from './redis/redis-commands.interface.js';
import { RedisFault } from './redis/redis-fault.js';
import { RedisKeys } from './redis/redis-keys.js';
import { checkServer } from './redis/server-check.js';
import { MemoryWriteQueue } from './write-behind/memory.write-queue.js';
import { RedisWriteQueue } from './write-behind/redis.write-queue.js';
import { ConsistencyProbe, type ProbeParts } from './probe/consistency-probe.js';
import { RedisProbeChannel } from './probe/probe-channel.js';
import { NO_SHARED_TIER } from './tiers/tier.interface.js';
import { RedisTier } from './tiers/redis.tier.js';
import { TracedTier } from './tiers/traced.tier.js';

/** Where a registration keeps what it shares: in this process alone, or in Redis. */
export interface Storage extends Pick<
  EngineParts,
  'journal' | 'shared' | 'locks' | 'once' | 'openIdFilter' | 'writeQueue' | 'openProbe' | 'processes' | 'disconnect'
> {
  /** Resolves when what is stored may be used, at the latest when waiting any longer would hold up the application. */
  start(): Promise<void>;
}

/** What the operators should hear of, once for each change. */
export interface StorageLog {
  warn(message: string): void;
  log(message: string): void;
}

export function memoryStorage(module: ResolvedModuleOptions): Storage {
  const journal = new MemoryJournal(module.journal.maxRecords);
  return {
    journal,
    shared: NO_SHARED_TIER,
    locks: new MemoryLoadLock(),
    once: new Once(module.runtime),
    openIdFilter: (_cache, options) => new MemoryIdFilter(options, module.runtime),
    writeQueue: (_cache, limits) => new MemoryWriteQueue(journal, module.runtime, limits),
    processes: new MemoryProcessList(),
    disconnect: () => Promise.resolve(),
    start: () => Promise.resolve(),
  };
}

export interface RedisStorageParts {
  readonly backend: RedisBackend;
  readonly emit: (event: CacheEvent) => void;
  readonly tracing: Tracing;
  readonly log: StorageLog;
}

const PAGE = 1_000;
/** A healthy Redis answers long before; a sick one isn't waited for, unless it is required. */
const START_MS = 1_000;
const REQUIRED_START_MS = 10_000;

export function redisStorage(module: ResolvedModuleOptions, parts: RedisStorageParts): Storage {
  const { backend, emit, tracing, log } = parts;
  const { runtime, maxStalenessMs, degraded, loadLock } = module;
  const redis = module.redis!;
  const keys = new RedisKeys(module.namespace, backend.keyPrefix);
  const commands = new GuardedCommands(
    backend.commands,
    runtime,
    {
      deadlineMs: redis.commandTimeoutMs,
      breakerFailures: redis.breakerFailures,
      probeEveryMs: redis.probeEveryMs,
    },
    silenceListener(log),
  );
  const token = `${Math.floor(runtime.random() * 2 ** 52).toString(36)}-${process.pid}`;
  const said = new Set<string>();
  const report = (problem: string): void => {
    if (said.has(problem)) return;
    said.add(problem);
    log.warn(problem);
  };
  const applied = ({ traces, tags, epoch, position }: ChainedRecord): void =>
    tracing.tracer?.arrived(traces!, {
      'cache.tags': tags.length,
      'cache.journal.epoch': epoch,
      'cache.journal.position': position,
    });
  const journal = new RedisJournal(
    { commands, feed: backend.feed, keys, runtime, report, applied },
    {
      maxStalenessMs,
      boundMs: Math.max(maxStalenessMs, degraded.maxAgeMs),
      maxRecords: module.journal.maxRecords,
      maxAgeMs: module.journal.maxAgeMs,
      pageSize: backend.pageSize ?? PAGE,
      replicationWaitMs: module.journal.replicated ? redis.commandTimeoutMs : 0,
    },
  );
  const shared = new RedisTier(commands, keys, (cache, command, error) => {
    emit({ type: 'shared-fault', cache, command });
    if (error instanceof RedisFault && error.kind === 'refused')
      report(`Redis refuses to ${command}: ${error.message}`);
  });
  let isChecked = false;
  const warnOfServer = async (): Promise<void> => {
    if (isChecked) return;
    isChecked = true;
    for (const warning of await checkServer(backend, keys)) report(warning);
  };
  backend.onReady(() => {
    commands.invite();
    journal.wake();
    void warnOfServer();
  });
  return {
    journal,
    shared: new TracedTier(shared, tracing),
    locks: new RedisLoadLock(commands, keys, runtime, loadLock.lifeMs, tracing),
    once: new Once(runtime, new RedisMarks(commands, keys)),
    openIdFilter: (cache, options) =>
      new RedisIdFilter(cache, options, { commands, keys, runtime, patienceMs: maxStalenessMs, report }),
    writeQueue: (cache, limits) => new RedisWriteQueue({ commands, keys, journal, token }, cache, limits),
    processes: new RedisProcessList(commands, keys),
    ...(module.probeSample === undefined || backend.openFeed === undefined
      ? {}
      : { openProbe: probeOpener(module, { backend, commands, keys, journal, report }) }),
    disconnect: () => backend.close(),
    start: async () => {
      journal.start();
      const isConfirmed = await confirmedWithin(redis.required ? REQUIRED_START_MS : START_MS, journal, module);
      if (isConfirmed) return;
      const reason = journal.lastFault ?? 'no connection';
      if (redis.required)
        throw new CacheConnectionError(`Redis can't be used and is required (redis.required): ${reason}`);
      log.warn(`the application starts without Redis, and uses it as soon as it can: ${reason}`);
    },
  };
}

interface ProbeOpenerParts {
  readonly backend: RedisBackend;
  readonly commands: GuardedCommands;
  readonly keys: RedisKeys;
  readonly journal: RedisJournal;
  readonly report: (problem: string) => void;
}

function probeOpener(
  { runtime, maxStalenessMs, degraded, probeSample }: ResolvedModuleOptions,
  { backend, commands, keys, journal, report }: ProbeOpenerParts,
): NonNullable<EngineParts['openProbe']> {
  return ({ served }) => {
    const channel = new RedisProbeChannel({
      commands,
      feed: backend.openFeed!(),
      stream: keys.probes,
      runtime,
      clockOffsetMs: () => journal.clockOffsetMs,
    });
    const knowledge = (): ReturnType<ProbeParts['knowledge']> => {
      const { position, lag, shared } = journal.status(runtime.now());
      return { position, lag, lastDoubt: shared?.lastDoubt };
    };
    const options = { sample: probeSample!, boundMs: Math.max(maxStalenessMs, degraded.maxAgeMs) };
    return new ConsistencyProbe({ channel, runtime, served, knowledge, report }, options);
  };
}

/** A connection that breaks is logged where it is held; here it is about one that looks sound and brings no answers. */
function silenceListener(log: StorageLog): ReachabilityListener {
  let isSilent = false;
  return (isReachable, fault) => {
    if (isReachable && isSilent) log.log('Redis answers again');
    if (!isReachable && fault?.kind === 'timeout') log.warn(`${fault.message}. The cache goes on without it`);
    isSilent = !isReachable && fault?.kind === 'timeout';
  };
}

/** Tries until it succeeds; the connection is being made meanwhile. */
async function confirmedWithin(
  ms: number,
  journal: RedisJournal,
  { runtime }: ResolvedModuleOptions,
): Promise<boolean> {
  const begun = runtime.monotonic();
  for (;;) {
    if (await journal.confirm()) return true;
    if (journal.isClosed || runtime.monotonic() - begun >= ms) return false;
    await new Promise<void>((resolve) => runtime.after(20, resolve));
  }
}
