import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { printFigures, quantile } from '../support/figures.js';
import { newNamespace, startMachine, type Machine } from '../support/machines.js';
import { eventually } from '../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

const CALLS = 10_000;
const KEYS = 2_500;
const AT_A_TIME = 200;
const LOAD_MS = 5;
/** Default `commandTimeout`. */
const DEADLINE_MS = 250;
/** What a busy machine may add, besides the stalls that are measured. */
const SLACK_MS = 500;

let server: RedisServer;
beforeEach(async () => {
  server = await startRedis();
});
afterEach(async () => {
  if (server.isRunning) server.thaw();
  await server.stop();
});

interface Calls {
  readonly ms: number[];
  readonly errors: unknown[];
  readonly wrong: unknown[];
  loads: number;
  /** The longest this process was kept from working. */
  stallMs: number;
}

/** Callers who ask one after the other, for keys that all of them want. */
async function callMany({ cache }: Machine, calls: number, phase: string): Promise<Calls> {
  const result: Calls = { ms: [], errors: [], wrong: [], loads: 0, stallMs: 0 };
  const stalls = monitorEventLoopDelay({ resolution: 5 });
  stalls.enable();
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < calls) {
      const key = `${phase} ${(next++ * 7) % KEYS}`;
      const begun = performance.now();
      try {
        const value = await cache.getOrLoad('users', key, async () => {
          result.loads++;
          await pause(LOAD_MS);
          return `value of ${key}`;
        });
        if (value !== `value of ${key}`) result.wrong.push(value);
      } catch (error) {
        result.errors.push(error);
      }
      result.ms.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, caller));
  stalls.disable();
  result.stallMs = stalls.max / 1e6;
  return result;
}

const figuresOf = ({ ms, loads, errors, stallMs }: Calls) => ({
  calls: ms.length,
  errors: errors.length,
  loads,
  'p50 ms': quantile(ms, 0.5),
  'p99 ms': quantile(ms, 0.99),
  'most ms': quantile(ms, 1),
  'longest stall ms': stallMs,
});

const AWAYS = [
  {
    how: 'refuses connections',
    leave: async () => server.kill(),
    comeBack: async () => server.restart(),
  },
  {
    how: 'is frozen',
    leave: async () => server.freeze(),
    comeBack: async () => server.thaw(),
  },
] as const;

describe.each(AWAYS)('while Redis $how', ({ how, leave, comeBack }) => {
  it('every call ends with its value, soon, and Redis is used again once it is back', async () => {
    const namespace = newNamespace();
    const options = { namespace, redis: { url: server.url } };
    const [machine, other] = await Promise.all([startMachine(server, options), startMachine(server, options)]);
    await machine.following();
    await leave();

    const first = await callMany(machine, CALLS / 2, 'first');
    await eventually('the breaker is open', () => machine.lines.some((line) => line.includes('goes on without it')));
    const later = await callMany(machine, CALLS / 2, 'later');
    printFigures(`Redis ${how}, at first`, figuresOf(first));
    printFigures(`Redis ${how}, once that is known`, figuresOf(later));
    for (const { errors, wrong, ms } of [first, later]) {
      expect(errors).toEqual([]);
      expect(wrong).toEqual([]);
      expect(ms).toHaveLength(CALLS / 2);
    }
    expect(quantile(first.ms, 1)).toBeLessThan(DEADLINE_MS + LOAD_MS + SLACK_MS + 3 * first.stallMs);
    // nobody waits for the deadline any more
    expect(quantile(later.ms, 0.9)).toBeLessThan(DEADLINE_MS / 2 + LOAD_MS + 3 * later.stallMs);
    const { reads, outcomes, loads } = machine.count();
    expect(reads).toBe(CALLS);
    expect(loads).toBe(first.loads + later.loads);
    expect(outcomes.loaded).toBe(loads);
    expect(outcomes.error + outcomes.timeout).toBe(0);
    // what is in memory is good for a while
    expect(loads).toBeLessThan(CALLS);

    await comeBack();
    const back = performance.now();
    await eventually('Redis is used', async () => {
      const key = `back-${performance.now()}`;
      await machine.cache.getOrLoad('users', key, () => 'value');
      return (await other.cache.get('users', key)) === 'value';
    });
    printFigures(`Redis ${how}, and is back`, { 'used after ms': performance.now() - back });
    expect(performance.now() - back).toBeLessThan(2_000);
  });

  it('an invalidation counts here at once, and elsewhere once Redis is back', async () => {
    const namespace = newNamespace();
    const options = { namespace, redis: { url: server.url } };
    const [machine, other] = await Promise.all([startMachine(server, options), startMachine(server, options)]);
    let row = 'old';
    const read = async ({ cache }: Machine) => cache.getOrLoad('users', '7', () => row, { tags: ['user:7'] });
    await read(machine);
    await read(other);
    await eventually(
      'the entry is in Redis',
      async () => Number(await server.command('EXISTS', `${namespace}:users:v1:7`)) === 1,
    );
    await leave();

    row = 'new';
    const receipt = await machine.cache.invalidate({ tags: ['user:7'] });
    expect(receipt).toEqual({ status: 'queued' });
    expect(machine.journal().queued).toBe(1);
    expect(await read(machine)).toBe('new');
    // whatever it may have in memory
    await pause(1_100);
    expect(await read(other)).toBe('new');

    row = 'newer';
    const second = await machine.cache.evict('users', '7');
    expect(second.status).toBe('queued');
    await comeBack();
    await eventually('what was queued is in the journal', () => machine.journal().queued === 0);
    const later = await machine.cache.invalidate({ tags: ['a record behind those'] });
    const position = later.status === 'applied' ? later.position : Number.POSITIVE_INFINITY;
    await eventually('the records are pushed', () => other.replica.applied >= position);
    expect(await read(other)).toBe('newer');
    expect(await read(machine)).toBe('newer');
    const late = await startMachine(server, { namespace });
    expect(await read(late)).toBe('newer');
  });
});
