import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { appendRecord } from '../../lib/redis/scripts.js';
import { connect, DRIVERS, own, usable, type Opened } from '../support/redis-backends.js';
import { eventually } from '../support/servers/eventually.js';
import { startCluster } from '../support/servers/redis-cluster.js';
import { startSentinel } from '../support/servers/redis-sentinel.js';
import type { RedisServer } from '../support/servers/redis-server.js';

const PAUSE_MS = 3_000;
const KEYS = ['{ns}:clock', '{ns}:journal'] as const;

const append = async ({ commands }: Opened, nonce: string) =>
  commands.run(appendRecord, KEYS, [nonce, 'tag', 0, 1_000, 100, 0]);
const replicated = async ({ commands }: Opened) =>
  commands.runReplicated(appendRecord, KEYS, ['r', 'tag', 0, 1_000, 100, 0], 200);

const idOf = (position: number): string => `${Math.floor(position / 1_024)}-${position % 1_024}`;

/** Everything works again, the feed and the connection that waits for replicas as well. */
async function worksAgain(backend: Opened): Promise<void> {
  await usable(backend);
  const first = await eventually('a write succeeds', async () => append(backend, 'before'));
  const next = await eventually('a replicated write succeeds', async () => replicated(backend));
  expect(next.result.position).toBeGreaterThan(first.position);
  const items = await eventually('the feed reads', async () => backend.feed.read(KEYS[1], idOf(first.position), 500));
  expect(items.map(({ id }) => id)).toContain(idOf(next.result.position));
}

describe('a failover', () => {
  it('of sentinels is survived by every client', async () => {
    const sentinel = await startSentinel();
    onTestFinished(async () => sentinel.stop());
    const target = { kind: 'sentinel', sentinels: sentinel.sentinels, name: sentinel.name } as const;
    const backends = await Promise.all(
      DRIVERS.flatMap((driver) => [
        connect(driver, target),
        connect(driver, { kind: 'client', client: own(driver.sentinel(sentinel.sentinels, sentinel.name)) }),
      ]),
    );
    await Promise.all(backends.map(replicated));
    const former = await sentinel.killMaster();
    await sentinel.successorOf(former);
    await Promise.all(backends.map(worksAgain));
    expect(backends.map(({ lines }) => lines.map((line) => line.split(' ', 1)[0]))).toEqual(
      backends.map(() => ['log', 'warn', 'log']),
    );
  });

  it('of a cluster is survived by every client, and so is a slot that moves', async () => {
    const cluster = await startCluster();
    onTestFinished(async () => cluster.stop());
    const backends = await Promise.all(
      DRIVERS.flatMap((driver) => [
        connect(driver, { kind: 'cluster', nodes: cluster.nodes }),
        connect(driver, { kind: 'client', client: own(driver.cluster(cluster.nodes)) }),
      ]),
    );
    expect((await Promise.all(backends.map(replicated))).map(({ replicas }) => replicas)).toEqual([1, 1, 1, 1]);

    await cluster.moveSlot(KEYS[0]);
    // without an error in between, and still to the replica of the slot's new master
    for (const backend of backends) {
      await append(backend, 'moved');
      expect(await replicated(backend)).toMatchObject({ replicas: 1 });
    }

    const former = await cluster.killOwnerOf(KEYS[0]);
    const begun = performance.now();
    await Promise.all(
      [backends[0]!, backends[2]!].map(async (backend) =>
        expect(backend.commands.get(KEYS[0])).rejects.toMatchObject({ kind: 'unreachable' }),
      ),
    );
    expect(performance.now() - begun).toBeLessThan(200);
    await cluster.successorOf(former, KEYS[0]);
    await Promise.all(backends.map(worksAgain));
  });

  it('of a node that a slot is on its way to fails nothing but the commands for it', async () => {
    const cluster = await startCluster();
    onTestFinished(async () => cluster.stop());
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    onTestFinished(() => void process.off('unhandledRejection', note));
    for (const driver of DRIVERS) {
      const client = own(driver.cluster(cluster.nodes));
      const backends = await Promise.all([
        connect(driver, { kind: 'cluster', nodes: cluster.nodes }),
        connect(driver, { kind: 'client', client }),
      ]);
      await cluster.moveSlot(KEYS[0], async ({ from, to }) => {
        const before = await toldToAsk(from);
        // it says nothing, and is still there for the others of the cluster
        await to.command('CLIENT', 'PAUSE', PAUSE_MS, 'ALL');
        const paused = pause(PAUSE_MS);
        const answers = backends.map(async ({ commands }) => commands.get('{ns}:nowhere'));
        await eventually('both are told who is to be asked', async () => (await toldToAsk(from)) === before + 2);
        client.disconnect();
        await backends[0].close();
        const settled = await Promise.allSettled(answers);
        expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
        await paused;
      });
    }
    expect(unhandled).toEqual([]);
  });

  it('leaves nothing behind on a client of the application once the cache is closed', async () => {
    const cluster = await startCluster();
    onTestFinished(async () => cluster.stop());
    for (const driver of DRIVERS) {
      const client = own(driver.cluster(cluster.nodes));
      // its own listeners are there
      await eventually('the client is ready', () => client.status === 'ready');
      const { listenerCount } = client as unknown as NodeJS.EventEmitter;
      const counts = (): number[] => ['+node', 'error', 'close'].map((event) => listenerCount.call(client, event));
      const before = counts();
      const backend = await connect(driver, { kind: 'client', client });
      expect(counts()).not.toEqual(before);
      await backend.close();
      expect(counts()).toEqual(before);
    }
  });
});

/** How often that server has answered that a key is already elsewhere. */
async function toldToAsk(server: RedisServer): Promise<number> {
  const stats = String(await server.command('INFO', 'errorstats'));
  return Number(/errorstat_ASK:count=(\d+)/.exec(stats)?.[1] ?? 0);
}
