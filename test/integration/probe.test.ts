import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProbeStatus } from '../../lib/probe/probe-counts.js';
import type { Machine } from '../support/machines.js';
import { newNamespace, startMachine } from '../support/machines.js';
import { eventually } from '../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server?.stop());

const OPTIONS = { probe: { sample: 1 }, maxStaleness: '500ms' } as const;

async function startPair(): Promise<[Machine, Machine]> {
  const namespace = newNamespace();
  const pair = [
    await startMachine(server, { namespace, ...OPTIONS }),
    await startMachine(server, { namespace, ...OPTIONS }),
  ] as [Machine, Machine];
  await Promise.all(pair.map(async (machine) => machine.following()));
  return pair;
}

/** Asks until both have heard a question, which begins with those from when they began to listen. */
async function untilHeard(pair: readonly Machine[]): Promise<void> {
  await eventually('both are asked', async () => {
    await pair[0]!.cache.invalidate({ tags: ['is anybody listening?'] });
    return pair.every(({ cache }) => cache.status().probe!.windows[0]!.checked > 0);
  });
}

const checked = ({ cache }: Machine, windowMs: number): number =>
  cache.status().probe!.windows.find((window) => window.windowMs === windowMs)!.checked;

describe('the probe', () => {
  it('looks into every process after 0.1 and 1 s, and finds nothing where there is nothing', async () => {
    const pair = await startPair();
    await untilHeard(pair);
    for (const { cache } of pair) await cache.getOrLoad('users', '7', () => 'value', { tags: ['user:7'] });
    const before = pair.map((machine) => checked(machine, 1_000));
    await pair[0].cache.invalidate({ tags: ['user:7'] });
    await eventually('both have looked', () => pair.every((machine, n) => checked(machine, 1_000) > before[n]!));
    for (const { cache } of pair) {
      const { violations, findings, windows } = cache.status().probe!;
      expect({ violations, findings }).toEqual({ violations: 0, findings: [] });
      expect(windows.map(({ windowMs, stale, consistency }) => [windowMs, stale, consistency])).toEqual([
        [100, 0, 1],
        [1_000, 0, 1],
        [10_000, 0, 1],
      ]);
    }
  });

  it('finds a process out that doesn’t take an invalidation to heart, and says how it came about', async () => {
    const pair = await startPair();
    const [, faulty] = pair;
    await untilHeard(pair);
    await faulty.cache.getOrLoad('users', '7', () => 'old', { tags: ['user:7'] });
    // a planted fault: the record goes by, and its tags are forgotten
    const apply = faulty.replica.apply.bind(faulty.replica);
    faulty.replica.apply = (record) => apply({ ...record, tags: [] });
    const again = async (): Promise<false | ProbeStatus> => {
      await pair[0].cache.invalidate({ tags: ['user:7'] });
      const status = faulty.cache.status().probe!;
      return status.violations > 0 && status;
    };
    // ten a second are asked about, and the first ones were so many
    const { findings } = await eventually('it finds itself out', again, { everyMs: 400 });
    expect(await faulty.cache.get('users', '7')).toBe('old');
    const finding = findings.find(({ windowMs }) => windowMs === 1_000)!;
    expect(finding).toMatchObject({ cache: 'users', key: '7', tag: 'tag user:7', lag: 0 });
    expect(finding.entryPosition).toBeLessThan(finding.record);
    expect(finding.applied).toBeGreaterThanOrEqual(finding.record);
    expect(pair[0].cache.status().probe!.violations).toBe(0);
    const told = faulty.lines.find((line) => line.includes('would still answer with a value from before'));
    expect(told).toMatch(/warn cache users: 1000 ms after an invalidation of tag user:7/u);
  });

  it('takes a written value for no old one, and leaves strong caches alone', async () => {
    const namespace = newNamespace();
    const options = { ...OPTIONS, caches: { users: {}, strict: { consistency: 'strong' } } } as const;
    const machine = await startMachine(server, { namespace, ...options });
    await machine.following();
    await untilHeard([machine]);
    await machine.cache.put('users', '7', () => 'written');
    await machine.cache.getOrLoad('strict', '7', () => 'value', { tags: ['t'] });
    const before = checked(machine, 1_000);
    const again = async (): Promise<boolean> => {
      await machine.cache.put('users', '7', () => 'written again');
      await machine.cache.invalidate({ tags: ['t'] });
      return checked(machine, 1_000) >= before + 4;
    };
    // ten a second are asked about, and the first ones were so many
    await eventually('both were looked for', again, { everyMs: 400 });
    expect(machine.cache.status().probe!.findings).toEqual([]);
  });

  it('is refused without Redis, and asks nobody unless told to', async () => {
    await expect(startMachine(server, { namespace: newNamespace(), redis: undefined, probe: true })).rejects.toThrow(
      /probe: needs `redis`/u,
    );
    await expect(startMachine(server, { namespace: newNamespace(), probe: { sample: 2 } })).rejects.toThrow(
      /probe\.sample: got 2; takes a number from 0 to 1/u,
    );
    const { cache } = await startMachine(server, { namespace: newNamespace() });
    expect(cache.status().probe).toBeUndefined();
  });
});
