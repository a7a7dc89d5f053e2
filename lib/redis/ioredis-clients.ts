import { CacheConfigurationError } from '../cache.errors.js';
import type { RedisClientLike, RedisDriverOptions, ResolvedRedisOptions } from '../options/redis-options.interface.js';
import { isDemotion } from './server-reply.js';

/** The part of ioredis, 5 or 6, that makes clients. */
export interface IoredisModule {
  readonly Redis: new (options: object, url?: string) => RedisClientLike;
  readonly Cluster: new (nodes: object[], options: object) => RedisClientLike;
}

/**
 * - `commands`: answers at once.
 * - `replicated`: waits for a replica after each command.
 * - `feed`: waits for invalidations.
 */
export type ConnectionPurpose = 'commands' | 'replicated' | 'feed';

/** Where nothing has come for so long though something is due, there is nobody at the other end any more. */
const SILENCE_MS = 5_000;

// by a name that bundlers don't see: an application without Redis has no ioredis to be bundled
const importModule = (name: string): Promise<unknown> => import(name);

/**
 * ioredis, if the application has it.
 * @throws CacheConfigurationError when it isn't installed
 */
export async function loadIoredis(load = () => importModule('ioredis')): Promise<IoredisModule> {
  try {
    const loaded = (await load()) as { default?: IoredisModule } & Partial<IoredisModule>;
    // what a CommonJS module exports is under `default` where its names weren't recognized
    return (loaded.Redis === undefined ? loaded.default : loaded) as IoredisModule;
  } catch (error) {
    if (!['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error;
    throw new CacheConfigurationError([
      { where: 'redis', problem: 'needs the package ioredis, which is not installed: npm install ioredis' },
    ]);
  }
}

/** Makes a client for a purpose; called for each client that replaces one as well. */
export type OpenClient = (purpose: ConnectionPurpose) => RedisClientLike;

/** @param ioredis not needed where the application hands in a client: it can make others like itself */
export function clientFactory({ target, options }: ResolvedRedisOptions, ioredis?: IoredisModule): OpenClient {
  if (target.kind === 'client') return (purpose) => duplicateOf(target.client, purpose);
  if (ioredis === undefined) throw new TypeError(`ioredis has to be loaded for a target of kind ${target.kind}`);
  const { Redis, Cluster } = ioredis;
  const { clusterOptions, ...driver } = options;
  const own = (purpose: ConnectionPurpose) => ({ ...preferences, ...driver, ...settings(purpose) });
  switch (target.kind) {
    case 'url':
      // what is said first counts, so that nothing in a url can change our settings
      return (purpose) => new Redis(own(purpose), target.url);
    case 'host':
      return (purpose) => new Redis({ ...own(purpose), host: target.host, port: target.port });
    case 'sentinel':
      return (purpose) => new Redis({ ...own(purpose), sentinels: [...target.sentinels], name: target.name });
    case 'cluster':
      return (purpose) => {
        const { natMap, keyPrefix, ...redisOptions } = own(purpose) as RedisDriverOptions;
        const preferred = { natMap, keyPrefix, clusterRetryStrategy: retrySoon, ...clusterOptions };
        const nodes = { ...redisOptions, lazyConnect: true };
        return new Cluster([...target.nodes], { ...preferred, ...clusterSettings, redisOptions: nodes });
      };
  }
}

function duplicateOf(client: RedisClientLike, purpose: ConnectionPurpose): RedisClientLike {
  if (client.isCluster) {
    const redisOptions = { ...settings(purpose), lazyConnect: true };
    return client.duplicate([], {
      ...clusterSettings,
      clusterRetryStrategy: retrySoon,
      scripts: undefined,
      redisOptions,
    });
  }
  const { retryStrategy, sentinelRetryStrategy, sentinelCommandTimeout } = preferences;
  return client.duplicate({
    retryStrategy,
    sentinelRetryStrategy,
    sentinelCommandTimeout,
    scripts: undefined,
    himportFieldsets: undefined,
    ...settings(purpose),
  });
}

const retrySoon = (times: number): number => Math.min(50 * times, 500);

/** What the application may say otherwise. */
const preferences = {
  connectTimeout: 3_000,
  keepAlive: 10_000,
  retryStrategy: retrySoon,
  sentinelRetryStrategy: retrySoon,
  sentinelCommandTimeout: 1_000,
};

/** What it may not: a command is answered or fails, and never waits here for better times. */
const settings = (purpose: ConnectionPurpose) => ({
  lazyConnect: false,
  enableOfflineQueue: false,
  enableReadyCheck: true,
  enableAutoPipelining: false,
  maxRetriesPerRequest: 0,
  maxLoadingRetryTime: 500,
  autoResendUnfulfilledCommands: false,
  // 2 would send the command again as well, for which there has to be a queue
  reconnectOnError: (error: Error) => (isDemotion(error) ? 1 : false),
  disconnectTimeout: 200,
  commandTimeout: undefined,
  blockingTimeout: undefined,
  socketTimeout: purpose === 'feed' ? undefined : SILENCE_MS,
  role: 'master',
  readOnly: false,
  // with it, a client of ioredis 5 or 6 may end after a failover instead of connecting to the new master
  failoverDetector: false,
  replyMapping: 'legacy',
  stringNumbers: false,
});

const clusterSettings = {
  lazyConnect: false,
  // nodes are connected to by the first command for them, and others at that moment have to wait for it
  enableOfflineQueue: true,
  enableAutoPipelining: false,
  scaleReads: 'master',
  shardedSubscribers: false,
  // 0: a command whose node is away fails at once; the next one learns by MOVED who has taken over
  retryDelayOnFailover: 0,
  retryDelayOnClusterDown: 0,
};

/** The address without anything secret, for the log. */
export function addressOf({ target }: ResolvedRedisOptions): string {
  const list = (nodes: readonly { host: string; port?: number | undefined }[]) =>
    nodes.map(({ host, port }) => (port === undefined ? host : `${host}:${port}`)).join(', ');
  switch (target.kind) {
    case 'url':
      return URL.canParse(target.url) ? new URL(target.url).host : 'its url';
    case 'host':
      return list([target]);
    case 'client':
      return target.client.isCluster ? "the application's cluster" : "the application's client";
    case 'cluster':
      return `the cluster of ${list(target.nodes)}`;
    case 'sentinel':
      return `${target.name} of the sentinels ${list(target.sentinels)}`;
  }
}
