import type { WarmerStatus } from 'nestjs-hybrid-cache';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fleetOptions, ForkedWarmer } from '../../support/processes/forked-warmers.js';
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
  await Promise.all([server.command('FLUSHALL'), source.command('FLUSHALL')]);
});

const HOTTEST = 5;
const COLD = 5;
type Options = ReturnType<typeof fleetOptions>;

/** Nothing but what is learned warms. */
const startFleet = async (size: number, options: Options, loadMs = 0): Promise<ForkedWarmer[]> => {
  const how = { options, keys: 0, loadMs, on: '0 0 1 1 *' };
  return Promise.all(Array.from({ length: size }, async () => ForkedWarmer.start(source, how)));
};

const withSchema = (options: Options, schema: number): Options => ({
  ...options,
  caches: { products: { schema, warm: { hottest: HOTTEST } } },
});

/** The keys from 1 on, the first ones so often that they are among the hottest whatever is sampled. */
async function read(fleet: readonly ForkedWarmer[]): Promise<void> {
  for (let id = 1; id <= HOTTEST + COLD; id++) {
    for (let times = 0; times < (id <= HOTTEST ? 12 : 1); times++) await fleet[times % fleet.length]!.call('find', id);
  }
}

const loads = async (): Promise<number[]> => {
  const keys = Array.from({ length: HOTTEST + COLD }, (_, index) => `loads:${index + 1}`);
  return ((await source.command('MGET', ...keys)) as unknown[]).map(Number);
};
const times = (hot: number, cold: number): number[] => [
  ...Array.from({ length: HOTTEST }, () => hot),
  ...Array.from({ length: COLD }, () => cold),
];

const statusesOf = async (fleet: readonly ForkedWarmer[]): Promise<WarmerStatus[]> =>
  Promise.all(fleet.map(async (process) => (await process.call('status')).warmers['hottest of products']!));
const runsOf = (statuses: readonly WarmerStatus[]): string[] =>
  statuses.map(({ runs, elsewhere }) => `${runs} here, ${elsewhere} elsewhere`).sort();

const isPublished = async (): Promise<void> => {
  await eventually('what was learned is told', async () => Number(await server.command('DBSIZE')) > 0 && hasRecord());
};
const hasRecord = async (): Promise<boolean> =>
  ((await server.command('KEYS', '*:~hot:v0:products')) as unknown[]).length === 1;

describe('the hottest keys of a fleet', () => {
  it('are loaded again by one process when the cache is cleared by another', async () => {
    const fleet = await startFleet(3, withSchema(fleetOptions(server), 1));
    await read(fleet);
    await isPublished();
    await fleet[1]!.call('clear');
    await eventually('everybody has seen it', async () =>
      (await statusesOf(fleet)).every(({ runs, elsewhere }) => runs + elsewhere === 1),
    );

    expect(await loads()).toEqual(times(2, 1));
    expect(runsOf(await statusesOf(fleet))).toEqual([
      '0 here, 1 elsewhere',
      '0 here, 1 elsewhere',
      '1 here, 0 elsewhere',
    ]);
    expect(await fleet[0]!.call('find', 3)).toBe('product 3');
    expect((await loads())[2]).toBe(2);
  });

  it('are loaded again when Redis has lost everything', async () => {
    const fleet = await startFleet(2, withSchema(fleetOptions(server), 1));
    await read(fleet);
    await isPublished();
    await server.command('FLUSHALL');
    await eventually('somebody has loaded them', async () => (await loads())[4] === 2);
    await eventually('everybody has seen it', async () =>
      (await statusesOf(fleet)).every(({ runs, elsewhere }) => runs + elsewhere === 1),
    );
    expect(await loads()).toEqual(times(2, 1));
  });

  it('survive their fleet, and are loaded at start when the schema is another, by one process', async () => {
    const options = fleetOptions(server);
    const old = await startFleet(1, withSchema(options, 1));
    await read(old);
    await old[0]!.call('close');
    const fleet = await startFleet(3, withSchema(options, 2));
    await Promise.all(fleet.map(async (process) => process.call('ready')));

    expect(await loads()).toEqual(times(2, 1));
    expect(runsOf(await statusesOf(fleet))).toEqual([
      '0 here, 1 elsewhere',
      '0 here, 1 elsewhere',
      '1 here, 0 elsewhere',
    ]);
    expect((await statusesOf(fleet)).find(({ runs }) => runs === 1)).toMatchObject({ loaded: HOTTEST, failed: 0 });
    // one of them says that it is there, so that another start is none of a new schema
    await fleet[0]!.call('close');
    const [later] = await startFleet(1, withSchema(options, 2));
    await later!.call('ready');
    expect(runsOf(await statusesOf([later!]))).toEqual(['0 here, 0 elsewhere']);
    expect(await loads()).toEqual(times(2, 1));
  });

  it('are loaded by another process when the one that does is killed', async () => {
    const options = fleetOptions(server);
    const old = await startFleet(1, withSchema(options, 1));
    await read(old);
    await old[0]!.call('close');
    await source.command('DEL', 'loaders');
    await source.command('SET', 'gate', 'shut');
    const fleet = await startFleet(2, withSchema(options, 2));
    const victim = await eventually('somebody loads', async () => {
      const id = Number(await source.command('LINDEX', 'loaders', 0));
      return fleet.find(({ pid }) => pid === id);
    });
    await victim.kill();
    await source.command('SET', 'gate', 'open');
    const other = fleet.find((process) => process !== victim)!;
    await other.call('ready');

    expect(await statusesOf([other])).toMatchObject([
      { runs: 1, last: { end: 'complete', loaded: HOTTEST, failed: 0 } },
    ]);
  });
});
