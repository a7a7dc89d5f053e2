import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gate } from '../support/engine.js';
import { printFigures } from '../support/figures.js';
import { startFleet, type Machine } from '../support/machines.js';
import { forkCaches } from '../support/processes/forked-caches.js';
import { seededRandom } from '../support/seeded-random.js';
import { eventually } from '../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

const RACES = 1_000;
const AT_A_TIME = 25;
const OLD = 'old';
const NEW = 'new';

let server: RedisServer;
let source: RedisServer;
const random = seededRandom(7);
const upTo = (ms: number): number => random() * ms;
const oneOf = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;

beforeAll(async () => {
  [server, source] = await Promise.all([startRedis(), startRedis()]);
});
afterAll(async () => {
  await Promise.all([server, source].map(async (each) => each?.stop()));
});

async function forEachRace(count: number, race: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const run = async (): Promise<void> => {
    while (next < count) await race(next++);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, run));
}

const wait = async (ms: number): Promise<void> => (ms < 1 ? turn() : pause(ms));
const by = (way: 'key' | 'tag', key: string) => (way === 'key' ? { keys: [['users', key] as const] } : { tags: [key] });

/** What the races did, to see that they were some. */
interface Tally {
  races: number;
  /** Loads that had seen the old row, and returned when there was a new one. */
  overtaken: number;
  /** Reads that were given the old row, all of them begun before it changed. */
  oldReads: number;
}

/** A row is read by loads, and changes and is invalidated while they run; nobody may be given the old row afterwards. */
async function race(fleet: readonly Machine[], way: 'key' | 'tag', key: string, tally: Tally): Promise<string[]> {
  let row = OLD;
  const seenByLoad = gate();
  const wrong: string[] = [];
  const read = async (machine: Machine, strong = false): Promise<string> => {
    const [beforeMs, afterMs] = [upTo(2), upTo(12)];
    const load = async (): Promise<string> => {
      await wait(beforeMs);
      const seen = row;
      seenByLoad.open();
      await wait(afterMs);
      if (seen !== row) tally.overtaken++;
      return seen;
    };
    return machine.cache.getOrLoad('users', key, load, {
      tags: [key],
      ...(strong ? { consistency: 'strong' as const } : {}),
    });
  };
  const note = (value: string, what: string): void => {
    if (value !== NEW) wrong.push(`${what}: ${value}`);
  };
  const early = fleet.flatMap((machine) =>
    Array.from({ length: 1 + Math.floor(upTo(3)) }, async () => {
      await wait(upTo(5));
      if ((await read(machine)) === OLD) tally.oldReads++;
    }),
  );
  await seenByLoad.passed;
  await wait(upTo(6));
  const writer = oneOf(fleet);
  row = NEW;
  const invalidating = writer.cache.invalidate(by(way, key));
  note(await read(writer), 'a read of the writer that doesn’t wait for the acknowledgement');
  const receipt = await invalidating;
  if (receipt.status !== 'applied') throw new Error(`the invalidation was ${receipt.status}`);
  await Promise.all([
    ...fleet.map(async (machine) => note(await read(machine, true), 'a strong read')),
    (async () => note(await read(writer), 'a read of the writer'))(),
    ...fleet.map(async (machine) => {
      await eventually('the record is pushed', () => machine.replica.applied >= receipt.position, { everyMs: 1 });
      note(await read(machine), 'a read after the push');
    }),
  ]);
  await Promise.all(early);
  // whatever was stored late
  for (const machine of fleet) note(await read(machine), 'a read after all is over');
  tally.races++;
  return wrong;
}

describe.each([
  ['one machine', 1],
  ['two machines', 2],
])('a load that a change of its row overtakes, on %s', (where, size) => {
  it.each(['key', 'tag'] as const)('never gives out the old row after the invalidation by %s', async (way) => {
    const fleet = await startFleet(server, size);
    const tally: Tally = { races: 0, overtaken: 0, oldReads: 0 };
    const wrong: string[] = [];
    const begun = performance.now();
    await forEachRace(RACES / 2, async (index) => {
      wrong.push(...(await race(fleet, way, `row-${index}`, tally)));
    });
    printFigures(`races on ${where} by ${way}`, {
      ...tally,
      'old values': wrong.length,
      ms: performance.now() - begun,
    });

    expect(wrong).toEqual([]);
    // else nothing was raced
    expect(tally.overtaken).toBeGreaterThan(RACES / 10);
    expect(tally.oldReads).toBeGreaterThan(0);
  });
});

describe('a load that a change of its row overtakes, on three processes', () => {
  it('never gives out the old row after the invalidation', async () => {
    const fleet = await forkCaches(3, { server, source });
    const wrong: unknown[] = [];
    let oldReads = 0;
    await forEachRace(150, async (index) => {
      const key = `row-${index}`;
      const how = { tags: [key], loadMs: upTo(8) };
      await source.command('SET', `row:${key}`, OLD);
      const early = fleet.map(async (each) => {
        if ((await each.call('read', key, how)) === OLD) oldReads++;
      });
      await wait(upTo(5));
      await source.command('SET', `row:${key}`, NEW);
      const writer = oneOf(fleet);
      const receipt = await writer.call('invalidate', by(oneOf(['key', 'tag'] as const), key));
      if (receipt.status !== 'applied') throw new Error(`the invalidation was ${receipt.status}`);
      const answers = [
        writer.call('read', key, how),
        ...fleet.map(async (each) => each.call('read', key, { ...how, strong: true })),
        ...fleet.map(async (each) => {
          await each.call('applied', receipt.position);
          return each.call('read', key, how);
        }),
      ];
      wrong.push(...(await Promise.all(answers)).filter((value) => value !== NEW));
      await Promise.all(early);
      for (const each of fleet) if ((await each.call('read', key, how)) !== NEW) wrong.push(`${key}, stored late`);
    });
    printFigures('150 races on three processes', { 'old values before': oldReads, 'old values': wrong.length });

    expect(wrong).toEqual([]);
    expect(oldReads).toBeGreaterThan(0);
  });
});
