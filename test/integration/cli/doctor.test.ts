import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Check } from '../../../lib/cli/doctor/check.js';
import { documentedUser, pageOf } from '../../support/documented-rights.js';
import { startMachine } from '../../support/machines.js';
import { eventually } from '../../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../../support/servers/redis-server.js';
import { typed } from '../../support/typed.js';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server?.stop());
beforeEach(async () => {
  await server.command('FLUSHALL');
});

interface Diagnosis {
  readonly code: number | null;
  readonly checks: readonly Check[];
  of(name: string): Check | undefined;
}

async function diagnose(url = server.url, words: readonly string[] = []): Promise<Diagnosis> {
  const { code, out, err } = await typed(['doctor', '--url', url, '-n', 'shop', '--json', ...words]);
  if (err !== '') throw new Error(err);
  const { checks } = JSON.parse(out) as { checks: Check[] };
  return { code, checks, of: (name) => checks.find((check) => check.name === name) };
}

const withSettings = async (settings: Readonly<Record<string, string>>): Promise<Diagnosis> => {
  const before = Object.fromEntries(
    await Promise.all(
      Object.keys(settings).map(
        async (name) => [name, String(((await server.command('CONFIG', 'GET', name)) as string[])[1])] as const,
      ),
    ),
  );
  const set = async (values: Readonly<Record<string, string>>) =>
    server.command('CONFIG', 'SET', ...Object.entries(values).flat());
  await set(settings);
  try {
    return await diagnose();
  } finally {
    await set(before);
  }
};

describe('doctor', () => {
  it('warns of a policy that drops the journal, of one that takes no entries, and of memory that is nearly full', async () => {
    const dropping = await withSettings({ 'maxmemory-policy': 'allkeys-lru' });
    expect(dropping.of('maxmemory-policy')).toMatchObject({
      status: 'warn',
      change: 'CONFIG SET maxmemory-policy volatile-lru',
    });
    expect(dropping.code).toBe(0);
    const full = await withSettings({ maxmemory: '2mb', 'maxmemory-policy': 'volatile-lru' });
    expect(full.of('maxmemory-policy')).toMatchObject({ status: 'ok' });
    const bounded = await withSettings({ maxmemory: '1gb', 'maxmemory-policy': 'noeviction' });
    expect(bounded.of('maxmemory-policy')).toMatchObject({ status: 'warn' });
    expect(bounded.of('memory')).toMatchObject({ status: 'ok' });
  });

  it('fails where writes that wait would be lost by a restart, and says nothing about it with appendonly', async () => {
    const { cache } = await startMachine(server, { namespace: 'shop', caches: { rows: { writeBehind: {} } } });
    await cache.writeBehind('rows', '1', 'value');
    const risky = await diagnose();
    expect(risky.code).toBe(1);
    expect(risky.of('appendonly')).toMatchObject({ status: 'fail', change: 'CONFIG SET appendonly yes' });
    expect(risky.of('write-behind of rows')).toMatchObject({
      status: 'warn',
      found: '1 write wait, and no process is at it',
    });
    expect((await withSettings({ appendonly: 'yes' })).of('appendonly')).toMatchObject({ status: 'ok' });
  });

  it('fails where the journal will expire, is of another format, or has lost its records', async () => {
    const { cache } = await startMachine(server, { namespace: 'shop' });
    await cache.invalidate({ tags: ['any'] });
    expect((await diagnose()).of('expiry of the journal')).toMatchObject({ status: 'ok' });
    await server.command('EXPIRE', '{shop}:clock', 1_000);
    expect((await diagnose()).of('expiry of the journal')).toMatchObject({
      status: 'fail',
      change: 'PERSIST {shop}:clock',
    });
    await server.command('DEL', '{shop}:journal');
    expect((await diagnose()).of('journal')).toMatchObject({
      status: 'warn',
      found: 'its records are gone, its clock is there',
    });
    await server.command('HSET', '{shop}:clock', 'format', '2');
    const other = await diagnose();
    expect(other.of('journal')).toMatchObject({ status: 'fail' });
    expect(other.code).toBe(1);
  });

  it('warns of replicas that nobody waits for, and refuses to examine a replica', async () => {
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(server.port)] });
    try {
      await eventually('it follows', async () =>
        String(await replica.command('INFO', 'replication')).includes('master_link_status:up'),
      );
      const alone = await eventually('the master knows', async () => {
        const found = await diagnose();
        return found.of('min-replicas-to-write')?.status === 'warn' ? found : undefined;
      });
      expect(alone.of('min-replicas-to-write')?.change).toBe('CONFIG SET min-replicas-to-write 1');
      const waiting = await withSettings({ 'min-replicas-to-write': '1' });
      expect(waiting.of('min-replicas-to-write')).toMatchObject({ status: 'ok', found: '1, of 1 replica' });
      const there = await diagnose(replica.url);
      expect(there.code).toBe(1);
      expect(there.of('role')).toMatchObject({
        status: 'fail',
        change: `connect to its master, 127.0.0.1:${server.port}`,
      });
    } finally {
      await replica.stop();
    }
  });

  it('names other namespaces where there is none of this name', async () => {
    const { cache } = await startMachine(server, { namespace: 'shopping' });
    await cache.invalidate({ tags: ['any'] });
    expect((await diagnose()).of('journal')).toMatchObject({ status: 'warn', change: 'there are others: shopping' });
  });

  it('says that a node of a cluster was taken for a server of its own', async () => {
    const node = await startRedis({ args: ['--cluster-enabled', 'yes'] });
    try {
      const { code, of } = await diagnose(node.url);
      expect(code).toBe(1);
      expect(of('cluster')).toMatchObject({ status: 'fail', change: 'say --cluster host:port' });
    } finally {
      await node.stop();
    }
  });
});

describe('the rights of a user', () => {
  const { name, rules } = documentedUser(pageOf('redis.md'));
  const url = (): string => server.url.replace('//', '//cache:secret@');

  it('are enough, for the one the page about Redis describes; what it may not ask is left out', async () => {
    await server.command('ACL', 'SETUSER', name, 'reset', ...rules);
    const { cache } = await startMachine(server, { namespace: 'shop' });
    await cache.invalidate({ tags: ['any'] });
    const { code, checks, of } = await diagnose(url());
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(code).toBe(0);
    expect(of('rights')).toMatchObject({ status: 'ok' });
    expect(of('journal')).toMatchObject({ status: 'ok' });
    expect(of('expiry of the journal')).toMatchObject({ status: 'unknown' });
  });

  it.each(['get', 'set', 'unlink', 'pexpire', 'evalsha', 'xread', 'xrevrange', 'xadd', 'hset', 'time'])(
    'are found to lack %s, and nothing is left behind',
    async (command) => {
      await server.command('ACL', 'SETUSER', name, 'reset', ...rules, `-${command}`);
      const { code, of } = await diagnose(url());
      expect(code).toBe(1);
      expect(of('rights')).toMatchObject({ status: 'fail' });
      const left = ((await server.command('KEYS', '*')) as string[]).filter((key) => !key.includes('~check:'));
      expect(command === 'unlink' ? [] : left).toEqual([]);
    },
  );
});
