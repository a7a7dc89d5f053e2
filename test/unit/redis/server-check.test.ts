import { describe, expect, it } from 'vitest';
import type { RedisBackend } from '../../../lib/redis/redis-commands.interface.js';
import { RedisFault } from '../../../lib/redis/redis-fault.js';
import { RedisKeys } from '../../../lib/redis/redis-keys.js';
import { checkServer, warningsAbout } from '../../../lib/redis/server-check.js';
import { SimulatedRedis } from '../../simulation/redis/simulated-redis.js';
import { GatedFeed, GatedRedis } from '../../support/gated-redis.js';

/** The sections of INFO that matter, in the words of the servers. */
const info = (server: readonly string[], policy = 'noeviction'): string =>
  [
    '# Server',
    ...server,
    'redis_git_sha1:00000000',
    'redis_mode:standalone',
    'os:Linux 6.1.0-18-amd64 x86_64',
    '',
    '# Memory',
    'used_memory:1048576',
    'maxmemory:104857600',
    'maxmemory_human:100.00M',
    `maxmemory_policy:${policy}`,
    'mem_fragmentation_ratio:1.20',
    '',
  ].join('\r\n');

const SERVERS = {
  'Redis 6.2': ['redis_version:6.2.14'],
  'Redis 7.0': ['redis_version:7.0.15'],
  'Redis 8': ['redis_version:8.0.2'],
  'Redis 10': ['redis_version:10.0.0'],
  'Valkey 7.2': ['redis_version:7.2.4', 'server_name:valkey', 'valkey_version:7.2.8'],
  'Valkey 8': ['redis_version:7.2.4', 'server_name:valkey', 'valkey_version:8.1.1', 'valkey_release_stage:ga'],
} as const;

describe('the check of the server', () => {
  it.each(['Redis 7.0', 'Redis 8', 'Redis 10', 'Valkey 7.2', 'Valkey 8'] as const)('has nothing against %s', (name) => {
    for (const policy of ['noeviction', 'volatile-lru', 'volatile-ttl']) {
      expect(warningsAbout(info(SERVERS[name], policy))).toEqual([]);
    }
  });

  it('warns of Redis 6.2, whose scripts know no flags', () => {
    expect(warningsAbout(info(SERVERS['Redis 6.2']))).toEqual([
      'the server has version 6.2.14; at least Redis 7.0 is needed, because scripts declare flags',
    ]);
  });

  it('goes by Valkey’s own version, not by that of the Redis it stands in for', () => {
    const old = info(['redis_version:7.2.4', 'server_name:valkey', 'valkey_version:7.1.0']);
    expect(warningsAbout(old)).toEqual([expect.stringContaining('version 7.1.0; at least Valkey 7.2')]);
  });

  it.each(['allkeys-lru', 'allkeys-lfu', 'allkeys-random'])('warns of %s, which may drop the journal', (policy) => {
    expect(warningsAbout(info(SERVERS['Redis 8'], policy))).toEqual([
      expect.stringContaining(`maxmemory-policy ${policy} may drop the journal`),
    ]);
  });

  it('warns of everything at once', () => {
    expect(warningsAbout(info(SERVERS['Redis 6.2'], 'allkeys-lru'))).toHaveLength(2);
  });

  it('has nothing to say where the server says nothing', () => {
    expect(warningsAbout('')).toEqual([]);
    expect(warningsAbout('# Server\nredis_version:7.4.0\nmaxmemory_policy:allkeys-lru\n')).toHaveLength(1);
  });
});

describe('the check of what the application may do', () => {
  const backendOver = (redis: GatedRedis, feed: GatedFeed): RedisBackend => ({
    commands: redis,
    feed,
    keyPrefix: '',
    info: () => Promise.resolve(info(SERVERS['Redis 8'])),
    onReady: () => undefined,
    close: () => Promise.resolve(),
  });

  it('names what is refused, and nothing that merely has no answer', async () => {
    const redis = new GatedRedis(new SimulatedRedis(() => 1_000));
    const check = () => checkServer(backendOver(redis, new GatedFeed(redis.redis)), new RedisKeys('shop'));
    expect(await check()).toEqual([]);
    redis.faults.set('unlink', new RedisFault('refused', 'NOPERM'));
    redis.faults.set('readBack', new RedisFault('unreachable', 'no connection'));
    expect(await check()).toEqual([`the server doesn't let this application remove entries (UNLINK): NOPERM`]);
  });

  it('leaves the feed alone, which is waiting for records', async () => {
    const redis = new GatedRedis(new SimulatedRedis(() => 1_000));
    const feed = new GatedFeed(redis.redis);
    await checkServer(backendOver(redis, feed), new RedisKeys('shop'));
    expect(feed.count).toBe(0);
  });
});
