import type { CacheModuleOptions, CacheStatisticsSnapshot, WarmupStatus } from 'nestjs-hybrid-cache';
import { newNamespace, PATIENT } from '../machines.js';
import type { RedisServer } from '../servers/redis-server.js';
import { ForkedProcess } from './forked-process.js';

/** What a process that warms can be told. Its loads count themselves in the source. */
export interface WarmingCalls {
  /** @returns its process id */
  open(how: {
    readonly sourceUrl: string;
    readonly options: CacheModuleOptions;
    readonly keys: number;
    readonly loadMs: number;
    readonly others?: 'wait' | 'go on';
    readonly hold?: boolean;
    readonly holdAtMost?: string;
    readonly on?: 'start' | string;
  }): Promise<number>;
  find(id: number): Promise<string>;
  ready(): Promise<void>;
  status(): Promise<WarmupStatus>;
  cache(): Promise<CacheStatisticsSnapshot>;
  clear(): Promise<void>;
  close(): Promise<void>;
}

export type WarmingHow = Omit<Parameters<WarmingCalls['open']>[0], 'sourceUrl'>;

/** A process of its own with an application that warms. */
export class ForkedWarmer extends ForkedProcess<WarmingCalls> {
  pid = 0;

  static async start(source: RedisServer, how: WarmingHow): Promise<ForkedWarmer> {
    const made = new ForkedWarmer(await this.fork('warming.process.ts'));
    made.pid = await made.call('open', { sourceUrl: source.url, ...how });
    return made;
  }
}

/** Options of a fleet over one Redis. */
export const fleetOptions = (server: RedisServer, more: CacheModuleOptions = {}): CacheModuleOptions => ({
  namespace: newNamespace(),
  redis: { url: server.url, commandTimeout: PATIENT },
  jitter: 0,
  earlyRefresh: false,
  loadLock: { life: '600ms' },
  caches: { products: {} },
  ...more,
});
