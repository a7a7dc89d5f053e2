import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { requireServer, type ServerFlavour } from './install.js';
import { freePorts } from './ports.js';
import { startRedis, type RedisServer } from './redis-server.js';
import { fieldsOf, redisCommand } from './resp.js';
import { ServerProcess } from './server-process.js';

const SENTINELS = 3;

/** A master, its replica, and three sentinels that watch them. */
export class RedisSentinel {
  readonly name = 'main';

  private constructor(
    readonly servers: readonly RedisServer[],
    private readonly ports: readonly number[],
    private readonly watchers: readonly ServerProcess[],
  ) {}

  static async start({ flavour = 'redis' }: { readonly flavour?: ServerFlavour } = {}): Promise<RedisSentinel> {
    const servers: RedisServer[] = [];
    const watchers: ServerProcess[] = [];
    const ports = await freePorts(SENTINELS);
    const sentinel = new RedisSentinel(servers, ports, watchers);
    try {
      const fast = ['--repl-diskless-sync-delay', '0'];
      servers.push(await startRedis({ flavour, args: fast }));
      const follow = ['--replicaof', '127.0.0.1', String(servers[0]!.port)];
      servers.push(await startRedis({ flavour, args: [...fast, ...follow] }));
      await sentinel.replicaFollows();
      const program = await requireServer(flavour);
      for (const port of ports) watchers.push(await watch(program, port, servers[0]!.port, sentinel.name));
      await sentinel.whole();
      return sentinel;
    } catch (error) {
      await sentinel.stop();
      throw error;
    }
  }

  get sentinels(): { host: string; port: number }[] {
    return this.ports.map((port) => ({ host: '127.0.0.1', port }));
  }

  /** The master as the sentinels name it; `undefined` while they differ. */
  async master(): Promise<RedisServer | undefined> {
    const named = await Promise.all(
      this.ports.map(async (port) => redisCommand(port, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.name)),
    );
    const [port, ...others] = named.map((address) => Number((address as string[])[1]));
    return others.every((other) => other === port) ? this.servers.find((server) => server.port === port) : undefined;
  }

  async killMaster(): Promise<RedisServer> {
    const master = await eventually('the sentinels agree on a master', async () => this.master());
    await master.kill();
    return master;
  }

  /** Waits until the sentinels have made another server the master. */
  async successorOf(former: RedisServer): Promise<RedisServer> {
    return eventually('the sentinels name a new master', async () => {
      const master = await this.master();
      if (master === undefined || master === former) return undefined;
      return String(await master.command('INFO', 'replication')).includes('role:master') ? master : undefined;
    });
  }

  /** Starts what was killed as a replica of the master, and waits until the sentinels know it as one. */
  async heal(): Promise<void> {
    const master = await eventually('the sentinels agree on a master', async () => this.master());
    for (const server of this.servers) {
      if (server.isRunning) continue;
      await server.restart();
      await server.command('REPLICAOF', '127.0.0.1', master.port);
    }
    await this.replicaFollows();
    await this.whole();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.watchers, ...this.servers].map(async (each) => each.stop()));
  }

  private async replicaFollows(): Promise<void> {
    await eventually('the replica follows its master', async () => {
      const views = await Promise.all(this.servers.map(async (server) => server.command('INFO', 'replication')));
      return views.some((view) => String(view).includes('master_link_status:up'));
    });
  }

  private async whole(): Promise<void> {
    await eventually('every sentinel knows the others and the replica', async () => {
      const views = await Promise.all(
        this.ports.map(async (port) => fieldsOf(await redisCommand(port, 'SENTINEL', 'MASTER', this.name))),
      );
      return views.every(
        (view) =>
          view['flags'] === 'master' &&
          view['num-slaves'] === '1' &&
          view['num-other-sentinels'] === `${SENTINELS - 1}`,
      );
    });
  }
}

/** Starts the five servers; the sentinels know each other when this resolves. */
export const startSentinel = async (options: { readonly flavour?: ServerFlavour } = {}): Promise<RedisSentinel> =>
  RedisSentinel.start(options);

async function watch(program: string, port: number, master: number, name: string): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'sentinel-'));
  const file = join(folder, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor ${name} 127.0.0.1 ${master} 2`,
    `sentinel down-after-milliseconds ${name} 1000`,
    `sentinel failover-timeout ${name} 3000`,
    `sentinel parallel-syncs ${name} 1`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const isUp = async () => (await redisCommand(port, 'PING')) === 'PONG';
  return ServerProcess.start({ program, args: [file, '--sentinel'], folder, isUp });
}
