import { infoField, policyWarning, versionWarning } from '../../redis/server-check.js';
import type { CliServer } from '../cli-server.js';
import { bytesText, plural } from '../format.js';
import { fail, ifAllowed, ok, unknown, warn, type Check } from './check.js';

const FULL = 0.9;

/** What the server says of itself and of its settings. @param queues caches that are written behind */
export async function checkSettings(server: CliServer, queues: readonly string[]): Promise<Check[]> {
  const node = await server.journalNode();
  const info = await ifAllowed(async () => String(await server.ask(node, 'INFO')));
  if (info === undefined)
    return [unknown('settings', "this user may not call INFO: the server's settings weren't looked at")];
  const replicas = Number(infoField(info, 'connected_slaves') ?? 0);
  const setting = await ifAllowed(async () => server.ask(node, 'CONFIG', 'GET', 'min-replicas-to-write'));
  return [
    version(info),
    role(info),
    policy(info),
    memory(info),
    minReplicas(replicas, (setting as Buffer[] | undefined)?.[1]),
    persistence(info, queues),
  ];
}

function version(info: string): Check {
  const warning = versionWarning(info);
  const valkey = infoField(info, 'valkey_version');
  const found = valkey === undefined ? `Redis ${infoField(info, 'redis_version')}` : `Valkey ${valkey}`;
  return warning === undefined ? ok('version', found) : fail('version', warning, 'update the server');
}

function role(info: string): Check {
  if (infoField(info, 'role') !== 'slave') return ok('role', 'a master');
  const master = `${infoField(info, 'master_host')}:${infoField(info, 'master_port')}`;
  return fail('role', 'a replica, which takes no writes', `connect to its master, ${master}`);
}

function policy(info: string): Check {
  const name = 'maxmemory-policy';
  const chosen = infoField(info, 'maxmemory_policy') ?? '';
  const isBounded = Number(infoField(info, 'maxmemory') ?? 0) > 0;
  if (policyWarning(info) !== undefined)
    return warn(
      name,
      `${chosen} may drop the journal: then every entry is a miss at once`,
      'CONFIG SET maxmemory-policy volatile-lru',
    );
  if (chosen === 'noeviction' && isBounded)
    return warn(name, 'noeviction: a full server takes no entries', 'CONFIG SET maxmemory-policy volatile-lru');
  return ok(name, chosen);
}

function memory(info: string): Check {
  const [used, most] = ['used_memory', 'maxmemory'].map((name) => Number(infoField(info, name) ?? 0)) as [
    number,
    number,
  ];
  const found = `${bytesText(used)} used of ${most === 0 ? 'no limit' : bytesText(most)}`;
  if (most === 0 || used < most * FULL) return ok('memory', found);
  return warn(
    'memory',
    `${found}: entries are dropped before they expire`,
    'raise maxmemory, or shorten ttl and grace',
  );
}

function minReplicas(replicas: number, setting: Buffer | undefined): Check {
  const name = 'min-replicas-to-write';
  if (replicas === 0) return ok(name, 'there are no replicas');
  if (setting === undefined)
    return unknown(name, `this user may not call CONFIG GET, and there are ${plural(replicas, 'replica')}`);
  const least = Number(String(setting));
  if (least > 0) return ok(name, `${least}, of ${plural(replicas, 'replica')}`);
  const risk = 'a master that is cut off goes on acknowledging invalidations that are lost when a replica takes over';
  return warn(name, `0, with ${plural(replicas, 'replica')}: ${risk}`, 'CONFIG SET min-replicas-to-write 1');
}

function persistence(info: string, queues: readonly string[]): Check {
  const name = 'appendonly';
  if (infoField(info, 'aof_enabled') === '1') return ok(name, 'yes');
  const change = 'CONFIG SET appendonly yes';
  if (queues.length > 0)
    return fail(
      name,
      `no: writes of ${queues.join(', ')} that wait for their sink are lost when the server restarts`,
      change,
    );
  return warn(name, 'no: when the server restarts the journal begins anew, and every entry is a miss', change);
}

/** Whether it is a cluster where it is to be one, and every slot of it is served. */
export async function checkCluster(server: CliServer): Promise<Check[]> {
  if (!server.isCluster) {
    const info = String(await server.call('INFO', 'cluster'));
    if (infoField(info, 'cluster_enabled') !== '1') return [];
    return [fail('cluster', 'a node of a cluster, and connected to as if it were alone', 'say --cluster host:port')];
  }
  const reply = String(await server.call('CLUSTER', 'INFO'));
  const state = infoField(reply, 'cluster_state');
  const served = Number(infoField(reply, 'cluster_slots_ok') ?? 0);
  const found = `${served} of 16384 slots are served by ${plural(server.masters().length, 'master')}`;
  if (state === 'ok' && served === 16_384) return [ok('cluster', found)];
  return [fail('cluster', `${found}, and its state is ${state}`, 'look at CLUSTER NODES for the ones that failed')];
}
