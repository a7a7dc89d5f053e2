import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fleetOptions, ForkedWarmer, type WarmingHow } from '../../support/processes/forked-warmers.js';
import type { WarmerStatus } from 'nestjs-hybrid-cache';
import { eventually } from '../../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../../support/servers/redis-server.js';

let server: RedisServer;
let source: RedisServer;
beforeAll(async () => {
  [server, source] = await Promise.all([startRedis(), startRedis()]);
});
afterAll(async () => {
  await Promise.all([server.stop(), source.stop()]);
});
beforeEach(async () => {
  await source.command('FLUSHALL');
});

const KEYS = 30;

const startFleet = async (size: number, how: WarmingHow): Promise<ForkedWarmer[]> =>
  Promise.all(Array.from({ length: size }, async () => ForkedWarmer.start(source, how)));

const numberAt = async (key: string): Promise<number> => Number((await source.command('GET', key)) ?? 0);

async function loadsByKey(): Promise<number[]> {
  return Promise.all(Array.from({ length: KEYS }, async (_, index) => numberAt(`loads:${index + 1}`)));
}

const loaders = async (): Promise<Set<number>> =>
  new Set(((await source.command('LRANGE', 'loaders', 0, -1)) as unknown[]).map(Number));

describe('of a fleet that starts', () => {
  it('one process warms, the others wait, and nobody has to load afterwards', async () => {
    await source.command('SET', 'gate', 'shut');
    const fleet = await startFleet(3, { options: fleetOptions(server), keys: KEYS, loadMs: 0 });
    const first = await Promise.all(fleet.map(async (process) => process.call('status')));
    expect(first.map(({ ready }) => ready)).toEqual([false, false, false]);
    await source.command('SET', 'gate', 'open');
    await Promise.all(fleet.map(async (process) => process.call('ready')));

    expect(await numberAt('lists')).toBe(1);
    expect(await loadsByKey()).toEqual(Array.from({ length: KEYS }, () => 1));
    expect((await loaders()).size).toBe(1);
    const statuses = await Promise.all(
      fleet.map(async (process) => (await process.call('status')).warmers['Products.top']!),
    );
    expect(statuses.map(({ runs, elsewhere }) => `${runs} ${elsewhere}`).sort()).toEqual(['0 1', '0 1', '1 0']);
    for (const process of fleet) expect(await process.call('find', 7)).toBe('product 7');
    expect((await loadsByKey())[6]).toBe(1);
  });

  it('the others are ready at once where they don’t wait, and with `hold` they start', async () => {
    const options = fleetOptions(server);
    const how = { options, keys: KEYS, loadMs: 0, others: 'go on', hold: true, holdAtMost: '1h' } as const;
    await source.command('SET', 'gate', 'shut');
    const starting = startFleet(1, how);
    await eventually('somebody loads', async () => (await numberAt('loads:1')) > 0);
    const other = await ForkedWarmer.start(source, how);

    const waiting = { ready: true, warmers: { 'Products.top': { state: 'waiting', runs: 0 } } };
    expect(await other.call('status')).toMatchObject(waiting);
    await source.command('SET', 'gate', 'open');
    const [first] = await starting;
    expect(await first!.call('status')).toMatchObject({ ready: true, warmers: { 'Products.top': { loaded: KEYS } } });
    await eventually(
      'it sees the end',
      async () => (await other.call('status')).warmers['Products.top']!.elsewhere === 1,
    );
    expect(await numberAt('lists')).toBe(1);
    expect((await loaders()).size).toBe(1);
  });

  it('another one finishes when the one that warms is killed, without loading anything twice', async () => {
    const fleet = await startFleet(3, { options: fleetOptions(server), keys: KEYS, loadMs: 60 });
    const victim = await eventually('half of it is there', async () => {
      const ids = (await source.command('LRANGE', 'loaders', 0, -1)) as unknown[];
      return ids.length >= KEYS / 2 && fleet.find(({ pid }) => pid === Number(ids[0]));
    });
    await victim.kill();
    const rest = fleet.filter((process) => process !== victim);
    await Promise.all(rest.map(async (process) => process.call('ready')));

    expect(await numberAt('lists')).toBe(2);
    const statuses = await Promise.all(
      rest.map(async (process) => (await process.call('status')).warmers['Products.top']!),
    );
    const finisher = statuses.find(({ runs }) => runs === 1);
    expect(statuses.map(({ runs }) => `${runs}`).sort()).toEqual(['0', '1']);
    expect(finisher!.last).toMatchObject({ end: 'complete', failed: 0 });
    expect(finisher!.there).toBeGreaterThanOrEqual(KEYS / 2 - 2);
    // the two that the victim was loading are loaded again
    const loads = await loadsByKey();
    expect(Math.min(...loads)).toBe(1);
    expect(loads.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(KEYS + 2);
  });

  it('another one goes on at once when the one that warms is closed', async () => {
    // long enough for whoever waits for a lock of the closed one to be noticed
    const options = fleetOptions(server, { loadLock: { life: '10m', timeout: '10m' } });
    const fleet = await startFleet(2, { options, keys: KEYS, loadMs: 60 });
    const leader = await eventually('somebody warms', async () => {
      const id = Number(await source.command('LINDEX', 'loaders', 2));
      return fleet.find(({ pid }) => pid === id);
    });
    await leader.call('close');
    const other = fleet.find((process) => process !== leader);
    await other!.call('ready');

    expect((await other!.call('status')).warmers['Products.top']).toMatchObject({ runs: 1, last: { end: 'complete' } });
    expect(Math.min(...(await loadsByKey()))).toBe(1);
  });

  it('a process that starts soon afterwards takes it as done, one with a new schema doesn’t', async () => {
    const options = fleetOptions(server);
    const how = { options, keys: KEYS, loadMs: 0 };
    const [first] = await startFleet(1, how);
    await first!.call('ready');
    const [second] = await startFleet(1, how);
    await second!.call('ready');
    expect(await numberAt('lists')).toBe(1);
    const [third] = await startFleet(1, { ...how, options: { ...options, caches: { products: { schema: 2 } } } });
    await third!.call('ready');

    expect(await numberAt('lists')).toBe(2);
    expect(await loadsByKey()).toEqual(Array.from({ length: KEYS }, () => 2));
  });

  it('every process warms its own memory where Redis is away', async () => {
    const away = await startRedis();
    const options = fleetOptions(away);
    await away.stop();
    const fleet = await startFleet(2, { options: { ...options, redis: { url: away.url } }, keys: KEYS, loadMs: 0 });
    await Promise.all(fleet.map(async (process) => process.call('ready')));

    expect(await numberAt('lists')).toBe(2);
    expect((await loaders()).size).toBe(2);
    for (const process of fleet) expect(await process.call('cache')).toMatchObject({ entries: KEYS, reads: 0 });
  });
});

describe('of a fleet that runs', () => {
  it('one process warms at a tick, and the others see it', async () => {
    const begun = Date.now();
    const how = { options: fleetOptions(server), keys: 2, loadMs: 0, on: '*/2 * * * * *' };
    const fleet = await startFleet(3, how);
    const statuses = async (): Promise<WarmerStatus[]> =>
      Promise.all(fleet.map(async (process) => (await process.call('status')).warmers['Products.top']!));
    const seen = await eventually('two ticks that everybody saw', async () => {
      const all = await statuses();
      return all.reduce((sum, { elsewhere }) => sum + elsewhere, 0) >= 4 && all;
    });
    const lists = await numberAt('lists');
    const ticks = Math.floor(Date.now() / 2_000) - Math.floor(begun / 2_000);

    expect(seen.reduce((sum, { runs }) => sum + runs, 0)).toBeGreaterThanOrEqual(2);
    expect(lists).toBeLessThanOrEqual(ticks);
  });
});
