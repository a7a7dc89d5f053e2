import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentedUser, pageOf, refusals, rulesIn, setUser } from '../../support/documented-rights.js';
import { newNamespace, startFleet, startMachine } from '../../support/machines.js';
import { eventually } from '../../support/servers/eventually.js';
import { startCluster } from '../../support/servers/redis-cluster.js';
import { startRedis, type RedisServer } from '../../support/servers/redis-server.js';
import { ChoosySink, RecordingSink, type Row } from './recording-sink.js';

const row = (id: string, n: number): Row => ({ id, n });
const LATER = { caches: { rows: { writeBehind: { flushEvery: '1h' } } } } as const;
const SOON = { caches: { rows: { writeBehind: { flushEvery: 5, batch: 2, lease: '1s' } } } } as const;

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server?.stop());

describe('writes that wait in Redis', () => {
  it('are flushed by one process at a time', async () => {
    const fleet = await startFleet(server, 3, SOON);
    let [running, most] = [0, 0];
    const sinks = fleet.map(({ cache }) => {
      const sink = new RecordingSink();
      sink.before = async () => {
        most = Math.max(most, ++running);
        await pause(3);
        running--;
      };
      cache.useSink('rows', sink);
      return sink;
    });
    for (let n = 1; n <= 60; n++) {
      await fleet[n % 3]!.cache.writeBehind('rows', `${n % 10}`, row(`${n % 10}`, n));
    }
    await fleet[0]!.cache.writeQueue('rows').flush();

    expect(most).toBe(1);
    const calls = sinks.flatMap(({ calls: made }) => made.flat());
    const newest = new Map(calls.toSorted((a, b) => a.version - b.version).map(({ key, value }) => [key, value.n]));
    expect([...newest.values()].toSorted((a, b) => a - b)).toEqual([51, 52, 53, 54, 55, 56, 57, 58, 59, 60]);
  });

  it('are carried by whoever is asked to, when the one that carried the last ones has nothing left to do', async () => {
    const [one, two] = await startFleet(server, 2, LATER);
    const [first, second] = [new RecordingSink(), new RecordingSink()];
    one!.cache.useSink('rows', first);
    two!.cache.useSink('rows', second);
    await one!.cache.writeBehind('rows', '1', row('1', 1));
    await one!.cache.writeQueue('rows').flush();
    await two!.cache.writeBehind('rows', '2', row('2', 2));
    await two!.cache.writeQueue('rows').flush({ timeout: '3s' });
    expect([[...first.rows.keys()], [...second.rows.keys()]]).toEqual([['1'], ['2']]);
  });

  it('have their sink stopped before another process may take over', async () => {
    const [one, two] = await startFleet(server, 2, SOON);
    const slow = new RecordingSink();
    let aborted: unknown;
    slow.before = async (_writes, signal) => {
      // as if the process had slept: its lease isn't renewed any more
      await server.command('DEL', `{${one!.cache.status().namespace}}:flusher:rows`);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      aborted = signal.reason;
      throw new Error('given up');
    };
    one!.cache.useSink('rows', slow);
    await one!.cache.writeBehind('rows', '1', row('1', 1));
    await eventually('the first has begun', () => slow.calls.length === 1);
    const next = new RecordingSink();
    two!.cache.useSink('rows', next);
    await eventually('the other one writes', () => next.rows.get('1')?.n === 1);
    await eventually('the first was told', () => aborted !== undefined);
    expect(String(aborted)).toContain('another process may flush this queue by now');
  });

  it('are encrypted where the cache is', async () => {
    const key = { keys: { a: randomBytes(32).toString('base64') }, current: 'a' };
    const namespace = newNamespace();
    const caches = { rows: { encrypt: true, writeBehind: { flushEvery: '1h' } } };
    const { cache } = await startMachine(server, { namespace, encryption: key, caches });
    await cache.writeBehind('rows', '1', row('a secret', 1), { tags: ['hidden'], invalidates: ['veiled'] });
    const stored = String(await server.command('HGET', `{${namespace}}:unwritten:rows`, '1'));
    for (const word of ['secret', 'hidden', 'veiled']) expect(stored).not.toContain(word);
    const sink = new RecordingSink();
    cache.useSink('rows', sink);
    await cache.writeQueue('rows').flush();
    expect(sink.rows.get('1')).toEqual(row('a secret', 1));
  });

  it('of an older schema get to the sink, and are no answer to readers', async () => {
    const namespace = newNamespace();
    const before = await startMachine(server, { namespace, ...LATER });
    await before.cache.writeBehind('rows', '1', row('1', 1));
    const caches = { rows: { ...LATER.caches.rows, schema: 2 } };
    const after = await startMachine(server, { namespace, caches });

    expect(await after.cache.getOrLoad('rows', '1', async () => 'from the origin')).toBe('from the origin');
    expect(after.count('rows').notStored).toEqual({ 'stale-part': 1 });
    const sink = new RecordingSink();
    after.cache.useSink('rows', sink);
    await after.cache.writeQueue('rows').flush();
    expect(sink.rows.get('1')).toEqual(row('1', 1));
  });

  it('of an older schema are no answer to readers when they are sent again either', async () => {
    const namespace = newNamespace();
    const before = await startMachine(server, { namespace, ...LATER });
    const choosy = new ChoosySink();
    choosy.poison.add('1');
    before.cache.useSink('rows', choosy);
    await before.cache.writeBehind('rows', '1', row('1', 1));
    await before.cache.writeQueue('rows').flush();
    await before.cache.close();
    const caches = { rows: { ...LATER.caches.rows, schema: 2 } };
    const after = await startMachine(server, { namespace, caches });

    expect(await after.cache.writeQueue('rows').resend()).toBe(1);
    for (const consistency of ['bounded', 'strong'] as const) {
      const read = after.cache.getOrLoad('rows', '1', async () => 'from the origin', { consistency });
      expect(await read).toBe('from the origin');
    }
    const sink = new RecordingSink();
    after.cache.useSink('rows', sink);
    await after.cache.writeQueue('rows').flush();
    expect(sink.rows.get('1')).toEqual(row('1', 1));
  });

  it('say by an error of the cache that Redis is away when they are asked for', async () => {
    const own = await startRedis();
    try {
      const redis = { url: own.url, commandTimeout: '500ms' } as const;
      const { cache } = await startMachine(own, { namespace: newNamespace(), redis, ...LATER });
      cache.useSink('rows', new RecordingSink());
      await own.kill();
      const queue = cache.writeQueue('rows');
      const asks = [
        () => queue.status(),
        () => queue.deadLetters(),
        () => queue.resend(),
        () => queue.discard(['1-1']),
        () => queue.flush(),
      ];
      for (const ask of asks) {
        const answer: Promise<unknown> = ask();
        await expect(answer).rejects.toMatchObject({ code: 'CACHE_CONNECTION' });
        await expect(answer).rejects.toThrow(/cache rows: its write queue can’t be asked/u);
      }
    } finally {
      await own.stop();
    }
  });

  it('are refused while Redis is away, and what is read then isn’t kept', async () => {
    const own = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    try {
      const { cache, count } = await startMachine(own, {
        namespace: newNamespace(),
        redis: { url: own.url, commandTimeout: '500ms' },
        ...LATER,
      });
      await cache.writeBehind('rows', '1', row('1', 1));
      await own.kill();
      const refused = cache.writeBehind('rows', '1', row('1', 2));
      await expect(refused).rejects.toMatchObject({ code: 'CACHE_CONNECTION' });
      await expect(refused).rejects.toThrow(/cache rows, key 1: the write wasn't acknowledged/u);
      await cache.evict('rows', '1');
      expect(await cache.getOrLoad('rows', '1', async () => row('1', 0))).toEqual(row('1', 0));
      expect(count('rows').notStored['stale-part']).toBe(1);

      await own.restart();
      await eventually('what was acknowledged is there', async () => {
        return (await cache.getOrLoad<Row>('rows', '1', async () => row('1', 0))).n === 1;
      });
    } finally {
      await own.stop();
    }
  });

  it('wait for a replica where the journal does, and say whether one has them', async () => {
    const master = await startRedis();
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
    try {
      await eventually('the replica follows', async () => {
        return String(await master.command('INFO', 'replication')).includes('state=online');
      });
      const { cache } = await startMachine(master, {
        namespace: newNamespace(),
        redis: { url: master.url, commandTimeout: '500ms' },
        journal: { durability: 'replicated' },
        ...LATER,
      });
      expect(await cache.writeBehind('rows', '1', row('1', 1))).toMatchObject({ durable: true, replicated: true });
      await replica.kill();
      expect(await cache.writeBehind('rows', '1', row('1', 2))).toMatchObject({ durable: true, replicated: false });
      expect((await cache.writeQueue('rows').status()).waiting).toBe(1);
    } finally {
      await Promise.all([master.stop(), replica.stop()]);
    }
  });

  it('are refused as a whole while Redis is out of memory', async () => {
    const own = await startRedis();
    try {
      const { cache } = await startMachine(own, { namespace: newNamespace(), ...LATER });
      await own.command('CONFIG', 'SET', 'maxmemory', '1');
      await expect(cache.writeBehind('rows', '1', row('1', 1))).rejects.toThrow(/OOM/u);
      await own.command('CONFIG', 'SET', 'maxmemory', '0');
      expect((await cache.writeQueue('rows').status()).waiting).toBe(0);
      await cache.writeBehind('rows', '1', row('1', 2));
      expect((await cache.writeQueue('rows').status()).waiting).toBe(1);
    } finally {
      await own.stop();
    }
  });

  it('find their places again when the queue is lost and the values aren’t', async () => {
    const namespace = newNamespace();
    const { cache } = await startMachine(server, { namespace, ...LATER });
    await cache.writeBehind('rows', '1', row('1', 1));
    await server.command('DEL', `{${namespace}}:writes:rows`);
    const sink = new RecordingSink();
    cache.useSink('rows', sink);
    await cache.writeQueue('rows').flush();
    expect(sink.rows.get('1')).toEqual(row('1', 1));
  });

  it('become dead letters that say so when their bytes can’t be read', async () => {
    const namespace = newNamespace();
    const { cache } = await startMachine(server, { namespace, ...LATER });
    await cache.writeBehind('rows', '1', row('1', 1));
    await cache.writeBehind('rows', '2', row('2', 1));
    await server.command('HSET', `{${namespace}}:unwritten:rows`, '1', '7|gibberish');
    const sink = new RecordingSink();
    cache.useSink('rows', sink);
    await cache.writeQueue('rows').flush();
    expect([...sink.rows.keys()]).toEqual(['2']);
    const letters = await cache.writeQueue('rows').deadLetters();
    expect(letters).toMatchObject([{ key: '1', readable: false, value: undefined }]);
    expect(letters[0]!.reason).toBe("its bytes can't be read by this version of the application");
    expect(await cache.writeQueue('rows').resend()).toBe(0);
  });

  it('work in a cluster', { timeout: 60_000 }, async () => {
    const cluster = await startCluster();
    try {
      const redis = { cluster: cluster.nodes };
      const open = async (namespace: string) => startMachine(server, { namespace, redis, ...LATER });
      const namespace = newNamespace();
      const [here, there] = [await open(namespace), await open(namespace)];
      const sink = new RecordingSink();
      here.cache.useSink('rows', sink);
      for (let n = 1; n <= 20; n++) await here.cache.writeBehind('rows', `key ${n} {x}`, row('1', n));
      expect(
        await there.cache.getOrLoad('rows', 'key 20 {x}', async () => row('1', 0), { consistency: 'strong' }),
      ).toEqual(row('1', 20));
      await here.cache.writeQueue('rows').flush();
      expect(sink.written).toBe(20);
    } finally {
      await cluster.stop();
    }
  });
});

describe('the rights that the page about Redis names for it', () => {
  const page = pageOf('redis.md');
  const user = documentedUser(page);
  const base = user.rules;
  const more = rulesIn(/written behind\]\(write-behind\.md\) need in addition:\s*```([^`]*)```/u.exec(page)![1]!);

  /** Does everything a queue is for; gives the commands that were refused. */
  async function refusedTo(rules: readonly string[]): Promise<string[]> {
    const url = await setUser(server, user, rules);
    const machine = await startMachine(server, {
      namespace: 'shop',
      redis: { url },
      ...LATER,
    });
    await server.command('FLUSHALL');
    await server.command('SCRIPT', 'FLUSH');
    const { cache } = machine;
    const sink = new RecordingSink();
    sink.poison.add('2');
    cache.useSink('rows', sink);
    const quietly = async (work: () => Promise<unknown>): Promise<void> => void (await work().catch(() => undefined));
    await quietly(() => cache.writeBehind('rows', '1', row('1', 1)));
    await quietly(() => cache.getOrLoad('rows', '1', async () => 1));
    await quietly(() => cache.writeQueue('rows').flush({ timeout: 10 }));
    await quietly(() => cache.writeBehind('rows', '1', row('1', 1)));
    await server.command('DEL', '{shop}:writes:rows');
    await quietly(() => cache.writeQueue('rows').flush({ timeout: 10 }));
    await quietly(() => cache.writeQueue('rows').status());
    return refusals(server);
  }

  it('suffice', async () => {
    expect(await refusedTo([...base, ...more])).toEqual([]);
  });

  it.each(more)('are needed: %s', async (rule) => {
    const others = [...base, ...more].filter((each) => each !== rule);
    expect(await refusedTo(others)).toContain(rule.slice(1));
  });
});
