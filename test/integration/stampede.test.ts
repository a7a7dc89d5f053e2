import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printFigures, quantile } from '../support/figures.js';
import { forkCaches } from '../support/processes/forked-caches.js';
import { eventually } from '../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

const PROCESSES = 4;
const CALLERS = 500;
const ROUNDS = 100;
const LOAD_MS = 30;

let server: RedisServer;
/** Where the rows lie, so that it is there when the cache's Redis isn't. */
let source: RedisServer;
beforeAll(async () => {
  [server, source] = await Promise.all([startRedis(), startRedis()]);
});
afterAll(async () => {
  await Promise.all([server, source].map(async (each) => each?.stop()));
});

const loadsOf = async (key: string): Promise<number> => Number(await source.command('GET', `loads:${key}`));

describe('a cold key that all callers of all processes ask for at once', () => {
  it('is loaded once in the whole fleet, round after round', async () => {
    const fleet = await forkCaches(PROCESSES, { server, source });
    const loads: number[] = [];
    const waitsMs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const key = `cold-${round}`;
      await source.command('SET', `row:${key}`, `row ${round}`);
      const storms = await Promise.all(fleet.map(async (each) => each.call('storm', key, CALLERS, LOAD_MS)));
      expect(storms.flatMap(({ values }) => values)).toEqual(fleet.map(() => `row ${round}`));
      for (const { ms } of storms) waitsMs.push(...ms);
      loads.push(await loadsOf(key));
    }
    printFigures(`${ROUNDS} rounds of ${PROCESSES} × ${CALLERS} callers, a load takes ${LOAD_MS} ms`, {
      'p50 over the load': quantile(waitsMs, 0.5) - LOAD_MS,
      'p99 over the load': quantile(waitsMs, 0.99) - LOAD_MS,
      'most over the load': quantile(waitsMs, 1) - LOAD_MS,
    });

    expect(loads.filter((count) => count !== 1)).toEqual([]);
  });

  it('is loaded by another process when the one that loads is killed', async () => {
    const lifeMs = 1_000;
    const [holder, ...others] = await forkCaches(PROCESSES, {
      server,
      source,
      options: { loadLock: { life: lifeMs, timeout: '1h' } },
    });
    await source.command('SET', 'row:held', 'row');
    const left = holder!.call('read', 'held', { loadMs: 3_600_000 }).catch((error: Error) => error.message);
    await eventually('the first load runs', async () => (await loadsOf('held')) === 1);
    const storms = others.map(async (other) => other.call('storm', 'held', CALLERS, LOAD_MS));
    const begun = performance.now();
    await holder!.kill();
    const answers = await Promise.all(storms);
    const waitedMs = performance.now() - begun;
    printFigures(`the holder of a lock with a life of ${lifeMs} ms was killed`, { 'the others waited ms': waitedMs });

    expect(await left).toBe('the process has ended');
    expect(answers.flatMap(({ values }) => values)).toEqual(others.map(() => 'row'));
    expect(await loadsOf('held')).toBe(2);
    expect(waitedMs).toBeLessThan(lifeMs + LOAD_MS + 2_000);
  });

  it('is loaded at most once a process while Redis is away', async () => {
    const fleet = await forkCaches(PROCESSES, { server, source });
    await server.kill();
    try {
      for (let round = 0; round < 5; round++) {
        const key = `away-${round}`;
        await source.command('SET', `row:${key}`, 'row');
        const storms = await Promise.all(fleet.map(async (each) => each.call('storm', key, CALLERS, LOAD_MS)));

        expect(storms.flatMap(({ values }) => values)).toEqual(fleet.map(() => 'row'));
        expect(await loadsOf(key)).toBeLessThanOrEqual(PROCESSES);
      }
    } finally {
      await server.restart();
    }
  });
});
