import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/servers/eventually.js';
import { startCluster } from '../../support/servers/redis-cluster.js';
import { startSentinel } from '../../support/servers/redis-sentinel.js';
import { startRedis, type RedisServer } from '../../support/servers/redis-server.js';
import type { ServerFlavour } from '../../support/servers/install.js';
import type { ChaosRun } from './chaos-run.js';
import { commonFaults, type Arena, type ServerFault } from './server-faults.js';

export const startArena = async ({ topology, flavour }: ChaosRun, namespace: string): Promise<Arena> =>
  ({ standalone, sentinel, cluster })[topology](flavour, namespace);

/** One server, which keeps everything on disk unless it is made to forget. */
async function standalone(flavour: ServerFlavour, namespace: string): Promise<Arena> {
  const server = await startRedis({ flavour, args: ['--appendonly', 'yes', '--appendfsync', 'no'] });
  const [, folder] = (await server.command('CONFIG', 'GET', 'dir')) as string[];
  const restart = (kind: string, forgets: boolean): ServerFault => ({
    kind,
    happen: async (scene) =>
      scene.whileAway(async () => {
        await server.kill();
        if (forgets) rmSync(join(folder!, 'appendonlydir'), { recursive: true, force: true });
        await scene.pause(0, 1_500);
        await server.restart();
      }),
  });
  return {
    redis: { url: server.url },
    faults: [
      restart('kill -9 of the server, empty', true),
      restart('kill -9 of the server', false),
      ...commonFaults({ namespace, master: async () => Promise.resolve(server), longestFreezeMs: 2_200 }),
    ],
    servers: [server],
    master: async () => Promise.resolve(server),
    stop: async () => server.stop(),
  };
}

/** A master and a replica, watched by sentinels. */
async function sentinel(flavour: ServerFlavour, namespace: string): Promise<Arena> {
  const sentinel = await startSentinel({ flavour });
  const needReplicas = async (count: number, servers = sentinel.servers): Promise<void> => {
    for (const server of servers) {
      await server.command('CONFIG', 'SET', 'min-replicas-max-lag', 1);
      await server.command('CONFIG', 'SET', 'min-replicas-to-write', count);
    }
  };
  await needReplicas(1);
  const master = async () => eventually('the sentinels agree on a master', async () => sentinel.master());
  const replicaOf = (former: RedisServer) => sentinel.servers.find((server) => server !== former)!;
  const failover = (kind: string, loses: boolean): ServerFault => ({
    kind,
    happen: async (scene) =>
      scene.losing(async (lost) => {
        const former = await master();
        const replica = replicaOf(former);
        if (loses) {
          await needReplicas(0);
          await replica.freeze();
          await former.command('CLIENT', 'KILL', 'TYPE', 'replica');
          await scene.pause(100, 500);
        }
        await scene.whileAway(async () => {
          await former.kill();
          lost(loses ? 1_500 : 50);
          if (loses) replica.thaw();
          await sentinel.successorOf(former);
        });
        await scene.pause(0, 500);
        await sentinel.heal();
        await needReplicas(1);
      }),
  });
  return {
    redis: { sentinels: sentinel.sentinels, name: sentinel.name },
    faults: [
      failover('failover', false),
      failover('failover, lossy', true),
      {
        kind: 'freeze of the replica',
        happen: async (scene) => {
          const replica = replicaOf(await master());
          await replica.freeze();
          await scene.pause(500, 3_000);
          replica.thaw();
        },
      },
      ...commonFaults({ namespace, master, longestFreezeMs: 600 }),
    ],
    servers: sentinel.servers,
    master,
    stop: async () => sentinel.stop(),
  };
}

/** Three masters, each with a replica. */
async function cluster(flavour: ServerFlavour, namespace: string): Promise<Arena> {
  const cluster = await startCluster({ flavour });
  const journal = `{${namespace}}:journal`;
  const owner = async () => eventually('the nodes agree on an owner', async () => cluster.ownerOf(journal));
  return {
    redis: { cluster: cluster.nodes },
    faults: [
      {
        kind: 'failover',
        happen: async (scene) =>
          scene.losing(async (lost) => {
            let former: RedisServer;
            await scene.whileAway(async () => {
              former = await cluster.killOwnerOf(journal);
              lost(50);
              await cluster.successorOf(former, journal);
            });
            await scene.pause(0, 500);
            await cluster.heal();
          }),
      },
      {
        kind: 'failover by agreement',
        happen: async () => {
          const former = await owner();
          const replica = await cluster.replicaOf(former);
          await replica.command('CLUSTER', 'FAILOVER');
          await cluster.successorOf(former, journal);
          await cluster.heal();
        },
      },
      {
        kind: 'slot of the journal moves',
        happen: async (scene) => cluster.moveSlot(journal, () => scene.pause(0, 400)),
      },
      {
        kind: 'FLUSHALL of every master',
        happen: async () => {
          for (const server of cluster.servers) await server.command('FLUSHALL').catch(() => 'a replica refuses');
        },
      },
      ...commonFaults({ namespace, master: owner, longestFreezeMs: 500 }),
    ],
    servers: cluster.servers,
    master: owner,
    stop: async () => cluster.stop(),
  };
}
