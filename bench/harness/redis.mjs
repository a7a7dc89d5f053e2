import { setTimeout as pause } from 'node:timers/promises';

/** Where the server of this run listens; the same client options for everybody. */
export const redisAddress = () => ({ host: '127.0.0.1', port: Number(process.env.BENCH_REDIS_PORT) });
export const redisUrl = ({ host, port } = redisAddress()) => `redis://${host}:${port}`;

/** ioredis as this repository has it: for the reference, for ours and for the other caches one and the same. */
export async function openClient(address = redisAddress()) {
  const { Redis } = await import('ioredis');
  const client = new Redis(address);
  client.on('error', () => {});
  return client;
}

/** What ours sets on the connections it opens: a dead server is noticed, and no command waits for better times. */
const OUR_SETTINGS = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  keepAlive: 10_000,
  socketTimeout: 5_000,
};

/** The bare client with the options that ours uses. */
export async function openClientLikeOurs(address = redisAddress()) {
  const { Redis } = await import('ioredis');
  const client = new Redis({ ...address, ...OUR_SETTINGS });
  client.on('error', () => {});
  await new Promise((resolve) => client.once('ready', resolve));
  return client;
}

/** A client to an empty server. */
export async function emptied() {
  const client = await openClient();
  await client.flushall();
  return client;
}

/** Of connections and of the counting itself; waiting for records isn't part of any call. */
const NOT_COUNTED = new Set([
  'xread',
  'info',
  'config|resetstat',
  'client|setinfo',
  'hello',
  'monitor',
  'ping',
  'echo',
]);

/** How often each command was called, those inside of scripts included (INFO commandstats). */
export async function commandCounts(client, act) {
  await client.config('RESETSTAT');
  await act();
  const lines = (await client.info('commandstats')).split('\r\n');
  const counts = lines.flatMap((line) => {
    const [, command, calls] = /^cmdstat_(.+?):calls=(\d+),/.exec(line) ?? [];
    return command === undefined || NOT_COUNTED.has(command) ? [] : [[command, Number(calls)]];
  });
  return Object.fromEntries(counts);
}

export const total = (counts) => Object.values(counts).reduce((sum, calls) => sum + calls, 0);

/** The commands that clients sent, without those that scripts called (MONITOR); what they leave for later included. */
export async function sentCommands(client, act) {
  const monitor = await client.monitor();
  const counts = {};
  monitor.on('monitor', (_time, [command], source) => {
    const name = command.toLowerCase();
    if (source !== 'lua' && !NOT_COUNTED.has(name)) counts[name] = (counts[name] ?? 0) + 1;
  });
  await act();
  await pause(50);
  // what was sent before this has been reported when this is
  await new Promise((resolve) => {
    monitor.on('monitor', (_time, [command]) => command === 'echo' && resolve());
    void client.echo('seen');
  });
  monitor.disconnect();
  return counts;
}
