import { eventually } from '../../support/servers/eventually.js';
import type { RedisServer } from '../../support/servers/redis-server.js';
import type { FaultScene } from './fault-scene.js';

/** Something that happens to the servers; over when its promise is, what it leads to included. */
export interface ServerFault {
  readonly kind: string;
  readonly happen: (scene: FaultScene) => Promise<void>;
}

/** The servers of a run. */
export interface Arena {
  /** As the options of the module name them. */
  readonly redis: object;
  /** The first of them happens first in every run. */
  readonly faults: readonly ServerFault[];
  readonly servers: readonly RedisServer[];
  /** The one that holds the journal. */
  readonly master: () => Promise<RedisServer>;
  stop(): Promise<void>;
}

/** Who is whose replica, for somebody who wonders why nothing heals. */
export async function describeServers(servers: readonly RedisServer[]): Promise<string> {
  const views = servers.map(async (server) => {
    const info = String(await server.command('INFO', 'replication').catch(String));
    const lines = info.split('\r\n').filter((line) => /^(role|slave0|master_\w+|min_slaves\w*|connected_)/.test(line));
    return `${server.port}: ${lines.join(' ')}`;
  });
  return (await Promise.all(views)).join('; ');
}

export interface CommonFaults {
  readonly namespace: string;
  /** The one that holds the journal. */
  readonly master: () => Promise<RedisServer>;
  /** Longer than that, and somebody would take it for dead. */
  readonly longestFreezeMs: number;
}

/** What can happen to any server that holds the journal. */
export function commonFaults({ namespace, master, longestFreezeMs }: CommonFaults): ServerFault[] {
  const onMaster = (kind: string, act: (server: RedisServer, scene: FaultScene) => Promise<unknown>): ServerFault => ({
    kind,
    happen: async (scene) => void (await act(await master(), scene)),
  });
  const freeze = (kind: string, from: number, to: number): ServerFault =>
    onMaster(kind, async (server, scene) =>
      scene.whileAway(async () => {
        await server.freeze();
        await scene.pause(from, Math.min(to, longestFreezeMs));
        server.thaw();
      }),
    );
  const clientPause = (mode: 'ALL' | 'WRITE', longestMs: number): ServerFault =>
    onMaster(`CLIENT PAUSE ${mode}`, async (server, scene) => {
      const forMs = Math.round(scene.between(50, longestMs));
      await server.command('CLIENT', 'PAUSE', forMs, mode);
      await scene.pause(forMs + 20, forMs + 20);
    });
  return [
    freeze('freeze, briefly', 30, 300),
    freeze('freeze', 400, 2_200),
    onMaster('CLIENT KILL normal', async (server) => server.command('CLIENT', 'KILL', 'TYPE', 'normal')),
    onMaster('CLIENT KILL blocked', killBlocked),
    clientPause('ALL', longestFreezeMs),
    clientPause('WRITE', 1_500),
    onMaster('FLUSHALL', async (server) => write(server, 'FLUSHALL')),
    onMaster('DEL journal', async (server) => write(server, 'DEL', `{${namespace}}:journal`)),
    onMaster('DEL clock', async (server) => write(server, 'DEL', `{${namespace}}:clock`)),
  ];
}

/** As soon as the server takes writes: after another fault its replica may be late for a while. */
const write = async (server: RedisServer, ...command: string[]): Promise<true> =>
  eventually(`${command[0]} isn’t refused`, async () => {
    await server.command(...command);
    return true;
  });

/** The connections that wait for records, and no others. */
async function killBlocked(server: RedisServer): Promise<void> {
  const clients = String(await server.command('CLIENT', 'LIST'))
    .trim()
    .split('\n');
  for (const client of clients) {
    const [, id, flags] = /^id=(\d+) .* flags=(\w+) /.exec(client) ?? [];
    if (flags?.includes('b') === true) await server.command('CLIENT', 'KILL', 'ID', id!);
  }
}
