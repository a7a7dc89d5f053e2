import { onTestFinished } from 'vitest';
import { startCacheMachine, type CacheMachine } from '../../lib/cache.providers.js';
import type { CacheService } from '../../lib/cache.service.js';
import type { CacheStatisticsSnapshot } from '../../lib/desk/cache-statistics.js';
import type { JournalStatus } from '../../lib/journal/journal.interface.js';
import type { JournalReplica } from '../../lib/journal/journal-replica.js';
import type { CacheModuleOptions } from '../../lib/options/cache-options.interface.js';
import { eventually } from './servers/eventually.js';
import type { RedisServer } from './servers/redis-server.js';

/** One registration over a real Redis: what a process of an application is to the others. */
export interface Machine {
  readonly cache: CacheService;
  readonly replica: JournalReplica;
  readonly internals: Pick<CacheMachine, 'engine'>;
  /** What was logged, oldest first, with its level. */
  readonly lines: string[];
  journal(): JournalStatus;
  count(cache?: string): CacheStatisticsSnapshot;
  /** Resolves as soon as records are pushed here. */
  following(): Promise<void>;
}

let namespaces = 0;

/** One that no other test uses. */
export const newNamespace = (): string => `ns-${process.pid}-${++namespaces}`;

/** Nothing left to chance: no jitter and no early refresh. Caches `users` and `pages`, unless others are given. */
const PLAIN: CacheModuleOptions = { jitter: 0, earlyRefresh: false, caches: { users: {}, pages: {} } };

/** So that a test on a busy machine isn't one of an outage. */
export const PATIENT = '10s';

/** Started as an application would, and closed after the test. */
export async function startMachine(
  server: Pick<RedisServer, 'url'>,
  options: CacheModuleOptions & { readonly namespace: string },
): Promise<Machine> {
  const lines: string[] = [];
  const say = (level: string) => (line: unknown) => void lines.push(`${level} ${String(line)}`);
  const log = { log: say('log'), warn: say('warn'), error: say('error') };
  const { service, engine, problems } = await startCacheMachine(
    { ...PLAIN, redis: { url: server.url, commandTimeout: PATIENT }, ...options },
    log,
  );
  onTestFinished(async () => service.close());
  problems.throwIfAny();
  const journal = (): JournalStatus => service.status().journal;
  return {
    cache: service,
    replica: engine.parts.journal.replica,
    internals: { engine },
    lines,
    journal,
    count: (cache = 'users') => service.status().caches[cache]!,
    following: async () => {
      await eventually('records are pushed', async () => {
        // so that the first blocking read has something to bring
        await service.invalidate({ tags: ['is anybody following?'] });
        return journal().shared?.following === true;
      });
    },
  };
}

/** So many processes of one application, in one process of the test. */
export async function startFleet(
  server: Pick<RedisServer, 'url'>,
  size: number,
  options: CacheModuleOptions = {},
): Promise<Machine[]> {
  const namespace = options.namespace ?? newNamespace();
  const fleet = await Promise.all(Array.from({ length: size }, () => startMachine(server, { ...options, namespace })));
  await Promise.all(fleet.map(async (machine) => machine.following()));
  return fleet;
}
