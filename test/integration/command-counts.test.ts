import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CacheModuleOptions } from '../../lib/options/cache-options.interface.js';
import { printFigures } from '../support/figures.js';
import { startFleet, type Machine } from '../support/machines.js';
import { commandsOf } from '../support/servers/command-counts.js';
import { eventually } from '../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server?.stop());

/** So that no synchronisation comes in between. */
const SELDOM: CacheModuleOptions = { maxStaleness: '10m' };

async function startTwo(options: CacheModuleOptions = {}): Promise<[Machine, Machine]> {
  const [one, other] = await startFleet(server, 2, { ...SELDOM, ...options });
  return [one!, other!];
}

describe('the commands that are sent', () => {
  it.each([0, 5, 128])('for a hit in Redis are one GET, of an entry with %i tags', async (count) => {
    const [writer, reader] = await startTwo();
    const tags = Array.from({ length: count }, (_, index) => `tag-${index}`);
    await writer.cache.getOrLoad('users', '7', () => 'value', { tags });

    const sent = await commandsOf(server, async () => {
      expect(await reader.cache.getOrLoad('users', '7', () => 'other', { tags })).toBe('value');
    });

    expect(reader.count().outcomes.l2).toBe(1);
    expect(sent).toEqual({ get: 1 });
  });

  it('for a hit in memory are none', async () => {
    const [machine] = await startTwo();
    const read = async () => machine.cache.getOrLoad('users', '7', () => 'value');
    await read();

    expect(await commandsOf(server, async () => Promise.all([read(), read()]))).toEqual({});
  });

  it('for a miss are the look, the lock with a second look, the entry and the lock’s end', async () => {
    const [machine] = await startTwo();
    // every script is known to the server once it has been used
    await machine.cache.getOrLoad('users', '7', () => 'value');

    const sent = await commandsOf(server, async () => machine.cache.getOrLoad('users', '8', () => 'value'));
    printFigures('commands of a miss', sent);

    // the script's GET and DEL are counted as well
    expect(sent).toEqual({ get: 3, set: 2, evalsha: 1, del: 1 });
  });

  it('for a strong read of what is in memory are one synchronisation, however many read at once', async () => {
    const [machine] = await startTwo();
    const read = async () => machine.cache.getOrLoad('users', '7', () => 'value', { consistency: 'strong' });
    await read();

    const { evalsha, get = 0, set = 0 } = await commandsOf(server, async () => Promise.all([read(), read(), read()]));

    expect({ evalsha, get, set }).toEqual({ evalsha: 1, get: 0, set: 0 });
  });

  it('for many keys at once are one MGET; for those missing one script for their locks, one SET each and a script again', async () => {
    const [writer, reader] = await startTwo();
    const load = (missing: number[]) => missing.map((key) => `value of ${key}`);
    const ids = Array.from({ length: 1_000 }, (_, id) => id);
    await writer.cache.getOrLoadMany('users', ids.slice(0, 500), load);

    const hits = await commandsOf(server, async () => reader.cache.getOrLoadMany('users', ids.slice(0, 500), load));
    const inMemory = await commandsOf(server, async () => reader.cache.getOrLoadMany('users', ids.slice(0, 500), load));
    const sent = await commandsOf(server, async () => writer.cache.getOrLoadMany('users', ids, load));
    printFigures('commands of a batch of 1,000, of which 500 are missing', sent);

    expect([hits, inMemory]).toEqual([{ mget: 1 }, {}]);
    // the locks’ SET, GET and DEL inside the scripts are counted as well
    expect(sent).toEqual({ mget: 1, evalsha: 2, set: 1_000, get: 1_000, del: 500 });
    expect(reader.count().outcomes).toMatchObject({ l2: 500, l1: 500, loaded: 0 });
  });

  it('for a look at many keys are one MGET', async () => {
    const [writer, reader] = await startTwo();
    await writer.cache.getOrLoadMany('users', ['a', 'b'], (missing) => missing);

    const sent = await commandsOf(server, async () => {
      expect(await reader.cache.getMany('users', ['b', 'c', 'a'])).toEqual(['b', undefined, 'a']);
    });

    expect(sent).toEqual({ mget: 1 });
  });

  it('for the invalidations of one turn are one script', async () => {
    const [machine] = await startTwo();
    await machine.cache.invalidate({ tags: ['any'] });

    const { evalsha, xadd } = await commandsOf(server, async () =>
      Promise.all(['a', 'b', 'c'].map(async (tag) => machine.cache.invalidate({ tags: [tag] }))),
    );

    expect({ evalsha, xadd }).toEqual({ evalsha: 1, xadd: 1 });
  });
});

describe('the invalidation of very many entries', () => {
  const ENTRIES = 100_000;
  const READABLE = 1_000;

  it('is one script for a tag, and one for a whole cache, and looks for no keys', async () => {
    const [writer, reader] = await startTwo({ memory: false });
    const keys = Array.from({ length: READABLE }, (_, index) => `${index}`);
    await Promise.all(keys.map(async (key) => writer.cache.set('users', key, 'old', { tags: ['all'] })));
    const prefix = `${writer.cache.status().namespace}:users:v1:`;
    await eventually('the entries are in Redis', async () => server.command('EXISTS', `${prefix}${READABLE - 1}`));
    // the others are copies, which is all the same to the server
    const copy = `for i = ${READABLE}, ${ENTRIES - 1} do redis.call('COPY', KEYS[1], ARGV[1] .. i) end`;
    await server.command('EVAL', copy, 1, `${prefix}0`, prefix);
    expect(Number(await server.command('DBSIZE'))).toBeGreaterThan(ENTRIES);
    expect(await reader.cache.get('users', `${READABLE - 1}`)).toBe('old');

    let tookMs = 0;
    for (const invalidation of [{ tags: ['all'] }, { caches: ['users' as const] }, { all: true }]) {
      const sent = await commandsOf(server, async () => {
        const begun = performance.now();
        const receipt = await writer.cache.invalidate(invalidation);
        tookMs = Math.max(tookMs, performance.now() - begun);
        expect(receipt.status).toBe('applied');
      });
      expect(sent).toMatchObject({ evalsha: 1, xadd: 1 });
      // what the script does in its few keys
      const { evalsha: _evalsha, ...inside } = sent;
      expect(Object.values(inside).every((calls) => calls <= 3)).toBe(true);
      expect(Object.keys(inside)).not.toContainEqual(expect.stringMatching(/^(?:m?get|set|scan|keys|del|unlink)$/));
    }
    printFigures(`${ENTRIES} entries`, { 'invalidated in ms at most': tookMs });

    const first = await reader.cache.get('users', '0', { consistency: 'strong' });
    const last = await reader.cache.get('users', `${READABLE - 1}`, { consistency: 'strong' });
    expect([first, last]).toEqual([undefined, undefined]);
    expect(Number(await server.command('DBSIZE'))).toBeGreaterThanOrEqual(ENTRIES);
  });
});
