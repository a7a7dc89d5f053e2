import { Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Cacheable, CacheModule, CacheService, getCacheServiceToken } from 'nestjs-hybrid-cache';
import { gate } from '../support/engine.js';
import { startFleet, startMachine } from '../support/machines.js';
import { startWith } from '../support/nest-app.js';
import { commandsOf } from '../support/servers/command-counts.js';
import { eventually } from '../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

let server: RedisServer;
let second: RedisServer;
beforeAll(async () => {
  [server, second] = await Promise.all([startRedis(), startRedis()]);
});
afterAll(async () => {
  await Promise.all([server, second].map(async (each) => each?.stop()));
});
beforeEach(async () => {
  await Promise.all([server, second].map(async (each) => each.command('FLUSHALL')));
});

/** Without what a look at the server's rights leaves for a second. */
const keysOf = async (of: RedisServer): Promise<string[]> =>
  ((await of.command('KEYS', '*')) as string[]).filter((key) => !key.includes('~check')).sort();

const type = async (key: string) => server.command('TYPE', key);

describe('the keys in Redis', () => {
  it('are one for each entry, and two for the journal', async () => {
    const caches = { users: {}, pages: { schema: 3 } };
    const machine = await startMachine(server, { namespace: 'shop', caches });
    await machine.cache.getOrLoad('users', '7', () => 'value');
    await machine.cache.getOrLoad('pages', 'a:b', () => 'value');
    await machine.cache.invalidate({ tags: ['any'] });

    await expect
      .poll(async () => keysOf(server))
      .toEqual(['shop:pages:v3:a:b', 'shop:users:v1:7', '{shop}:clock', '{shop}:journal']);
    expect(await Promise.all(['shop:users:v1:7', '{shop}:clock', '{shop}:journal'].map(type))).toEqual([
      'string',
      'hash',
      'stream',
    ]);
    expect(Number(await server.command('PTTL', 'shop:users:v1:7'))).toBeGreaterThan(290_000);
    expect(await server.command('PTTL', '{shop}:clock')).toBe(-1);
    expect(await server.command('PTTL', '{shop}:journal')).toBe(-1);
  });

  it('are one more for each load that runs, in the slot of its entry, with a life of its own', async () => {
    const machine = await startMachine(server, { namespace: 'shop' });
    const loading = gate();
    const read = machine.cache.getOrLoad('users', '7', async () => loading.passed);
    const lock = 'shop:~lock:{shop:users:v1:7}';
    await eventually('the lock is there', async () => (await keysOf(server)).includes(lock));
    const life = Number(await server.command('PTTL', lock));

    expect(life).toBeGreaterThan(0);
    expect(life).toBeLessThanOrEqual(3_000);
    loading.open();
    await read;
    await expect.poll(async () => keysOf(server)).not.toContain(lock);
  });

  it('begin with the prefix of a client that was handed in, which stays open and as it was', async () => {
    const client = new Redis({ port: server.port, keyPrefix: 'app:' });
    onTestFinished(() => client.disconnect());
    const machine = await startMachine(server, { namespace: 'shop', redis: { client } });
    const loading = gate();
    const read = machine.cache.getOrLoad('users', '7', async () => loading.passed);
    await expect.poll(async () => keysOf(server)).toContain('app:shop:~lock:{app:shop:users:v1:7}');
    loading.open();
    await read;
    await machine.cache.invalidate({ tags: ['any'] });

    await expect
      .poll(async () => keysOf(server))
      .toEqual(['app:shop:users:v1:7', 'app:{shop}:clock', 'app:{shop}:journal']);
    await machine.cache.close();
    expect(client.status).toBe('ready');
    expect(await client.exists('shop:users:v1:7')).toBe(1);
  });
});

describe('two namespaces on one Redis', () => {
  it('never touch each other', async () => {
    const [[shop], [bank]] = await Promise.all([
      startFleet(server, 1, { namespace: 'shop' }),
      startFleet(server, 1, { namespace: 'shop.users' }),
    ]);
    await shop!.cache.getOrLoad('users', '7', () => 'of the shop', { tags: ['user:7'] });
    await bank!.cache.getOrLoad('users', '7', () => 'of the bank', { tags: ['user:7'] });
    const { position } = bank!.journal();
    await shop!.cache.invalidate({ tags: ['user:7'] });
    await shop!.cache.evict('users', '7');
    await shop!.cache.clear();

    expect(await shop!.cache.get('users', '7', { consistency: 'strong' })).toBeUndefined();
    expect(await bank!.cache.get('users', '7', { consistency: 'strong' })).toBe('of the bank');
    expect(bank!.journal().position).toBe(position);
    expect(await server.command('EXISTS', 'shop.users:users:v1:7')).toBe(1);
  });
});

describe('clearing', () => {
  it.each([
    ['a cache', 'users'],
    ['everything', undefined],
  ] as const)('%s neither looks for keys nor removes any', async (_what, cache) => {
    const machine = await startMachine(server, { namespace: 'shop', maxStaleness: '10m' });
    await machine.following();
    for (const key of ['a', 'b', 'c']) await machine.cache.set('users', key, 'value');
    await server.command('SET', 'somebody else’s', 'value');
    await eventually('the entries are there', async () => (await keysOf(server)).length === 6);

    const sent = await commandsOf(server, async () => machine.cache.clear(cache));

    expect(sent).toMatchObject({ evalsha: 1, xadd: 1 });
    for (const command of ['keys', 'scan', 'flushdb', 'flushall', 'del', 'unlink', 'get', 'mget']) {
      expect(sent).not.toHaveProperty(command);
    }
    expect(await keysOf(server)).toHaveLength(6);
    expect(await machine.cache.get('users', 'a')).toBeUndefined();
  });
});

describe('two registrations of one application', () => {
  it('use a Redis each', async () => {
    @Injectable()
    class Users {
      loads = 0;

      @Cacheable({ cache: 'users', key: (id: string) => id })
      async find(id: string): Promise<string> {
        return `${id} ${++this.loads}`;
      }

      @Cacheable({ cache: 'sessions', key: (id: string) => id, registration: 'second' })
      async session(id: string): Promise<string> {
        return `${id} ${++this.loads}`;
      }
    }
    const app = await startWith({
      imports: [
        CacheModule.forRoot({ namespace: 'one', redis: { url: server.url }, caches: { users: {} } }),
        CacheModule.forRoot({
          registration: 'second',
          namespace: 'two',
          redis: { url: second.url },
          caches: { sessions: {} },
        }),
      ],
      providers: [Users],
    });
    const users = app.get(Users);
    expect([await users.find('a'), await users.find('a')]).toEqual(['a 1', 'a 1']);
    expect([await users.session('b'), await users.session('b')]).toEqual(['b 2', 'b 2']);
    await expect.poll(async () => keysOf(server)).toEqual(['one:users:v1:a', '{one}:clock']);
    await expect.poll(async () => keysOf(second)).toEqual(['two:sessions:v1:b', '{two}:clock']);

    await app.get(CacheService).clear();
    expect(await users.session('b')).toBe('b 2');
    expect(await users.find('a')).toBe('a 3');
    await app.get<CacheService>(getCacheServiceToken('second')).clear();
    expect(await users.session('b')).toBe('b 4');
    await eventually('nothing is under way', () => app.get(CacheService).status().background === 0);
  });
});
