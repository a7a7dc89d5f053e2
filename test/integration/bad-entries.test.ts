import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { newNamespace, startMachine, type Machine } from '../support/machines.js';
import { eventually } from '../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server?.stop());

const namespace = newNamespace();
const entryOf = (key: string): string => `${namespace}:users:v1:${key}`;

function connect(to: RedisServer): Redis {
  const client = new Redis(to.port);
  onTestFinished(() => client.disconnect());
  return client;
}

async function readTwice({ cache }: Machine, key: string): Promise<unknown[]> {
  const read = async () => cache.getOrLoad('users', key, () => 'value');
  return [await read(), await read()];
}

describe('what lies under the key of an entry and is none', () => {
  const whole = async (client: Redis, key: string): Promise<Buffer> => {
    const writer = await startMachine(server, { namespace });
    await writer.cache.getOrLoad('users', key, () => 'old');
    return eventually('the entry is there', async () => (await client.getBuffer(entryOf(key))) ?? undefined);
  };
  const flipped = (bytes: Buffer, at: number): Buffer => {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    return changed;
  };

  it.each([
    ['a text', 'foreign', () => Buffer.from('hello')],
    ['nothing', 'foreign', () => Buffer.alloc(0)],
    ['random bytes', 'foreign', () => randomBytes(200)],
    ['another format', 'format', (entry: Buffer) => flipped(entry, 3)],
    ['half an entry', 'truncated', (entry: Buffer) => entry.subarray(0, entry.length / 2)],
    ['an entry without its last byte', 'truncated', (entry: Buffer) => entry.subarray(0, -1)],
    ['an entry with a bit flipped', 'corrupt', (entry: Buffer) => flipped(entry, entry.length - 1)],
    ['an entry and a byte', 'corrupt', (entry: Buffer) => Buffer.concat([entry, Buffer.alloc(1)])],
  ] as const)('is a miss and counted: %s', async (what, reason, change) => {
    const client = connect(server);
    await client.set(entryOf(what), change(await whole(client, what)), 'PX', 60_000);
    const reader = await startMachine(server, { namespace });

    expect(await readTwice(reader, what)).toEqual(['value', 'value']);
    // looked at before and under the lock
    expect(reader.count()).toMatchObject({ loads: 1, unreadable: { [reason]: 2 }, outcomes: { loaded: 1, l1: 1 } });
    const other = await startMachine(server, { namespace });
    await expect.poll(async () => other.cache.get('users', what)).toBe('value');
  });

  it('is a miss and counted: the entry of another key', async () => {
    const client = connect(server);
    await client.set(entryOf('mine'), await whole(client, 'theirs'), 'PX', 60_000);
    const reader = await startMachine(server, { namespace });

    expect(await readTwice(reader, 'mine')).toEqual(['value', 'value']);
    expect(reader.count().unreadable).toEqual({ 'other-entry': 2 });
  });

  it('is a miss, counted and replaced: a list', async () => {
    const client = connect(server);
    await client.rpush(entryOf('list'), 'a', 'b');
    const reader = await startMachine(server, { namespace });

    expect(await readTwice(reader, 'list')).toEqual(['value', 'value']);
    expect(await reader.cache.getOrLoadMany('users', ['list', 'other'], (keys) => keys)).toEqual(['value', 'other']);
    expect(reader.count()).toMatchObject({ loads: 2, sharedFaults: { get: 1 } });
    expect(reader.lines.filter((line) => line.includes('WRONGTYPE'))).toHaveLength(1);
    await expect.poll(async () => client.type(entryOf('list'))).toBe('string');
  });
});

describe('what is too large', () => {
  it('of a key is hashed, and found again by everybody', async () => {
    const [writer, reader] = [await startMachine(server, { namespace }), await startMachine(server, { namespace })];
    const key = 'k'.repeat(1024 ** 2);
    await writer.cache.getOrLoad('users', key, () => 'value');

    await expect.poll(async () => reader.cache.get('users', key)).toBe('value');
    expect(await reader.cache.get('users', `${key}k`)).toBeUndefined();
    await writer.cache.evict('users', key);
    expect(await reader.cache.get('users', key, { consistency: 'strong' })).toBeUndefined();
  });

  it.each([
    ['kept nowhere', 'skip', 2],
    ['kept in this process alone', 'memory-only', 1],
  ] as const)('of a value is returned, and %s', async (_what, tooLarge, loads) => {
    const limits = { namespace, maxValueBytes: 1_000, caches: { users: { tooLarge } } };
    const machine = await startMachine(server, limits);
    const value = 'v'.repeat(2_000);
    const read = async () => machine.cache.getOrLoad('users', tooLarge, () => value);

    expect([await read(), await read()]).toEqual([value, value]);
    expect(machine.count().loads).toBe(loads);
    await eventually('nothing is under way', () => machine.cache.status().background === 0);
    expect(await server.command('EXISTS', entryOf(tooLarge))).toBe(0);
  });
});

describe('a Redis whose memory is full and that evicts nothing', () => {
  it('keeps no entries, and takes invalidations', async () => {
    const full = await startRedis({ args: ['--maxmemory-policy', 'noeviction'] });
    onTestFinished(async () => full.stop());
    const [writer, reader] = [await startMachine(full, { namespace }), await startMachine(full, { namespace })];
    await reader.following();
    await writer.cache.getOrLoad('users', 'before', () => 'old');
    await expect.poll(async () => reader.cache.get('users', 'before')).toBe('old');
    await full.command('CONFIG', 'SET', 'maxmemory', 1);
    await expect(full.command('SET', 'any', 'value')).rejects.toThrow('OOM');

    expect(await readTwice(writer, 'after')).toEqual(['value', 'value']);
    await eventually('the refusal is counted', () => writer.count().sharedFaults.set === 1);
    expect(await full.command('EXISTS', entryOf('after'))).toBe(0);
    expect(writer.lines.filter((line) => line.includes('OOM'))).toHaveLength(1);

    const receipt = await writer.cache.evict('users', 'before');
    expect(receipt.status).toBe('applied');
    const position = receipt.status === 'applied' ? receipt.position : 0;
    await eventually('the record is pushed', () => reader.replica.applied >= position);
    expect(await reader.cache.get('users', 'before')).toBeUndefined();
    expect(await reader.cache.getOrLoad('users', 'before', () => 'new', { consistency: 'strong' })).toBe('new');
    expect(reader.journal().trusted).toBe(true);
  });
});
