import { eventually } from './eventually.js';
import type { ServerFlavour } from './install.js';
import { freePorts } from './ports.js';
import { startRedis, type RedisServer } from './redis-server.js';
import type { Reply } from './resp.js';

const MASTERS = 3;
const SLOTS = 16_384;

interface ClusterNode {
  readonly server: RedisServer;
  readonly id: string;
}

/** Who gives a slot, and who takes it. */
interface SlotEnds {
  readonly from: RedisServer;
  readonly to: RedisServer;
}

/** Three masters, each with a replica. */
export class RedisCluster {
  private constructor(private readonly members: readonly ClusterNode[]) {}

  static async start({ flavour = 'redis' }: { readonly flavour?: ServerFlavour } = {}): Promise<RedisCluster> {
    const ports = await freePorts(MASTERS * 4);
    const buses = ports.splice(MASTERS * 2);
    const started = await Promise.allSettled(
      ports.map(async (port, index) => startRedis({ flavour, port, args: clusterArguments(buses[index]!) })),
    );
    const servers = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    try {
      for (const each of started) if (each.status === 'rejected') throw each.reason;
      const ids = await Promise.all(servers.map(async (server) => String(await server.command('CLUSTER', 'MYID'))));
      const cluster = new RedisCluster(servers.map((server, index) => ({ server, id: ids[index]! })));
      await cluster.form(buses);
      return cluster;
    } catch (error) {
      await Promise.all(servers.map(async (server) => server.stop()));
      throw error;
    }
  }

  get nodes(): { host: string; port: number }[] {
    return this.members.map(({ server }) => ({ host: '127.0.0.1', port: server.port }));
  }

  get servers(): readonly RedisServer[] {
    return this.members.map(({ server }) => server);
  }

  /** The master that serves the slot of a key, as every running node sees it; `undefined` while they differ. */
  async ownerOf(key: string): Promise<RedisServer | undefined> {
    const slot = await this.slotOf(key);
    const views = await Promise.all(this.running.map(async ({ server }) => masterOf(slot, server)));
    const [port] = views;
    if (port === undefined || views.some((view) => view !== port)) return undefined;
    return this.running.find(({ server }) => server.port === port)?.server;
  }

  /** Takes the slot of a key with all that is in it to another master; `during` runs while the slot is between both. */
  async moveSlot(key: string, during: (ends: SlotEnds) => Promise<void> = async () => {}): Promise<void> {
    const slot = await this.slotOf(key);
    const from = this.member(await this.agreedOwnerOf(key));
    const owners = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(async (other) => this.agreedOwnerOf(other)));
    const to = this.member(owners.find((owner) => owner !== from.server)!);
    await to.server.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
    await from.server.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
    await during({ from: from.server, to: to.server });
    for (;;) {
      const keys = (await from.server.command('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
      if (keys.length === 0) break;
      await from.server.command('MIGRATE', '127.0.0.1', to.server.port, '', 0, 1_000, 'KEYS', ...keys);
    }
    for (const { server } of [to, from]) await server.command('CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
    await eventually('every node knows the new owner', async () => (await this.ownerOf(key)) === to.server);
  }

  /** A replica of that master which runs and follows it. */
  async replicaOf(master: RedisServer): Promise<RedisServer> {
    const masterId = this.member(master).id;
    const nodes = String(await master.command('CLUSTER', 'NODES')).split('\n');
    const replica = nodes.find((node) => node.split(' ')[3] === masterId && !node.includes('fail'));
    const id = replica?.split(' ', 1)[0];
    const found = this.members.find((member) => member.id === id);
    if (found === undefined) throw new Error(`nobody replicates the master on port ${master.port}`);
    return found.server;
  }

  /** Kills the master that serves the slot of a key. */
  async killOwnerOf(key: string): Promise<RedisServer> {
    const owner = await this.agreedOwnerOf(key);
    await owner.kill();
    return owner;
  }

  /** Waits until a replica has taken over from a master that was killed or frozen. */
  async successorOf(former: RedisServer, key: string): Promise<RedisServer> {
    return eventually('a new master serves the slot', async () => {
      const slot = await this.slotOf(key, former);
      for (const { server } of this.running) {
        if (server === former) continue;
        const port = await masterOf(slot, server);
        if (port !== undefined && port !== former.port) return this.servers.find((one) => one.port === port);
      }
      return undefined;
    });
  }

  /** Starts what was killed, and waits until every slot is served and every replica follows. */
  async heal(): Promise<void> {
    for (const { server } of this.members) if (!server.isRunning) await server.restart();
    await this.whole();
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map(async (server) => server.stop()));
  }

  private get running(): readonly ClusterNode[] {
    return this.members.filter(({ server }) => server.isRunning);
  }

  private async form(buses: readonly number[]): Promise<void> {
    const [first, ...others] = this.members;
    const share = Math.ceil(SLOTS / MASTERS);
    await Promise.all(
      this.members.map(async ({ server }, index) => {
        await server.command('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
        if (index >= MASTERS) return;
        await server.command('CLUSTER', 'ADDSLOTSRANGE', index * share, Math.min(SLOTS, (index + 1) * share) - 1);
      }),
    );
    for (const [index, { server }] of others.entries()) {
      await first!.server.command('CLUSTER', 'MEET', '127.0.0.1', server.port, buses[index + 1]!);
    }
    await Promise.all(
      this.members.slice(MASTERS).map(async ({ server }, index) =>
        eventually('a replica knows its master', async () => {
          await server.command('CLUSTER', 'REPLICATE', this.members[index]!.id);
          return true;
        }),
      ),
    );
    await this.whole();
  }

  private async whole(): Promise<void> {
    await eventually('every node of the cluster is fine', async () => {
      const states = await Promise.all(
        this.members.map(async ({ server }) => {
          const info = String(await server.command('CLUSTER', 'INFO'));
          const replication = String(await server.command('INFO', 'replication'));
          const nodes = String(await server.command('CLUSTER', 'NODES'));
          return (
            info.includes('cluster_state:ok') &&
            info.includes(`cluster_known_nodes:${MASTERS * 2}`) &&
            (replication.includes('role:master') || replication.includes('master_link_status:up')) &&
            nodes.match(/^.* (?:myself,)?master .*$/gm)?.length === MASTERS &&
            !nodes.includes('fail')
          );
        }),
      );
      return states.every(Boolean);
    });
  }

  private async slotOf(key: string, except?: RedisServer): Promise<number> {
    const { server } = this.running.find(({ server }) => server !== except)!;
    return Number(await server.command('CLUSTER', 'KEYSLOT', key));
  }

  private async agreedOwnerOf(key: string): Promise<RedisServer> {
    return eventually('the nodes agree on an owner', async () => this.ownerOf(key));
  }

  private member(server: RedisServer): ClusterNode {
    return this.members.find((member) => member.server === server)!;
  }
}

/** Starts a cluster; it serves every slot when this resolves. */
export const startCluster = async (options: { readonly flavour?: ServerFlavour } = {}): Promise<RedisCluster> =>
  RedisCluster.start(options);

function clusterArguments(bus: number): string[] {
  const settings = {
    'cluster-enabled': 'yes',
    'cluster-port': String(bus),
    'cluster-node-timeout': '1000',
    'cluster-require-full-coverage': 'no',
    'repl-diskless-sync-delay': '0',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

/** The port of the master that serves a slot, as one node sees it. */
async function masterOf(slot: number, server: RedisServer): Promise<number | undefined> {
  const ranges = (await server.command('CLUSTER', 'SLOTS')) as [number, number, ...Reply[][]][];
  const range = ranges.find(([from, to]) => from <= slot && slot <= to);
  return range === undefined ? undefined : Number(range[2]![1]);
}
