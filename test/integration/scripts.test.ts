import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Script, ScriptArgument, ScriptReply } from '../../lib/redis/script.js';
import { acquireLocks, appendRecord, releaseLock, renewLock, syncJournal } from '../../lib/redis/scripts.js';
import { timeOf } from '../../lib/journal/journal-position.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

const JOURNAL_KEYS = ['{n}:clock', '{n}:journal'] as const;
const RECORD = ['nonce-1', '["t:a"]', 0, 1_000, 100, 0] as const;

describe('the scripts, on a server', () => {
  let server: RedisServer;
  let client: Redis;

  beforeAll(async () => {
    server = await startRedis();
    client = new Redis(server.url);
  });

  beforeEach(async () => {
    await client.flushall();
  });

  afterAll(async () => {
    client?.disconnect();
    await server?.stop();
  });

  const run = async <Keys extends readonly string[], Arguments extends readonly ScriptArgument[], Result>(
    { text, parse }: Script<Keys, Arguments, Result>,
    keys: NoInfer<Keys>,
    args: NoInfer<Arguments>,
    by = client,
  ): Promise<Result> => parse((await by.callBuffer('EVAL', text, keys.length, ...keys, ...args)) as ScriptReply);

  it.each([appendRecord, syncJournal, acquireLocks, releaseLock, renewLock])(
    'knows $name by its sha',
    async ({ text, sha }) => {
      expect(await client.call('SCRIPT', 'LOAD', text)).toBe(sha);
    },
  );

  it('go by the clock of the server', async () => {
    const before = Date.now();
    const appended = await run(appendRecord, JOURNAL_KEYS, RECORD);
    const reply = await run(syncJournal, JOURNAL_KEYS, ['nonce-2', '', 0, '', 0, '', 1_000, 10]);
    const after = Date.now();

    expect(reply).toMatchObject({ kind: 'rebuild', head: appended.position, headNonce: 'nonce-1' });
    expect(reply.items).toHaveLength(1);
    for (const time of [timeOf(appended.position), reply.timeMs]) {
      expect(time).toBeGreaterThanOrEqual(before);
      expect(time).toBeLessThanOrEqual(after);
    }
  });

  it('are carried out while the server is out of memory', async () => {
    await client.set('lock', 'token', 'PX', 60_000);
    await client.config('SET', 'maxmemory', '1');
    try {
      await expect(client.set('key', 'value')).rejects.toThrow(/^OOM /u);
      const { position } = await run(appendRecord, JOURNAL_KEYS, RECORD);
      const { head } = await run(syncJournal, JOURNAL_KEYS, ['nonce-2', '', 0, '', 0, '', 1_000, 10]);
      expect(head).toBe(position);
      expect(await run(renewLock, ['lock'], ['token', 60_000])).toBe(true);
      expect(await run(releaseLock, ['lock'], ['token'])).toBe(true);
    } finally {
      await client.config('SET', 'maxmemory', '0');
    }
  });

  it('leave nothing behind when the record is refused', async () => {
    await client.call('ACL', 'SETUSER', 'reader', 'on', 'nopass', '~*', '+@all', '-xadd');
    const reader = new Redis(server.url, { username: 'reader', password: 'any' });
    try {
      await expect(run(appendRecord, JOURNAL_KEYS, RECORD, reader)).rejects.toThrow("can't run this command");
    } finally {
      reader.disconnect();
    }
    expect(await client.exists(...JOURNAL_KEYS)).toBe(0);
    expect(await run(appendRecord, JOURNAL_KEYS, RECORD)).toMatchObject({ nonce: 'nonce-1' });
  });
});
