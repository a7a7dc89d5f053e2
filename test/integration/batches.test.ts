import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFleet, startMachine, newNamespace, type Machine } from '../support/machines.js';
import { eventually } from '../support/servers/eventually.js';
import { startCluster, type RedisCluster } from '../support/servers/redis-cluster.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

let server: RedisServer;
let cluster: RedisCluster;
beforeAll(async () => {
  [server, cluster] = await Promise.all([startRedis(), startCluster()]);
});
afterAll(async () => {
  await Promise.all([server?.stop(), cluster?.stop()]);
});

const IDS = Array.from({ length: 1_000 }, (_, id) => id);
const LOAD_MS = 30;

/** A source that several processes ask, and how often it was asked for each. */
function source() {
  const asked = new Map<number, number>();
  const calls: number[][] = [];
  const load = async (ids: number[]): Promise<{ id: number }[]> => {
    calls.push(ids);
    for (const id of ids) asked.set(id, (asked.get(id) ?? 0) + 1);
    await pause(LOAD_MS);
    return ids.map((id) => ({ id }));
  };
  return { asked, calls, load };
}

const locksLeft = async (): Promise<number> => {
  const keys = (await server.command('KEYS', '*~lock*')) as unknown[];
  return keys.length;
};

describe('a batch that several processes ask for in the same moment', () => {
  it('is loaded once, item by item', async () => {
    const fleet = await startFleet(server, 3);
    for (let round = 0; round < 5; round++) {
      const ids = IDS.map((id) => round * 10_000 + id);
      const { asked, calls, load } = source();
      const answers = await Promise.all(fleet.map(async ({ cache }) => cache.getOrLoadMany('users', ids, load)));
      for (const answer of answers) expect(answer).toEqual(ids.map((id) => ({ id })));
      expect([...asked.values()].filter((count) => count !== 1)).toEqual([]);
      expect(calls.length).toBeLessThanOrEqual(fleet.length);
    }
    await eventually('the locks are given back', async () => (await locksLeft()) === 0);
  });

  it('in other orders and with other ends is loaded once as well, and nobody waits for ever', async () => {
    const fleet = await startFleet(server, 2);
    const [one, other] = fleet as [Machine, Machine];
    for (let round = 0; round < 5; round++) {
      const ids = IDS.map((id) => round * 10_000 + id);
      const { asked, load } = source();
      const begun = performance.now();
      const [first, second] = await Promise.all([
        one.cache.getOrLoadMany('users', ids.slice(0, 700), load, { maxSize: 100 }),
        other.cache.getOrLoadMany('users', ids.slice(300).reverse(), load, { maxSize: 100 }),
      ]);
      expect(first).toEqual(ids.slice(0, 700).map((id) => ({ id })));
      expect(second).toEqual(
        ids
          .slice(300)
          .reverse()
          .map((id) => ({ id })),
      );
      expect([...asked.values()].filter((count) => count !== 1)).toEqual([]);
      // a deadlock would last as long as nobody waits for another process: 5 s
      expect(performance.now() - begun).toBeLessThan(4_000);
    }
  });

  it('is joined by single reads of another process', async () => {
    const [one, other] = (await startFleet(server, 2)) as [Machine, Machine];
    const { asked, load } = source();
    const batch = one.cache.getOrLoadMany('users', IDS, load);
    const single = other.cache.getOrLoad('users', 500, async () => (await load([500]))[0]!);
    expect(await single).toEqual({ id: 500 });
    expect((await batch)[500]).toEqual({ id: 500 });
    expect(asked.get(500)).toBe(1);
  });

  it('holds its locks for as long as it loads', async () => {
    const options = { loadLock: { life: '300ms', timeout: '1h' } } as const;
    const [one, other] = (await startFleet(server, 2, options)) as [Machine, Machine];
    let calls = 0;
    const load = async (ids: number[]): Promise<number[]> => {
      calls++;
      await pause(1_000);
      return ids;
    };
    const first = one.cache.getOrLoadMany('users', IDS, load);
    await eventually('it loads', async () => Promise.resolve(calls === 1));
    const second = other.cache.getOrLoadMany('users', IDS, load);
    expect(await Promise.all([first, second])).toEqual([IDS, IDS]);
    expect(calls).toBe(1);
  });
});

describe('batches in a cluster', () => {
  const startTwo = async (): Promise<[Machine, Machine]> => {
    const options = { namespace: newNamespace(), redis: { cluster: cluster.nodes, commandTimeout: '10s' } } as const;
    const machines = await Promise.all([1, 2].map(async () => startMachine({ url: '' }, options)));
    return machines as [Machine, Machine];
  };

  it('are answered, loaded and stored as anywhere', async () => {
    const [one, other] = await startTwo();
    const { asked, load } = source();
    const answers = await Promise.all([one, other].map(async ({ cache }) => cache.getOrLoadMany('users', IDS, load)));
    for (const answer of answers) expect(answer).toEqual(IDS.map((id) => ({ id })));
    expect([...asked.values()].filter((count) => count !== 1)).toEqual([]);
    expect(await other.cache.getMany('users', IDS)).toEqual(IDS.map((id) => ({ id })));
  });
});
