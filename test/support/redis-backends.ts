import * as ioredis6 from 'ioredis';
import * as ioredis5 from 'ioredis5';
import { onTestFinished } from 'vitest';
import type { RedisClientLike, RedisTarget, ResolvedRedisOptions } from '../../lib/options/redis-options.interface.js';
import type { IoredisModule } from '../../lib/redis/ioredis-clients.js';
import type { RedisBackend } from '../../lib/redis/redis-commands.interface.js';
import { openRedis } from '../../lib/redis/redis-connection.js';
import { eventually } from './servers/eventually.js';

/** What a client may be made with, in both majors. */
type Settings = Record<string, unknown>;

export interface Driver {
  readonly name: string;
  readonly module: IoredisModule;
  readonly redis: (port: number, settings?: Settings) => RedisClientLike;
  readonly cluster: (nodes: { host: string; port: number }[], settings?: Settings) => RedisClientLike;
  readonly sentinel: (sentinels: { host: string; port: number }[], name: string) => RedisClientLike;
}

export const DRIVERS: readonly Driver[] = [
  {
    name: 'ioredis 6',
    module: ioredis6,
    redis: (port, settings = {}) => new ioredis6.Redis({ port, ...settings }),
    cluster: (nodes, settings = {}) => new ioredis6.Cluster(nodes, settings),
    sentinel: (sentinels, name) => new ioredis6.Redis({ sentinels, name }),
  },
  {
    name: 'ioredis 5',
    module: ioredis5,
    redis: (port, settings = {}) => new ioredis5.Redis({ port, ...settings }),
    cluster: (nodes, settings = {}) => new ioredis5.Cluster(nodes, settings),
    sentinel: (sentinels, name) => new ioredis5.Redis({ sentinels, name }),
  },
];

export const resolved = (target: RedisTarget, options: ResolvedRedisOptions['options'] = {}): ResolvedRedisOptions => ({
  target,
  options,
  commandTimeoutMs: 250,
  required: false,
  breakerFailures: 5,
  probeEveryMs: 1_000,
});

export const urlOf = (port: number): RedisTarget => ({ kind: 'url', url: `redis://127.0.0.1:${port}` });

export interface Opened extends RedisBackend {
  /** What the log was told, oldest first. */
  readonly lines: string[];
}

/** A backend that may not be connected yet. */
export function start(driver: Driver, target: RedisTarget, options: ResolvedRedisOptions['options'] = {}): Opened {
  const lines: string[] = [];
  const log = { log: (line: string) => lines.push(`log ${line}`), warn: (line: string) => lines.push(`warn ${line}`) };
  const backend = openRedis(resolved(target, options), log, driver.module);
  return Object.assign(backend, { lines });
}

/** The same, closed after the test. */
export function open(driver: Driver, target: RedisTarget, options: ResolvedRedisOptions['options'] = {}): Opened {
  const backend = start(driver, target, options);
  onTestFinished(async () => backend.close());
  return backend;
}

/** The same, both of its connections in use. */
export async function connect(
  driver: Driver,
  target: RedisTarget,
  options: ResolvedRedisOptions['options'] = {},
): Promise<Opened> {
  const backend = open(driver, target, options);
  await usable(backend);
  return backend;
}

export async function usable(backend: RedisBackend): Promise<void> {
  await eventually(
    'the connections are usable',
    async () => {
      await backend.commands.get('whether the connection is usable');
      await backend.feed.read('whether the feed is usable', '0-0', 1);
      return true;
    },
    { withinMs: 8_000 },
  );
}

/** Ends a client of the test itself. */
export function own<Client extends RedisClientLike>(client: Client): Client {
  client.on('error', () => {});
  onTestFinished(() => client.disconnect());
  return client;
}
