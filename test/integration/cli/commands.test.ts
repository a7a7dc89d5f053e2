import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CacheModuleOptions } from '../../../lib/options/cache-options.interface.js';
import { packHotRecord } from '../../../lib/warmup/hot-record.js';
import { newNamespace, PATIENT, startMachine, type Machine } from '../../support/machines.js';
import { eventually } from '../../support/servers/eventually.js';
import { startCluster, type RedisCluster } from '../../support/servers/redis-cluster.js';
import { startRedis, type RedisServer } from '../../support/servers/redis-server.js';
import { typed, type Typed } from '../../support/typed.js';
import { ChoosySink, type Row } from '../write-behind/recording-sink.js';

let single: RedisServer;
let cluster: RedisCluster;
beforeAll(async () => {
  [single, cluster] = await Promise.all([startRedis(), startCluster()]);
});
afterAll(async () => {
  await Promise.all([single?.stop(), cluster?.stop()]);
});

type Backend = 'one server' | 'a cluster';

/** An application, and a command line that looks at what it left. */
class Scene {
  readonly namespace = newNamespace();

  constructor(private readonly backend: Backend) {}

  start(options: Omit<CacheModuleOptions, 'namespace'> = {}): Promise<Machine> {
    const redis =
      this.backend === 'one server'
        ? { url: single.url, commandTimeout: PATIENT }
        : { cluster: cluster.nodes, commandTimeout: PATIENT };
    return startMachine(single, { redis, ...options, namespace: this.namespace });
  }

  async serverOf(key: string): Promise<RedisServer> {
    return this.backend === 'one server' ? single : (await cluster.ownerOf(key))!;
  }

  type(line: string, env: Readonly<Record<string, string>> = {}): Promise<Typed> {
    return this.typeWords(line.split(' '), env);
  }

  typeWords(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Typed> {
    const nodes = cluster.nodes.map(({ host, port }) => `${host}:${port}`).join(',');
    const where = this.backend === 'one server' ? ['--url', single.url] : ['--cluster', nodes];
    return typed([...words, ...where, '--namespace', this.namespace], { env });
  }

  async json<T>(line: string, env: Readonly<Record<string, string>> = {}): Promise<T> {
    const { code, out, err } = await this.type(`${line} --json`, env);
    if (err !== '' || (code !== 0 && code !== 1)) throw new Error(`${line} ended with ${code}: ${err}`);
    return JSON.parse(out) as T;
  }
}

interface Explained {
  readonly found: boolean;
  readonly entries: { readonly state: string; readonly reason: string; readonly record: { tag: string } | null }[];
}

const SECRET = 'a value that nobody may see';

describe.each(['one server', 'a cluster'] as const)('on %s', (backend) => {
  it('stats count entries by cache, and what waits', async () => {
    const scene = new Scene(backend);
    const { cache } = await scene.start({ caches: { users: {}, pages: { schema: 3 } } });
    for (let id = 0; id < 30; id++) await cache.set('users', id, SECRET);
    await cache.set('pages', 'a:b', SECRET);
    await cache.invalidate({ tags: ['any'] });

    const { caches, journal, keys } = await scene.json<{
      caches: { name: string; entries: number; schemas: number[]; bytes: number }[];
      journal: { records: number; fleetStalenessMs: number };
      keys: { estimated: boolean };
    }>('stats');
    expect(caches.map(({ name, entries, schemas }) => ({ name, entries, schemas }))).toEqual([
      { name: 'users', entries: 30, schemas: [1] },
      { name: 'pages', entries: 1, schemas: [3] },
    ]);
    expect(caches[0]!.bytes).toBeGreaterThan(30 * SECRET.length);
    expect(journal.records).toBeGreaterThan(0);
    expect(journal.fleetStalenessMs).toBe(1_000);
    expect(keys.estimated).toBe(false);

    const { code, out } = await scene.type('stats');
    expect(code).toBe(0);
    const table = out.slice(out.indexOf('cache  ')).replaceAll(/≈ [\d.]+ (?:k?b)/g, '≈ N b');
    expect(table.replaceAll(/ +/g, ' ')).toMatchInlineSnapshot(`
      "cache entries memory schema loading waiting writes dead letters known ids
      users 30 ≈ N b 1 0 0 0
      pages 1 ≈ N b 3 0 0 0
      "
    `);
  });

  it('explain says why an entry is a hit or a miss', async () => {
    const scene = new Scene(backend);
    const grace = { revalidate: '1h', error: '1h' } as const;
    const { cache } = await scene.start({ caches: { users: { grace }, brief: { ttl: 1, grace } } });
    const states = async (line: string): Promise<string[]> =>
      (await scene.json<Explained>(line)).entries.map(({ state }) => state);
    await cache.set('users', '7', SECRET, { tags: ['team:1'] });
    await cache.set('brief', '7', SECRET);
    expect(await states('explain users 7')).toEqual(['fresh']);
    await cache.invalidate({ tags: ['another'] });
    expect(await states('explain users 7')).toEqual(['fresh']);
    expect((await scene.type('explain users 7')).out).toContain('none of the 1 invalidation names a tag of it');
    await eventually('it has expired', async () => (await states('explain brief 7'))[0] === 'grace');

    await cache.invalidate({ tags: ['team:1'], mode: 'soft' });
    expect(await states('explain users 7')).toEqual(['soft']);
    await cache.invalidate({ tags: ['team:1'] });
    const { entries } = await scene.json<Explained>('explain users 7');
    expect(entries[0]).toMatchObject({ state: 'invalidated', record: { tag: 'tag team:1' } });
    expect((await scene.type('explain users 7')).out).toMatch(
      /^invalidated: no answer since it was invalidated, .* ago at .*: tag team:1$/m,
    );

    await cache.evict('users', '7');
    const missing = await scene.type('explain users 7');
    expect(missing.out).toContain('missing: nothing is stored');
    expect(missing.out).toMatch(/the last record about it: .*: key 7 of cache users/);
    expect((await scene.json<{ found: boolean }>('explain users 7')).found).toBe(false);
    expect((await scene.type('explain brif 7')).out).toContain('did you mean brief?');
  });

  it('explain knows the keys of calls with a number, and of calls with several arguments', async () => {
    const scene = new Scene(backend);
    const { cache } = await scene.start();
    await cache.set('users', [7], SECRET);
    await cache.set('users', [7, 'en'], SECRET);
    expect((await scene.json<Explained>('explain users 7')).found).toBe(true);
    const { out } = await scene.typeWords(['explain', 'users', '--args', '[7, "en"]']);
    expect(out).toContain('fresh: ');
  });

  it('inspect lists entries, and shows a value only when it is told to', async () => {
    const scene = new Scene(backend);
    const { cache } = await scene.start();
    await cache.set('users', 'b', { name: SECRET, born: new Date(0) }, { tags: ['team:1'] });
    await cache.set('users', 'a', SECRET);
    const list = await scene.type('inspect users');
    expect(list.out.split('\n').map((line) => line.split(' ')[0])).toEqual(['key', 'a', 'b', '']);

    const shown = await scene.type('inspect users b');
    expect(shown.out).toContain('tag team:1');
    expect(shown.out).not.toContain(SECRET);
    expect(JSON.stringify(await scene.json('inspect users b'))).not.toContain(SECRET);
    expect((await scene.type('inspect users b --values')).out).toContain(`name: '${SECRET}'`);
    const { entries } = await scene.json<{ entries: { value: unknown }[] }>('inspect users b --values');
    expect(entries[0]!.value).toEqual({ name: SECRET, born: '1970-01-01T00:00:00.000Z' });
    expect(await scene.type('inspect users c')).toMatchObject({ code: 1, err: '' });
  });

  it('shows no terminal a command that hides in a key, a tag or a value', async () => {
    const scene = new Scene(backend);
    const { cache } = await scene.start();
    const command = '\u001b]0;owned\u0007\u009b2J';
    const [key, tag] = [`key ${command}`, `tag ${command}`];
    await cache.set('users', key, { error: new Error(`error ${command}`), text: command }, { tags: [tag] });
    const shown = [await scene.typeWords(['inspect', 'users', key, '--values'])];
    await cache.invalidate({ tags: [tag] });
    shown.push(await scene.typeWords(['explain', 'users', key]));
    await cache.evict('users', key);
    shown.push(await scene.typeWords(['explain', 'users', key]));
    await cache.evict('users', `other ${key}`);
    shown.push(await scene.typeWords(['explain', 'users', `other ${key}`]));

    const texts = shown.map(({ out, err }) => out + err);
    for (const text of texts) expect(text).toContain(String.raw`\x1b]0;owned\x07\x9b2J`);
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    for (const text of texts) expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  it('opens encrypted entries with the keys of the application, and says so where it can’t', async () => {
    const scene = new Scene(backend);
    const key = randomBytes(32).toString('base64');
    const { cache } = await scene.start({
      encryption: { keys: { k1: key }, current: 'k1' },
      caches: { users: { encrypt: true } },
    });
    await cache.set('users', '7', SECRET, { tags: ['team:1'] });
    const closed = await scene.type('explain users 7 --schema 1');
    expect(closed.out).toContain('unreadable: a miss: it is encrypted, and its key isn’t among CACHE_ENCRYPTION_KEYS');
    expect(closed.out).toMatch(/encrypted +with the key k1/);
    expect(closed.out).not.toContain('team:1');
    const open = await scene.type('inspect users 7 --values', { CACHE_ENCRYPTION_KEYS: `old=${key}, k1=${key}` });
    expect(open.out).toContain(SECRET);
    expect(open.out).toContain('team:1');
  });

  it('invalidate, evict and clear reach the memory of every process', async () => {
    const scene = new Scene(backend);
    const { cache, following } = await scene.start();
    await following();
    let value = 0;
    const read = (key: string) => cache.getOrLoad('users', key, async () => ++value, { tags: ['team:1'] });
    const isLoadedAnew = async (line: string): Promise<void> => {
      const before = await read('7');
      expect(await read('7')).toBe(before);
      const { code, err } = await scene.type(line);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(await read('7')).toBe(before + 1);
    };
    await isLoadedAnew('invalidate team:1 --settled');
    await isLoadedAnew('evict users 7 --settled');
    await isLoadedAnew('clear users --settled');
    await isLoadedAnew('clear --all --settled');
    const { removed } = await scene.json<{ removed: number }>('clear users --remove');
    expect(removed).toBe(1);
    expect((await scene.json<{ caches: unknown[] }>('stats')).caches).toEqual([]);
  });

  it('waits with --settled for as long as the slowest process may go on with what it has', async () => {
    const scene = new Scene(backend);
    await scene.start({ maxStaleness: 700 });
    const begun = performance.now();
    expect(await scene.json('clear users --settled')).toMatchObject({ status: 'applied', settled: true });
    expect(performance.now() - begun).toBeGreaterThanOrEqual(700);
    expect(await scene.json('clear users')).toMatchObject({ status: 'applied', settled: false });
  });

  it('asks for nothing that would change what the application promises', async () => {
    const scene = new Scene(backend);
    const { cache, journal } = await scene.start({ maxStaleness: 500, journal: { maxRecords: 1_000 } });
    for (let n = 0; n < 20; n++) await cache.invalidate({ tags: [`t${n}`] });
    await scene.type('invalidate one-more --timeout 20s');
    await eventually('it has arrived', () => journal().lag === 0);
    const { journal: seen } = await scene.json<{ journal: { records: number; fleetStalenessMs: number } }>('stats');
    expect(seen).toMatchObject({ records: 21, fleetStalenessMs: 500 });
  });

  it('tail shows the newest records, and those that come', async () => {
    const scene = new Scene(backend);
    const { cache } = await scene.start();
    await cache.invalidate({ tags: ['first'] });
    await cache.evict('users', '7');
    const following = scene.type('tail --count 4 --since 1h');
    await cache.clear('pages');
    await cache.invalidate({ tags: ['team:1'], mode: 'soft' });
    const { code, out } = await following;
    expect(code).toBe(0);
    expect(out.replaceAll(/^.{24} {2}/gm, '')).toBe(
      'tag first\nkey 7 of cache users\ncache pages\ntag team:1 (soft)\n',
    );
    const { out: lines } = await scene.type('tail --count 2 --last 2 --json');
    const records = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { tags: string[] });
    expect(records.map(({ tags }) => tags)).toEqual([['cache pages'], ['tag team:1 (soft)']]);
  });

  it('top ranks entries by size, life and age, and calls by how often they are made', async () => {
    const scene = new Scene(backend);
    const { cache, internals } = await scene.start();
    await cache.set('users', 'small', 's', { ttl: '3h' });
    await cache.set('users', 'large', 'x'.repeat(5_000), { ttl: '1h' });
    await cache.set('pages', 'middle', 'x'.repeat(500), { ttl: '2h' });
    const keys = async (line: string): Promise<string[]> =>
      (await scene.json<{ rows: { key: string }[] }>(line)).rows.map(({ key }) => key);
    expect(await keys('top')).toEqual(['large', 'middle', 'small']);
    expect(await keys('top --by ttl')).toEqual(['small', 'middle', 'large']);
    expect((await keys('top --by age')).length).toBe(3);
    expect(await keys('top users --by bytes --rows 1')).toEqual(['large']);

    const record = packHotRecord({
      at: Date.now(),
      schemas: [],
      calls: [
        ['Users.find\n[7,"en"]', 12],
        ['Users.find\n[8]', 3],
      ],
    });
    await internals.engine.parts.shared.set({ cache: '~hot', schema: 0, key: 'users' }, record, 60_000);
    const { out } = await scene.type('top');
    expect(out).toMatchInlineSnapshot(`
      "calls  cache  call
         12  users  Users.find(7, "en")
        3.0  users  Users.find(8)
      "
    `);
  });

  it('dead letters are listed, sent again as they were, and discarded', async () => {
    const scene = new Scene(backend);
    const options = { caches: { rows: { writeBehind: { flushEvery: 5, attempts: 1, maxRetryPause: 100 } } } } as const;
    const { cache } = await scene.start(options);
    const sink = new ChoosySink();
    sink.poison.add('1').add('2');
    cache.useSink('rows', sink);
    for (const id of ['1', '2']) await cache.writeBehind('rows', id, { id, n: 4242 } satisfies Row);
    await eventually('both are given up', async () => (await cache.writeQueue('rows').status()).deadLetters === 2);

    expect((await scene.type('dead-letters')).out).toMatch(/^rows +2 +0$/m);
    const { letters } = await scene.json<{ letters: { id: string; key: string; reason: string; attempts: number }[] }>(
      'dead-letters rows',
    );
    const byKey = new Map(letters.map((letter) => [letter.key, letter]));
    expect(byKey.get('1')).toMatchObject({
      attempts: 1,
      reason: 'no room for 1',
    });
    const listed = await scene.type('dead-letters rows');
    expect(listed.out).not.toContain('4242');
    expect((await scene.type('dead-letters rows --values')).out).toContain('n: 4242');
    expect((await scene.type('doctor')).out).toMatch(
      /^warn +write-behind of rows +2 writes that its sink doesn't take$/m,
    );

    sink.poison.clear();
    expect(await scene.json(`dead-letters rows --resend ${byKey.get('1')!.id}`)).toMatchObject({ resent: 1 });
    await eventually('the sink has it', () => sink.rows.get('1')?.n === 4242);
    expect(await scene.json(`dead-letters rows --discard ${byKey.get('2')!.id}`)).toMatchObject({ discarded: 1 });
    expect((await cache.writeQueue('rows').status()).deadLetters).toBe(0);
    expect(await scene.type(`dead-letters rows --discard ${byKey.get('2')!.id}`)).toMatchObject({ code: 1 });
  });

  it('dead letters are sent again without being read, and not over something newer', async () => {
    const scene = new Scene(backend);
    const { cache } = await scene.start({
      encryption: { keys: { k1: randomBytes(32).toString('base64') }, current: 'k1' },
      caches: {
        rows: { encrypt: true, writeBehind: { flushEvery: 5 } },
        known: { writeBehind: { flushEvery: 5 }, knownIds: { capacity: 100, commitWithin: 1 } },
      },
    });
    const sink = new ChoosySink();
    sink.poison.add('1').add('2');
    cache.useSink('rows', sink);
    for (const id of ['1', '2']) await cache.writeBehind('rows', id, { id, n: 1 } satisfies Row);
    await eventually('both are given up', async () => (await cache.writeQueue('rows').status()).deadLetters === 2);
    // as a newer write of it leaves it, but for the letter, which that takes away
    const deadKeys = `{${scene.namespace}}:dead-keys:rows`;
    await (await scene.serverOf(deadKeys)).command('HSET', deadKeys, '2', '0-1');
    sink.poison.clear();

    expect(await scene.json('dead-letters rows --resend all')).toMatchObject({ resent: 1, superseded: 1 });
    await eventually('the sink has it', () => sink.rows.get('1')?.n === 1);
    expect(sink.rows.has('2')).toBe(false);

    await cache.knownIds('known').rebuild(() => ['1']);
    const refused = await scene.type('dead-letters known --resend all');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("only the application can add: cache.writeQueue('known').resend()");
  });

  it('doctor finds nothing to change, and leaves nothing behind', async () => {
    const scene = new Scene(backend);
    const { cache } = await scene.start();
    await cache.invalidate({ tags: ['any'] });
    const { code, out } = await scene.type('doctor');
    expect(out).not.toMatch(/^fail/m);
    expect(code).toBe(0);
    const { checks } = await scene.json<{ checks: { name: string; status: string }[] }>('doctor');
    const names = [
      'connection',
      'version',
      'role',
      'rights',
      'journal',
      'clock',
      'latency of PING',
      'latency of a script',
    ];
    for (const name of names) expect(checks.find((check) => check.name === name)).toMatchObject({ status: 'ok' });
    const servers = backend === 'one server' ? [single] : cluster.servers;
    const left = await Promise.all(
      servers.map(async (server) => server.command('KEYS', `*${scene.namespace}*check-*`)),
    );
    expect(left.flat()).toEqual([]);
  });
});

describe('a client with a prefix', () => {
  it('is found out by doctor, and looked behind with --key-prefix', async () => {
    const scene = new Scene('one server');
    const { cache } = await scene.start({
      redis: { url: single.url, options: { keyPrefix: 'app:' }, commandTimeout: PATIENT },
    });
    await cache.set('users', '7', SECRET, { tags: ['team:1'] });
    await cache.invalidate({ tags: ['another'] });
    const blind = await scene.type('doctor');
    expect(blind.code).toBe(1);
    expect(blind.out).toContain("say --key-prefix 'app:'");

    const prefixed = '--key-prefix app:';
    expect((await scene.type(`doctor ${prefixed}`)).code).toBe(0);
    expect((await scene.json<Explained>(`explain users 7 ${prefixed}`)).entries[0]!.state).toBe('fresh');
    expect((await scene.type(`tail --count 1 --last 1 ${prefixed}`)).out).toContain('tag another');
    expect((await scene.json<{ rows: unknown[] }>(`top ${prefixed}`)).rows.length).toBe(1);
    await scene.type(`invalidate team:1 ${prefixed}`);
    expect((await scene.json<Explained>(`explain users 7 ${prefixed}`)).entries[0]!.state).toBe('invalidated');
    expect(await scene.json(`clear users --remove ${prefixed}`)).toMatchObject({ removed: 1 });
  });
});
