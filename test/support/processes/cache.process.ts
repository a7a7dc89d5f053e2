// A process of an application, as a test forks it: does what it is told by messages, and ends with its parent.
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startCacheMachine, type CacheMachine } from '../../../lib/cache.providers.js';
import { answerTo } from './answering.js';
import type { CacheCalls } from './forked-caches.js';

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

let machine: CacheMachine;
let source: Redis;

/** Reads the row first and is slow afterwards, so that it may be old when it is returned. */
const load = (key: string, loadMs: number) => async (): Promise<string | null> => {
  const [, row] = await Promise.all([source.incr(`loads:${key}`), source.get(`row:${key}`)]);
  await pause(loadMs);
  return row;
};

const calls: CacheCalls = {
  async open({ sourceUrl, options }) {
    source = new Redis(sourceUrl);
    machine = await startCacheMachine(options, silent);
    machine.problems.throwIfAny();
  },
  read: async (key, { loadMs = 0, tags = [], strong = false } = {}) =>
    machine.service.getOrLoad('users', key, load(key, loadMs), strong ? { tags, consistency: 'strong' } : { tags }),
  async storm(key, callers, loadMs) {
    const answers = await Promise.all(
      Array.from({ length: callers }, async () => {
        const begun = performance.now();
        const value = await machine.service.getOrLoad('users', key, load(key, loadMs));
        return { value, ms: performance.now() - begun };
      }),
    );
    return { values: [...new Set(answers.map(({ value }) => value))], ms: answers.map(({ ms }) => ms) };
  },
  rebuildIds: async (ids) => machine.service.knownIds('users').rebuild(() => ids),
  addIds: async (ids) => machine.service.knownIds('users').add(...ids),
  async insertAndDie(key, row) {
    const { region } = machine.engine.deskOf('users');
    const write = async (): Promise<never> => {
      await source.set(`row:${key}`, row);
      process.kill(process.pid, 'SIGKILL');
      return new Promise<never>(() => undefined);
    };
    await machine.engine.writes.identify({ region, write, keyOf: () => key });
  },
  invalidate: async (invalidation) => machine.service.invalidate(invalidation),
  async applied(position) {
    const { replica } = machine.engine.parts.journal;
    while (replica.applied < position) await pause(1);
  },
  status: async () => Promise.resolve(machine.service.status()),
};

answerTo(calls);
