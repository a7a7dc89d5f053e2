import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RedisTarget } from '../../lib/options/redis-options.interface.js';
import type { RedisFault } from '../../lib/redis/redis-fault.js';
import { RedisKeys } from '../../lib/redis/redis-keys.js';
import { appendRecord, releaseLock, renewLock, syncJournal } from '../../lib/redis/scripts.js';
import { DRIVERS, start, urlOf, usable, type Driver, type Opened } from '../support/redis-backends.js';
import { startCluster, type RedisCluster } from '../support/servers/redis-cluster.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';
import { startSentinel, type RedisSentinel } from '../support/servers/redis-sentinel.js';

let redis: RedisServer;
let valkey: RedisServer;
let cluster: RedisCluster;
let sentinel: RedisSentinel;

beforeAll(async () => {
  [redis, valkey, cluster, sentinel] = await Promise.all([
    startRedis(),
    startRedis({ flavour: 'valkey' }),
    startCluster(),
    startSentinel(),
  ]);
});

afterAll(async () => {
  await Promise.all([redis, valkey, cluster, sentinel].map(async (servers) => servers?.stop()));
});

interface Way {
  readonly name: string;
  /** How many replicas have a write. */
  readonly replicas: number;
  readonly options?: Record<string, unknown>;
  readonly prefix?: string;
  readonly target: (driver: Driver) => RedisTarget;
}

const client = (made: ReturnType<Driver['redis']>): RedisTarget => ({
  kind: 'client',
  client: made.on('error', () => {}) as typeof made,
});

const WAYS: readonly Way[] = [
  { name: 'redis by url', replicas: 0, target: () => urlOf(redis.port) },
  { name: 'valkey by url', replicas: 0, target: () => urlOf(valkey.port) },
  {
    name: 'redis by url with options',
    replicas: 0,
    options: { keyPrefix: 'our:', db: 3, connectionName: 'shop', commandTimeout: 50, lazyConnect: true },
    prefix: 'our:',
    target: () => urlOf(redis.port),
  },
  { name: 'a client', replicas: 0, target: (driver) => client(driver.redis(redis.port)) },
  {
    name: 'a client with options of its own',
    replicas: 0,
    prefix: '{app}:',
    target: (driver) =>
      client(
        driver.redis(redis.port, {
          keyPrefix: '{app}:',
          commandTimeout: 300,
          stringNumbers: true,
          lazyConnect: true,
          enableAutoPipelining: true,
        }),
      ),
  },
  { name: 'a cluster', replicas: 1, target: () => ({ kind: 'cluster', nodes: cluster.nodes }) },
  {
    name: 'a cluster with options',
    replicas: 1,
    options: { keyPrefix: 'our:', clusterOptions: { slotsRefreshInterval: 500 } },
    prefix: 'our:',
    target: () => ({ kind: 'cluster', nodes: cluster.nodes.slice(0, 2) }),
  },
  {
    name: "a cluster's client",
    replicas: 1,
    prefix: 'app:',
    target: (driver) =>
      client(driver.cluster(cluster.nodes, { keyPrefix: 'app:', redisOptions: { commandTimeout: 300 } })),
  },
  {
    name: 'sentinels',
    replicas: 1,
    target: () => ({ kind: 'sentinel', sentinels: sentinel.sentinels, name: sentinel.name }),
  },
  {
    name: "a sentinel's client",
    replicas: 1,
    target: (driver) => client(driver.sentinel(sentinel.sentinels, sentinel.name)),
  },
];

const BYTES = Buffer.from([0, 0xff, 0xfe, 0xc1, 0x0d, 0x0a, 0x80, 0]);

const append = async (backend: Opened, keys: RedisKeys, nonce: string) =>
  backend.commands.run(appendRecord, [keys.clock, keys.journal], [nonce, 'tag', 0, 1_000, 100, 0]);

const idOf = (position: number): string => `${Math.floor(position / 1_024)}-${position % 1_024}`;

describe.each(DRIVERS)('the commands over $name', (driver) => {
  describe.each(WAYS)('and $name', ({ replicas, options = {}, prefix = '', target }) => {
    let used: RedisTarget;
    let backend: Opened;
    beforeAll(async () => {
      used = target(driver);
      backend = start(driver, used, options);
      await usable(backend);
    });
    afterAll(async () => {
      await backend.close();
      if (used.kind === 'client') used.client.disconnect();
    });
    const opened = () => {
      const { commands } = backend;
      return { backend, commands, keys: new RedisKeys(`ns-${randomUUID()}`, backend.keyPrefix) };
    };
    const waitMs = replicas === 0 ? 5 : 200;

    it('keeps bytes for a while, and forgets them', async () => {
      const { backend, commands, keys } = opened();
      expect(backend.keyPrefix).toBe(prefix);
      const key = keys.entry('users', 1, 'a');
      expect(await commands.get(key)).toBeUndefined();
      await commands.set(key, BYTES, 60_000);
      expect(await commands.get(key)).toEqual(BYTES);
      await commands.unlink(key);
      expect(await commands.get(key)).toBeUndefined();
      await commands.set(key, BYTES, 1);
      await expect.poll(async () => commands.get(key)).toBeUndefined();
    });

    it('gets many in the order they were asked for', async () => {
      const { commands, keys } = opened();
      const wanted = Array.from({ length: 30 }, (_, at) => keys.entry('users', 1, String(at)));
      await Promise.all(
        wanted.map(async (key, at) => (at % 3 === 0 ? undefined : commands.set(key, Buffer.from([at, 0xff]), 60_000))),
      );
      const expected = wanted.map((_, at) => (at % 3 === 0 ? undefined : Buffer.from([at, 0xff])));
      expect(await commands.getMany(wanted)).toEqual(expected);
      expect(await commands.getMany([])).toEqual([]);
    });

    it('gives a lock to one, and the entry to everybody', async () => {
      const { commands, keys } = opened();
      for (const address of [keys.lock(keys.entry('users', 1, 'b')), keys.lock(keys.entry('users', 1, '}b{'))]) {
        expect(await commands.acquire(address, 'mine', 60_000)).toEqual({ acquired: true, found: undefined });
        await commands.set(address.entry, BYTES, 60_000);
        expect(await commands.acquire(address, 'yours', 60_000)).toEqual({ acquired: false, found: BYTES });
        expect(await commands.run(renewLock, [address.lock], ['yours', 60_000])).toBe(false);
        expect(await commands.run(renewLock, [address.lock], ['mine', 60_000])).toBe(true);
        expect(await commands.run(releaseLock, [address.lock], ['yours'])).toBe(false);
        expect(await commands.run(releaseLock, [address.lock], ['mine'])).toBe(true);
        expect(await commands.acquire(address, 'yours', 60_000)).toEqual({ acquired: true, found: BYTES });
      }
    });

    it('stores many, and gives the locks of many, wherever they lie', async () => {
      const { commands, keys } = opened();
      const names = ['a', 'b', 'c', '{tenant}:a', '{tenant}:b', '}d{', '{}e'];
      const addresses = names.map((name) => keys.lock(keys.entry('users', 1, name)));
      const entries = addresses.map(({ entry }, at) => ({ key: entry, bytes: Buffer.from([at, 0xff]), ttlMs: 60_000 }));
      await commands.setMany(entries.slice(1));
      expect(await commands.getMany(entries.map(({ key }) => key))).toEqual([
        undefined,
        ...entries.slice(1).map(({ bytes }) => bytes),
      ]);
      const found = entries.map(({ bytes }, at) => (at === 0 ? undefined : bytes));
      expect(await commands.acquire(addresses[4]!, 'theirs', 60_000)).toMatchObject({ acquired: true });
      const first = await commands.acquireMany(addresses, 'mine', 60_000);
      expect(first.map((reply) => reply.acquired)).toEqual(names.map((_, at) => at !== 4));
      expect(first.map((reply) => reply.found)).toEqual(found);
      const again = await commands.acquireMany(addresses, 'yours', 60_000);
      expect(again.some(({ acquired }) => acquired)).toBe(false);
      const locks = addresses.map(({ lock }) => lock);
      expect(await commands.runForEach(renewLock, locks, ['yours', 60_000])).toBe(false);
      expect(await commands.runForEach(renewLock, locks, ['mine', 60_000])).toBe(true);
      expect(await commands.runForEach(releaseLock, locks, ['mine'])).toBe(true);
      expect(await commands.runForEach(releaseLock, locks, ['mine'])).toBe(false);
      const last = await commands.acquireMany(addresses, 'yours', 60_000);
      expect(last.map(({ acquired }) => acquired)).toEqual(names.map((_, at) => at !== 4));
    });

    it('runs scripts, reads records back and follows them', async () => {
      const { backend, commands, keys } = opened();
      const first = await append(backend, keys, 'one');
      const second = await append(backend, keys, 'two');
      expect(second.position).toBeGreaterThan(first.position);
      const synced = await commands.run(
        syncJournal,
        [keys.clock, keys.journal],
        ['fresh', '', 0, '', 0, '', 1_000, 10],
      );
      expect([synced.kind, synced.epoch, synced.head]).toEqual(['rebuild', first.epoch, second.position]);

      const older = await commands.readBack(keys.journal, idOf(second.position), 10);
      expect(older.map(({ id }) => id)).toEqual([idOf(first.position)]);
      expect(older[0]!.record.toString()).toMatch(/\|one\|tag$/);

      const newer = await backend.feed.read(keys.journal, idOf(first.position), 1_000);
      expect(newer.map(({ id, record }) => [id, record])).toEqual([[idOf(second.position), synced.items[0]!.record]]);
      expect(await backend.feed.read(keys.journal, idOf(second.position), 10)).toEqual([]);

      const coming = backend.feed.read(keys.journal, idOf(second.position), 5_000);
      const begun = performance.now();
      const third = await append(backend, keys, 'three');
      expect((await coming).map(({ id }) => id)).toEqual([idOf(third.position)]);
      expect(performance.now() - begun).toBeLessThan(100);
    });

    it('waits for a replica where there is one', async () => {
      const { commands, keys } = opened();
      const call = async (nonce: string) =>
        commands.runReplicated(appendRecord, [keys.clock, keys.journal], [nonce, 'tag', 0, 1_000, 100, 0], waitMs);
      const { result, replicas: reached } = await call('one');
      expect([result.nonce, reached]).toEqual(['one', replicas]);
      expect((await call('two')).result.position).toBeGreaterThan(result.position);
    });

    it('knows what to do when a server has forgotten its scripts', async () => {
      const { backend, commands, keys } = opened();
      await append(backend, keys, 'one');
      const servers = [redis, valkey, ...cluster.servers, ...sentinel.servers];
      await Promise.all(servers.map(async (server) => server.command('SCRIPT', 'FLUSH')));
      expect((await append(backend, keys, 'two')).nonce).toBe('two');
      await Promise.all(servers.map(async (server) => server.command('SCRIPT', 'FLUSH')));
      const again = [keys.clock, keys.journal] as const;
      const replicated = commands.runReplicated(appendRecord, again, ['three', 'tag', 0, 1_000, 100, 0], waitMs);
      expect(await replicated).toMatchObject({ result: { nonce: 'three' }, replicas });
    });

    it('tells what the server refuses without the values', async () => {
      const { backend, commands, keys } = opened();
      await append(backend, keys, 'one');
      const fault = (await commands.get(keys.clock).catch((error: unknown) => error)) as RedisFault;
      expect([fault.name, fault.kind, fault.cause]).toEqual(['RedisFault', 'refused', undefined]);
      expect(fault.message).toMatch(/^WRONGTYPE /);
      expect(inspect(fault)).not.toContain(keys.clock);
      await usable(backend);
    });
  });
});
