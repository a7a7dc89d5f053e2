import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { CacheConnectionError } from '../../lib/cache.errors.js';
import type { KnownIdsOptions } from '../../lib/options/known-ids-options.interface.js';
import type { IdVerdict } from '../../lib/known-ids/id-filter.interface.js';
import { gate } from '../support/engine.js';
import { newNamespace, PATIENT, startMachine, type Machine } from '../support/machines.js';
import { forkCaches } from '../support/processes/forked-caches.js';
import { eventually } from '../support/servers/eventually.js';
import { startCluster } from '../support/servers/redis-cluster.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

const EXACT = { capacity: 1_000, falsePositiveRate: 1e-6, commitWithin: 0 } as const;
const cachesWith = (knownIds: Partial<KnownIdsOptions> = {}) => ({ users: { knownIds: { ...EXACT, ...knownIds } } });

let server: RedisServer;
let source: RedisServer;
beforeAll(async () => {
  [server, source] = await Promise.all([startRedis(), startRedis()]);
});
afterAll(async () => {
  await Promise.all([server, source].map(async (each) => each?.stop()));
});
beforeEach(async () => {
  await Promise.all([server, source].map(async (each) => each.command('FLUSHALL')));
});

const machine = async (namespace: string, knownIds: Partial<KnownIdsOptions> = {}, on = server): Promise<Machine> =>
  startMachine(on, { namespace, caches: cachesWith(knownIds) });
const load =
  (value = 'loaded') =>
  () =>
    value;
/** What a read gets that keeps nothing. */
const read = async ({ cache }: Machine, key: string): Promise<unknown> =>
  cache.getOrLoad('users', key, load(), { ttl: 0 });
const bitmaps = async (namespace: string, on = server): Promise<string[]> =>
  ((await on.command('KEYS', `{${namespace}}:~ids:*`)) as string[]).filter((key) => !/:(?:state|writes)$/.test(key));

describe('known ids of several processes', () => {
  it('are the same for all of them', async () => {
    const options = { caches: cachesWith() };
    const [one, other] = await forkCaches(2, { server, source, options });
    await source.command('SET', 'row:1', 'row 1');
    await source.command('SET', 'row:4', 'row 4');
    expect(await one!.call('rebuildIds', ['1', '2', '3'])).toMatchObject({ status: 'built', ids: 3 });
    expect(await other!.call('read', '1')).toBe('row 1');
    for (const process of [one!, other!]) expect(await process.call('read', '4')).toBeNull();
    expect(await source.command('GET', 'loads:4')).toBeNull();
    await other!.call('addIds', ['4']);
    expect(await one!.call('read', '4')).toBe('row 4');
  });

  it('aren’t relied on where one of them died between an insert and its id, until they are rebuilt', async () => {
    const options = { caches: cachesWith(), maxStaleness: '300ms' };
    const [one, doomed] = await forkCaches(2, { server, source, options });
    await one!.call('rebuildIds', ['1']);
    expect(await one!.call('read', '7')).toBeNull();
    await doomed!.call('insertAndDie', '7', 'row 7').catch(() => undefined);
    await eventually('the row is found', async () => (await one!.call('read', '7')) === 'row 7');
    const { caches } = await one!.call('status');
    expect(caches['users']!.idTests.unknown).toBeGreaterThan(0);
    await one!.call('rebuildIds', ['1', '7']);
    expect(await one!.call('read', '8')).toBeNull();
    expect(await source.command('GET', 'loads:8')).toBeNull();
  });
});

describe('known ids in Redis', () => {
  it('have the rate of false positives that was asked for, with 100,000 of them', async () => {
    const namespace = newNamespace();
    const { cache } = await machine(namespace, { capacity: 100_000, falsePositiveRate: 0.01 });
    const users = cache.knownIds('users');
    await users.rebuild(function* () {
      for (let id = 0; id < 100_000; id++) yield `id-${id}`;
    });
    const trials = 20_000;
    const others = Array.from({ length: trials }, (_, id) => `other-${id}`);
    const asked: string[] = [];
    await cache.getOrLoadMany('users', others, (keys) => {
      asked.push(...keys);
      return keys.map(() => null);
    });
    expect(asked.length).toBeLessThanOrEqual(200 + 4 * Math.sqrt(200));
    expect(asked.length).toBeGreaterThan(100);
    const known = Array.from({ length: 1_000 }, (_, id) => `id-${id * 97}`);
    expect(await cache.getOrLoadMany('users', known, (keys) => keys)).toEqual(known);
    expect(await users.status()).toMatchObject({ state: 'complete', ids: 100_000, bytes: 119_912 });
  });

  it('are split into several bitmaps where they are many', async () => {
    const namespace = newNamespace();
    const made = await machine(namespace, { capacity: 8_000_000, falsePositiveRate: 0.01 });
    const ids = Array.from({ length: 300 }, (_, id) => `id-${id}`);
    await made.cache.knownIds('users').rebuild(() => ids);
    expect(await bitmaps(namespace)).toHaveLength(3);
    expect(await made.cache.getOrLoadMany('users', ids, (keys) => keys)).toEqual(ids);
    expect(await read(made, 'other')).toBeNull();
  });

  it('of an old filter and of a broken one leave nothing behind', async () => {
    const namespace = newNamespace();
    const { cache } = await machine(namespace);
    const users = cache.knownIds('users');
    for (let times = 0; times < 3; times++) await users.rebuild(() => ['1']);
    const broken = users.rebuild(function* () {
      yield '2';
      throw new Error('source lost');
    });
    await expect(broken).rejects.toThrow('source lost');
    const left = await bitmaps(namespace);
    expect(left).toHaveLength(1);
    expect(await server.command('PTTL', left[0]!)).toBe(-1);
  });

  it('are built by one process at a time, and have in them what others add meanwhile', async () => {
    const namespace = newNamespace();
    const [one, other] = [await machine(namespace), await machine(namespace)];
    const result = await one.cache.knownIds('users').rebuild(async function* () {
      expect(await other.cache.knownIds('users').rebuild(() => ['never'])).toEqual({ status: 'busy' });
      yield '1';
      await other.cache.knownIds('users').add('2');
      await other.cache.put('users', '3', () => 'three');
    });
    expect(result).toMatchObject({ status: 'built', ids: 1 });
    // for a second it takes for granted that there is none
    await eventually('the other one uses it', async () => (await read(other, '4')) === null);
    for (const key of ['1', '2', '3']) expect(await read(other, key)).not.toBeNull();
    expect(await read(other, 'never')).toBeNull();
  });

  it('follow a filter that another process has put in place of theirs', async () => {
    const namespace = newNamespace();
    const [one, other] = [
      await machine(namespace),
      await machine(namespace, { capacity: 50, falsePositiveRate: 1e-5 }),
    ];
    await one.cache.knownIds('users').rebuild(() => ['1']);
    expect(await read(other, '2')).toBeNull();
    await other.cache.knownIds('users').rebuild(() => ['2']);
    expect([await read(one, '1'), await read(one, '2')]).toEqual([null, 'loaded']);
    await one.cache.knownIds('users').add('1');
    expect([await read(other, '1'), await read(one, '1')]).toEqual(['loaded', 'loaded']);
  });

  it.each([
    ['with ids to add', ['1']],
    ['with nothing left to add', []],
  ])('aren’t taken over by a process that is slow to notice that another one builds, %s', async (_how, ids) => {
    const namespace = newNamespace();
    const [one, other] = [await machine(namespace), await machine(namespace)];
    const isOver = gate();
    let quick: Promise<unknown> | undefined;
    const slow = one.cache.knownIds('users').rebuild(async function* () {
      yield* ids;
      // as if nothing had been heard of it for long
      await server.command('HSET', `{${namespace}}:~ids:users:state`, 'leaseUntil', '1');
      const begun = gate();
      quick = other.cache.knownIds('users').rebuild(async function* () {
        begun.open();
        yield '2';
        await isOver.passed;
      });
      await begun.passed;
    });
    await expect(slow).rejects.toThrow('another process took over');
    isOver.open();
    expect(await quick).toMatchObject({ status: 'built' });
    await eventually('the other filter is used', async () => (await read(one, '1')) === null);
    expect(await read(one, '2')).toBe('loaded');
    expect(await bitmaps(namespace)).toHaveLength(1);
  });
});

describe('known ids that can’t be relied on', () => {
  it('are those of a server that began again, until they are rebuilt', async () => {
    const own = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    onTestFinished(async () => own.stop());
    const namespace = newNamespace();
    const made = await startMachine(own, { namespace, caches: { ...cachesWith(), pages: {} } });
    await made.cache.knownIds('users').rebuild(() => ['1']);
    expect(await read(made, '2')).toBeNull();
    await own.restart();
    await eventually('redis is used again', async () => {
      await made.cache.set('pages', 'again', 'page');
      return made.journal().trusted && (await own.command('EXISTS', `${namespace}:pages:v1:again`)) === 1;
    });
    expect(await own.command('HEXISTS', `{${namespace}}:~ids:users:state`, 'live')).toBe(1);
    expect(await read(made, '2')).toBe('loaded');
    await made.cache.knownIds('users').rebuild(() => ['1']);
    await eventually('they are used again', async () => (await read(made, '2')) === null);
  });

  it('are those of a replica that took over', async () => {
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(server.port)] });
    onTestFinished(async () => replica.stop());
    const namespace = newNamespace();
    const made = await machine(namespace);
    await made.cache.knownIds('users').rebuild(() => ['1']);
    await eventually('the replica has it', async () => (await bitmaps(namespace, replica)).length === 1);
    await replica.command('REPLICAOF', 'NO', 'ONE');
    const there = await machine(namespace, {}, replica);
    expect(await read(made, '2')).toBeNull();
    expect(await read(there, '2')).toBe('loaded');
    await there.cache.knownIds('users').add('3');
    expect(await there.cache.knownIds('users').status()).toMatchObject({ state: 'none' });
  });

  it('are those whose bitmap is gone, and nobody makes up a new one', async () => {
    const namespace = newNamespace();
    const made = await machine(namespace);
    await made.cache.knownIds('users').rebuild(() => ['1']);
    expect(await read(made, '2')).toBeNull();
    await server.command('DEL', ...(await bitmaps(namespace)));
    expect(await read(made, '1')).toBe('loaded');
    expect(await read(made, '2')).toBe('loaded');
    await made.cache.knownIds('users').add('3');
    expect(await bitmaps(namespace)).toEqual([]);
    expect(await read(made, '2')).toBe('loaded');
  });

  it('are those that a write is on its way into for too long, and only so long', async () => {
    const namespace = newNamespace();
    const made = await startMachine(server, { namespace, caches: cachesWith(), maxStaleness: '200ms' });
    const { cache, internals } = made;
    await cache.knownIds('users').rebuild(() => ['1']);
    const { region } = internals.engine.deskOf('users');
    let insert = (): void => undefined;
    const inserted = new Promise<void>((resolve) => (insert = resolve));
    const writing = internals.engine.writes.identify({ region, write: async () => inserted, keyOf: () => '2' });
    await eventually('nothing is absent any more', async () => (await read(made, '3')) === 'loaded');
    insert();
    await writing;
    expect([await read(made, '3'), await read(made, '2')]).toEqual([null, 'loaded']);
  });

  it('a write that fails has written nothing, and leaves nothing open', async () => {
    const namespace = newNamespace();
    const { internals } = await machine(namespace);
    const { region } = internals.engine.deskOf('users');
    const write = async (): Promise<never> => Promise.reject(new Error('unique violation'));
    await expect(internals.engine.writes.identify({ region, write, keyOf: () => '2' })).rejects.toThrow('unique');
    expect(await server.command('EXISTS', `{${namespace}}:~ids:users:writes`)).toBe(0);
  });
});

describe('while Redis is away', () => {
  it('every read asks the source, ids can’t be added, and nothing is written without its id', async () => {
    const own = await startRedis();
    onTestFinished(async () => own.stop());
    const caches = cachesWith();
    const redis = { url: own.url, commandTimeout: '100ms' };
    const made = await startMachine(own, { namespace: newNamespace(), caches, redis });
    const { cache, internals } = made;
    await cache.knownIds('users').rebuild(() => ['1']);
    expect(await read(made, '2')).toBeNull();
    await own.kill();
    expect(await read(made, '2')).toBe('loaded');
    let writes = 0;
    const write = (): string => `written ${++writes}`;
    await expect(cache.knownIds('users').add('3')).rejects.toThrow(CacheConnectionError);
    await expect(cache.put('users', '3', write)).rejects.toThrow(CacheConnectionError);
    await expect(cache.set('users', '3', 'three')).rejects.toThrow(CacheConnectionError);
    const { region } = internals.engine.deskOf('users');
    await expect(internals.engine.writes.identify({ region, write, keyOf: () => '3' })).rejects.toThrow(
      'nothing was written, because its id can’t be added',
    );
    await expect(cache.knownIds('users').rebuild(() => ['1'])).rejects.toThrow(CacheConnectionError);
    expect(writes).toBe(0);
  });

  it('a rebuild goes on when it is back soon', async () => {
    const own = await startRedis();
    onTestFinished(async () => own.stop());
    const redis = { url: own.url, commandTimeout: '100ms' };
    const made = await startMachine(own, { namespace: newNamespace(), caches: cachesWith(), redis });
    const rebuilding = made.cache.knownIds('users').rebuild(async function* () {
      for (let id = 0; id < 2_000; id++) {
        if (id === 700) await own.freeze();
        if (id === 700) setTimeout(() => own.thaw(), 500);
        yield `id-${id}`;
      }
    });
    expect(await rebuilding).toMatchObject({ status: 'built', ids: 2_000 });
    await eventually('the filter is used', async () => (await read(made, 'other')) === null);
    for (const key of ['id-0', 'id-699', 'id-700', 'id-1999']) expect(await read(made, key)).toBe('loaded');
  });

  it('after a write whose id couldn’t be added, nothing is absent when it is back', async () => {
    const own = await startRedis();
    onTestFinished(async () => own.stop());
    const redis = { url: own.url, commandTimeout: '300ms' };
    const maxStaleness = '200ms';
    const made = await startMachine(own, { namespace: newNamespace(), caches: cachesWith(), redis, maxStaleness });
    const { cache, internals, lines } = made;
    await cache.knownIds('users').rebuild(() => ['1']);
    const { region } = internals.engine.deskOf('users');
    const write = async (): Promise<string> => {
      await own.freeze();
      return 'written';
    };
    expect(await internals.engine.writes.identify({ region, write, keyOf: () => '2' })).toBe('written');
    expect(lines.join()).toContain('its id couldn’t be added to the known ids');
    own.thaw();
    await eventually('redis is used again', () => Promise.resolve(made.journal().trusted));
    expect(await read(made, '2')).toBe('loaded');
    expect(await read(made, '3')).toBe('loaded');
  });
});

describe('in a cluster', () => {
  it('known ids are in one slot, and shared', async () => {
    const cluster = await startCluster();
    onTestFinished(async () => cluster.stop());
    const namespace = newNamespace();
    const redis = { cluster: cluster.nodes, commandTimeout: PATIENT };
    const options = { namespace, caches: cachesWith({ capacity: 8_000_000, falsePositiveRate: 0.01 }), redis };
    const [one, other] = [await startMachine(server, options), await startMachine(server, options)];
    const ids = Array.from({ length: 100 }, (_, id) => `id-${id}`);
    await one.cache.knownIds('users').rebuild(() => ids);
    await other.cache.knownIds('users').add('added');
    expect(await other.cache.getOrLoadMany('users', ids, (keys) => keys)).toEqual(ids);
    expect([await read(one, 'added'), await read(one, 'other')]).toEqual(['loaded', null]);
  });
});

describe('whatever is done in whatever order', () => {
  const id = fc.integer({ min: 0, max: 12 }).map(String);
  const step = fc.oneof(
    fc.record({ do: fc.constant('add' as const), ids: fc.array(id, { minLength: 1, maxLength: 3 }), by: fc.nat(1) }),
    fc.record({
      do: fc.constant('test' as const),
      ids: fc.array(id, { minLength: 1, maxLength: 5 }),
      knows: fc.boolean(),
      by: fc.nat(1),
    }),
    fc.record({
      do: fc.constant('rebuild' as const),
      ids: fc.uniqueArray(id, { maxLength: 6 }),
      meanwhile: fc.array(id, { maxLength: 3 }),
      fails: fc.boolean(),
      by: fc.nat(1),
    }),
    fc.record({ do: fc.constant('lose' as const), by: fc.nat(1) }),
  );

  /** One that doesn't know yet may say that it doesn't; nobody says more than is true. */
  function agree(ids: readonly string[], verdicts: readonly IdVerdict[], knows: boolean, model?: Set<string>): void {
    const truth = (key: string): IdVerdict => (model === undefined ? 'unknown' : model.has(key) ? 'maybe' : 'absent');
    const told = ids.map((key, index) => [key, !knows && verdicts[index] === 'unknown' ? truth(key) : verdicts[index]]);
    expect(told).toEqual(ids.map((key) => [key, truth(key)]));
  }

  it('two processes say what a set of ids would say', async () => {
    const namespace = newNamespace();
    const machines = [await machine(namespace), await machine(namespace)];
    const filters = machines.map(({ internals }) => internals.engine.deskOf('users').region.ids!);
    const seen = { absent: 0, maybe: 0, unknown: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 20, size: 'max' }), async (steps) => {
        await server.command('DEL', `{${namespace}}:~ids:users:state`);
        await filters[0]!.rebuild(['1', '2', '3', '4']);
        let model: Set<string> | undefined = new Set(['1', '2', '3', '4']);
        for (const each of steps) {
          const [filter, other] = [filters[each.by]!, filters[1 - each.by]!];
          if (each.do === 'add') {
            await filter.add(each.ids);
            for (const key of each.ids) model?.add(key);
          } else if (each.do === 'lose') {
            const lost = await bitmaps(namespace);
            if (lost.length > 0) await server.command('DEL', ...lost);
            model = undefined;
          } else if (each.do === 'rebuild') {
            const keys = async function* () {
              yield* each.ids;
              await other.add(each.meanwhile);
              if (each.fails) throw new Error('source lost');
            };
            await filter.rebuild(keys()).catch(() => undefined);
            if (each.fails) for (const key of each.meanwhile) model?.add(key);
            else model = new Set([...each.ids, ...each.meanwhile]);
          } else {
            // one that doesn't may go on for a moment as if there were none
            if (each.knows) await filter.status();
            const verdicts = await filter.test(each.ids);
            for (const verdict of verdicts) seen[verdict]++;
            agree(each.ids, verdicts, each.knows, model);
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(Math.min(seen.absent, seen.maybe, seen.unknown)).toBeGreaterThan(50);
  });
});
