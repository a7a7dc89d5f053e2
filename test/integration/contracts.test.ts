import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import { systemRuntime } from '../../lib/cache.runtime.js';
import { RedisLoadLock } from '../../lib/coalescing/redis.load-lock.js';
import { RedisJournal } from '../../lib/journal/redis.journal.js';
import { GuardedCommands } from '../../lib/redis/guarded-commands.js';
import { openRedis } from '../../lib/redis/redis-connection.js';
import { RedisKeys } from '../../lib/redis/redis-keys.js';
import { RedisTier } from '../../lib/tiers/redis.tier.js';
import { journalContract } from '../contract/journal.contract.js';
import { loadLockContract } from '../contract/load-lock.contract.js';
import { sharedTierContract } from '../contract/shared-tier.contract.js';
import { newNamespace } from '../support/machines.js';
import { DRIVERS, resolved, urlOf } from '../support/redis-backends.js';
import { eventually } from '../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

let redis: RedisServer;
let valkey: RedisServer;

beforeAll(async () => {
  [redis, valkey] = await Promise.all([startRedis(), startRedis({ flavour: 'valkey' })]);
});
afterAll(async () => {
  await Promise.all([redis, valkey].map(async (server) => server?.stop()));
});

/** Everything of one process that a part in Redis is made of. */
async function open(server: RedisServer, namespace = newNamespace()) {
  const silent = { log: () => undefined, warn: () => undefined };
  const backend = openRedis(resolved(urlOf(server.port)), silent, DRIVERS[0]!.module);
  const guard = { deadlineMs: 2_000, breakerFailures: 5, probeEveryMs: 1_000 };
  const commands = new GuardedCommands(backend.commands, systemRuntime, guard, () => undefined);
  const keys = new RedisKeys(namespace, backend.keyPrefix);
  await eventually('the connections are usable', async () => {
    await backend.commands.get('any');
    await backend.feed.read('any', '0-0', 1);
    return true;
  });
  return { backend, commands, keys, namespace };
}

async function openJournal(server: RedisServer, namespace?: string) {
  const { backend, commands, keys, namespace: shared } = await open(server, namespace);
  const journal = new RedisJournal(
    { commands, feed: backend.feed, keys, runtime: systemRuntime, report: () => undefined },
    { maxStalenessMs: 1_000, boundMs: 1_000, maxRecords: 1_000, maxAgeMs: 0, replicationWaitMs: 0, pageSize: 100 },
  );
  journal.start();
  await eventually('the journal is confirmed', async () => journal.confirm());
  return { journal, namespace: shared, close: async () => backend.close() };
}

for (const [flavour, serverOf] of [
  ['redis', () => redis],
  ['valkey', () => valkey],
] as const) {
  journalContract(
    `in ${flavour}`,
    async () => {
      const one = await openJournal(serverOf());
      const other = await openJournal(serverOf(), one.namespace);
      return {
        journal: one.journal,
        another: other.journal,
        dispose: async () => {
          await Promise.all([one.close(), other.close()]);
        },
      };
    },
    { isShared: true },
  );

  sharedTierContract(`in ${flavour}`, async () => {
    const { backend, commands, keys } = await open(serverOf());
    const tier = new RedisTier(commands, keys, (_cache, _command, error) => {
      throw error;
    });
    return { tier, elapse: async (ms) => pause(ms), dispose: async () => backend.close() };
  });

  loadLockContract(
    `in ${flavour}`,
    async () => {
      const { backend, commands, keys } = await open(serverOf());
      const tier = new RedisTier(commands, keys, () => undefined);
      return {
        lock: new RedisLoadLock(commands, keys, systemRuntime, 3_000),
        exclusive: true,
        store: async (address, bytes) => tier.set(address, bytes, 60_000),
        dispose: async () => backend.close(),
      };
    },
    { looksUp: true },
  );
}
