import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisFault } from '../../lib/redis/redis-fault.js';
import { RedisKeys } from '../../lib/redis/redis-keys.js';
import {
  appendRecord,
  beginBuild,
  endBuild,
  markIds,
  noteWrite,
  prepareBitmap,
  releaseLock,
  renewLock,
  syncJournal,
  testIds,
} from '../../lib/redis/scripts.js';
import type { RedisCommands } from '../../lib/redis/redis-commands.interface.js';
import { checkServer } from '../../lib/redis/server-check.js';
import { documentedUser, pageOf, refusals, setUser } from '../support/documented-rights.js';
import { DRIVERS, open, type Driver } from '../support/redis-backends.js';
import { eventually } from '../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

const user = documentedUser(pageOf('redis.md'));
const { rules } = user;
const allowed = rules.filter((rule) => rule.startsWith('+'));
const keys = new RedisKeys('shop');
const JOURNAL = [keys.clock, keys.journal] as const;

/** Settled, and whether there was an answer, even one that says no. */
const isAnswered = (promise: Promise<unknown>): Promise<boolean> =>
  promise.then(
    () => true,
    (error: unknown) => error instanceof RedisFault && error.kind === 'refused',
  );

/** What becomes of a filter from its begin to a look into it. */
async function useKnownIds(commands: RedisCommands): Promise<void> {
  const [state, writes, bitmap] = ['state', 'writes', 'g.64.1.1:0'].map((part) => keys.ids('users', part)) as [
    string,
    string,
    string,
  ];
  const write = { begins: ['w', 1] as const, ends: ['w', 0] as const };
  await commands.run(noteWrite, [writes], write.begins);
  await commands.run(prepareBitmap, [bitmap], [64, 60_000]);
  expect((await commands.run(beginBuild, [state], ['g.64.1.1', 1_000])).begun).toBe(true);
  expect((await commands.run(markIds, [state, bitmap], ['g.64.1.1', 1_000, 1, '7'])).marked).toBe(true);
  expect(await commands.run(prepareBitmap, [bitmap], [64, 0])).toBe(true);
  expect((await commands.run(endBuild, [state, writes], ['g.64.1.1', 1])).live).toBe(true);
  await commands.run(noteWrite, [writes], write.ends);
  expect((await commands.run(testIds, [state, writes, bitmap], ['g.64.1.1', 1_000, 1, '7,8'])).digits).toBe('10');
}

describe.each(['redis', 'valkey'] as const)('the user that the page about Redis describes, on %s,', (flavour) => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await startRedis({ flavour });
  });

  afterAll(async () => {
    await server?.stop();
  });

  /** Does what a process does with Redis in its life; gives the commands that were refused. */
  async function refusedTo(given: readonly string[], driver: Driver, waitMs = 0): Promise<string[]> {
    await server.command('FLUSHALL');
    await server.command('SCRIPT', 'FLUSH');
    const url = await setUser(server, user, given);
    const backend = open(driver, { kind: 'url', url });
    const { commands, feed } = backend;
    const entry = keys.entry('users', 1, '7');
    const lock = keys.lock(entry);
    await eventually('commands are answered', () => isAnswered(commands.get(entry)));
    await eventually('the feed is answered', () => isAnswered(feed.read(keys.journal, '0-0', 1)));
    try {
      await commands.set(entry, Buffer.from('1'), 1_000);
      expect(await commands.getMany([entry, entry])).toHaveLength(2);
      expect(await commands.acquire(lock, 'token', 1_000)).toMatchObject({ acquired: true });
      expect(await commands.run(renewLock, [lock.lock], ['token', 1_000])).toBe(true);
      expect(await commands.run(releaseLock, [lock.lock], ['token'])).toBe(true);
      await commands.unlink(entry);
      for (const nonce of ['one', 'two', 'three']) {
        await commands.run(appendRecord, JOURNAL, [nonce, '["t:a"]', 0, 1_000, 1, 0]);
      }
      if (waitMs > 0) await commands.runReplicated(appendRecord, JOURNAL, ['four', '["t:a"]', 0, 1, 9, 0], waitMs);
      const reply = await commands.run(syncJournal, JOURNAL, ['five', '', 0, '', 0, '', 2_000, 10]);
      const { epoch, head, headNonce } = reply;
      expect(reply.items).toHaveLength(waitMs > 0 ? 2 : 1);
      const known = ['six', epoch, head, headNonce, 0, '', 3_000, 10] as const;
      expect(await commands.run(syncJournal, JOURNAL, known)).toMatchObject({ kind: 'records', items: [] });
      expect(await commands.readBack(keys.journal, '99999999999999-0', 10)).toEqual(reply.items);
      expect(await feed.read(keys.journal, '0-0', 1)).toHaveLength(reply.items.length);
      // a journal whose clock was lost
      await server.command('DEL', keys.clock);
      await commands.run(appendRecord, JOURNAL, ['seven', '["t:a"]', 0, 1_000, 100, 0]);
      await useKnownIds(commands);
      expect(await checkServer(backend, keys)).toEqual([]);
    } catch (error) {
      if (!(error instanceof RedisFault)) throw error;
    }
    return refusals(server);
  }

  it.each(DRIVERS)('may do everything that is done, by $name', async (driver) => {
    expect(await refusedTo(rules, driver)).toEqual([]);
  });

  it.each(DRIVERS)('needs to wait for replicas where the journal is replicated, by $name', async (driver) => {
    expect(await refusedTo(rules, driver, 1)).toEqual(['wait']);
    expect(await refusedTo([...rules, '+wait'], driver, 1)).toEqual([]);
  });

  it.each(allowed)('may do nothing that isn’t done: %s is needed', async (rule) => {
    const refused = await refusedTo(
      rules.filter((each) => each !== rule),
      DRIVERS[0]!,
    );

    expect(refused).toContain(rule.slice(1));
  });
});
