import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { printFigures } from '../support/figures.js';
import { newNamespace, startMachine, type Machine } from '../support/machines.js';
import { seededRandom } from '../support/seeded-random.js';
import { eventually } from '../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';
import { TcpProxy } from '../support/servers/tcp-proxy.js';

const READERS = 20;
const CUTS_EACH = 5;
const MAX_STALENESS_MS = 300;
const OLD = 'old';
const NEW = 'new';

let server: RedisServer;
const random = seededRandom(11);
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server?.stop());

/** A machine whose connections can be cut, and ways to do it. */
interface Reader {
  readonly machine: Machine;
  readonly cuts: readonly (() => Promise<void> | void)[];
}

async function startReader(namespace: string, name: string): Promise<Reader> {
  const proxy = await TcpProxy.start(server.port);
  onTestFinished(() => proxy.stop());
  const redis = { url: proxy.url, options: { connectionName: name } };
  const machine = await startMachine(server, { namespace, maxStaleness: MAX_STALENESS_MS, redis });
  return {
    machine,
    cuts: [
      async () => killBlocked(name),
      () => proxy.cut('feed'),
      () => proxy.cut(),
      () => proxy.silence('feed'),
      () => proxy.silence(),
    ],
  };
}

/** CLIENT KILL of the connection that waits for records. */
async function killBlocked(name: string): Promise<void> {
  const clients = String(await server.command('CLIENT', 'LIST')).split('\n');
  const blocked = clients.find((client) => client.includes(` name=${name} `) && client.includes(' cmd=xread'));
  const id = /^id=(\d+)/.exec(blocked ?? '')?.[1];
  if (id !== undefined) await server.command('CLIENT', 'KILL', 'ID', id);
}

/** How long after the acknowledgement a read began that was given the old row, and what was wrong with it. */
interface Seen {
  latestOldMs: number;
  readonly wrong: string[];
  cuts: number;
}

/** The row changes and is invalidated, and about that moment a reader who has it in memory is cut off. */
async function cutDuring(writer: Machine, { machine, cuts }: Reader, round: number, key: string): Promise<Seen> {
  const seen: Seen = { latestOldMs: Number.NEGATIVE_INFINITY, wrong: [], cuts: 1 };
  await machine.following();
  let row = OLD;
  let acknowledgedAt = Number.POSITIVE_INFINITY;
  let position = Number.POSITIVE_INFINITY;
  const read = async (): Promise<string> => machine.cache.getOrLoad('users', key, () => row);
  if ((await read()) !== OLD) throw new Error('the old row has to be in memory');

  const cutting = pause(random() * 4).then(cuts[round % cuts.length]);
  await pause(random() * 4);
  row = NEW;
  const invalidating = writer.cache.evict('users', key).then((receipt) => {
    acknowledgedAt = performance.now();
    if (receipt.status === 'applied') position = receipt.position;
  });
  do {
    const begun = performance.now();
    const knows = machine.replica.applied >= position;
    if ((await read()) === OLD) {
      seen.latestOldMs = Math.max(seen.latestOldMs, begun - acknowledgedAt);
      if (knows) seen.wrong.push(`${key}: old although the record is known`);
      if (begun - acknowledgedAt > MAX_STALENESS_MS) seen.wrong.push(`${key}: old ${begun - acknowledgedAt} ms later`);
    }
    await pause(2);
  } while (performance.now() < acknowledgedAt + MAX_STALENESS_MS + 50);
  await Promise.all([cutting, invalidating]);
  await eventually('it has synchronised', () => machine.journal().trusted && machine.replica.applied >= position);
  if ((await read()) !== NEW) seen.wrong.push(`${key}: old after the synchronisation`);
  return seen;
}

describe('a machine whose connections break while something is invalidated elsewhere', () => {
  it('gives out nothing old beyond maxStaleness, and nothing at all once it has synchronised', async () => {
    const namespace = newNamespace();
    const writer = await startMachine(server, { namespace, maxStaleness: MAX_STALENESS_MS });
    const all = await Promise.all(
      Array.from({ length: READERS }, async (_, index) => {
        const reader = await startReader(namespace, `reader-${index}`);
        const seen: Seen[] = [];
        for (let round = 0; round < CUTS_EACH; round++) {
          seen.push(await cutDuring(writer, reader, round, `${index}-${round}`));
        }
        return { seen, shared: reader.machine.journal().shared! };
      }),
    );
    const seen = all.flatMap((each) => each.seen);
    printFigures(`an invalidation during a cut, maxStaleness ${MAX_STALENESS_MS} ms`, {
      cuts: seen.length,
      'latest old value ms': Math.max(...seen.map(({ latestOldMs }) => latestOldMs)),
      'cuts with an old value': seen.filter(({ latestOldMs }) => latestOldMs > 0).length,
    });

    expect(seen.flatMap(({ wrong }) => wrong)).toEqual([]);
    expect(seen).toHaveLength(100);
    // some cuts came before the record did: else nothing was cut
    expect(seen.some(({ latestOldMs }) => latestOldMs > 10)).toBe(true);
  });
});
