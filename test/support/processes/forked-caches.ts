import type { Invalidation } from '../../../lib/cache.service.js';
import type { CacheStatus } from '../../../lib/desk/cache-status.js';
import type { RebuildResult } from '../../../lib/known-ids/id-filter.interface.js';
import type { InvalidationResult } from '../../../lib/flow/outcome.js';
import type { CacheModuleOptions } from '../../../lib/options/cache-options.interface.js';
import { newNamespace, PATIENT } from '../machines.js';
import type { RedisServer } from '../servers/redis-server.js';
import { ForkedProcess } from './forked-process.js';

/** What a forked process can be told. Its loader reads the row of the key from the source, and counts itself there. */
export interface CacheCalls {
  open(how: { readonly sourceUrl: string; readonly options: CacheModuleOptions }): Promise<void>;
  read(
    key: string,
    how?: { readonly loadMs?: number; readonly tags?: readonly string[]; readonly strong?: boolean },
  ): Promise<string | null>;
  /** Many callers of one key at once: the different values they got, and how long each waited. */
  storm(key: string, callers: number, loadMs: number): Promise<{ values: (string | null)[]; ms: number[] }>;
  invalidate(invalidation: Invalidation): Promise<InvalidationResult>;
  /** Builds the known ids of `users`. */
  rebuildIds(ids: readonly string[]): Promise<RebuildResult>;
  addIds(ids: readonly string[]): Promise<void>;
  /** Inserts a row whose key nobody knows beforehand, and ends before anybody is told of it. */
  insertAndDie(key: string, row: string): Promise<void>;
  /** Resolves when the journal is known up to there. */
  applied(position: number): Promise<void>;
  status(): Promise<CacheStatus>;
}

/** A process of its own with a cache in it. */
export class ForkedCache extends ForkedProcess<CacheCalls> {
  static async start(how: Parameters<CacheCalls['open']>[0]): Promise<ForkedCache> {
    const made = new ForkedCache(await this.fork('cache.process.ts'));
    await made.call('open', how);
    return made;
  }
}

/** Processes of one application over one Redis; what they load lies in another one. */
export async function forkCaches(
  count: number,
  { server, source, options = {} }: { server: RedisServer; source: RedisServer; options?: CacheModuleOptions },
): Promise<ForkedCache[]> {
  const plain = { jitter: 0, earlyRefresh: false, caches: { users: {} } } as const;
  const all = { namespace: newNamespace(), redis: { url: server.url, commandTimeout: PATIENT }, ...plain, ...options };
  return Promise.all(
    Array.from({ length: count }, async () => ForkedCache.start({ sourceUrl: source.url, options: all })),
  );
}
