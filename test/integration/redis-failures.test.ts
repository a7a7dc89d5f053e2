import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RedisTarget } from '../../lib/options/redis-options.interface.js';
import { loadIoredis } from '../../lib/redis/ioredis-clients.js';
import { RedisFault } from '../../lib/redis/redis-fault.js';
import { appendRecord } from '../../lib/redis/scripts.js';
import { connect, DRIVERS, open, own, urlOf, usable, type Opened } from '../support/redis-backends.js';
import { outcomeOf, runScript } from '../support/script.js';
import { eventually } from '../support/servers/eventually.js';
import { freePorts } from '../support/servers/ports.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

let server: RedisServer;

beforeEach(async () => {
  server = await startRedis();
});
afterEach(async () => server.stop());

const KEYS = ['{ns}:clock', '{ns}:journal'] as const;
const append = async ({ commands }: Opened) => commands.run(appendRecord, KEYS, ['n', 'tag', 0, 1_000, 100, 0]);
const faultIn = async (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as RedisFault,
  );

/** Every command, and how long each took to fail. */
async function refusals({ commands, feed }: Opened): Promise<{ kinds: unknown[]; ms: number }> {
  const begun = performance.now();
  const faults = await Promise.all([
    faultIn(commands.get('a')),
    faultIn(commands.getMany(['a', 'b'])),
    faultIn(commands.set('a', Buffer.from('a'), 1_000)),
    faultIn(commands.unlink('a')),
    faultIn(commands.acquire({ lock: 'a', entry: 'b', beside: true }, 'token', 1_000)),
    faultIn(commands.run(appendRecord, KEYS, ['n', 'tag', 0, 1_000, 100, 0])),
    faultIn(commands.readBack('{ns}:journal', '1-1', 10)),
    faultIn(feed.read('{ns}:journal', '0-0', 1_000)),
  ]);
  return { kinds: faults.map((fault) => fault instanceof RedisFault && fault.kind), ms: performance.now() - begun };
}

describe.each(DRIVERS)('a connection over $name', (driver) => {
  it('fails every command at once while there is no server', async () => {
    const [port] = await freePorts(1);
    const backend = open(driver, urlOf(port!));
    for (const state of ['opening', 'refused']) {
      const { kinds, ms } = await refusals(backend);
      expect([state, new Set(kinds)]).toEqual([state, new Set(['unreachable'])]);
      expect(ms).toBeLessThan(100);
      await eventually('the refusal is told', () => backend.lines.length > 0);
    }
    expect(backend.lines).toEqual([expect.stringMatching(/^warn .*127\.0\.0\.1:\d+ can't be used: .*ECONNREFUSED/)]);
    const begun = performance.now();
    const fault = await faultIn(backend.commands.runReplicated(appendRecord, KEYS, ['n', 't', 0, 1, 100, 0], 100));
    expect(fault).toMatchObject({ name: 'RedisFault', kind: 'unreachable' });
    expect(performance.now() - begun).toBeLessThan(1_000);
  });

  it('fails what is under way when the server is killed, and works again after its restart', async () => {
    const backend = await connect(driver, urlOf(server.port));
    let ups = 0;
    backend.onReady(() => ups++);
    const waiting = faultIn(backend.feed.read('{ns}:journal', '0-0', 30_000));
    await server.freeze();
    const underWay = refusals(backend);
    await server.kill();
    expect(new Set((await underWay).kinds)).toEqual(new Set(['unreachable']));
    expect(await waiting).toMatchObject({ kind: 'unreachable' });
    const { kinds, ms } = await refusals(backend);
    expect(new Set(kinds)).toEqual(new Set(['unreachable']));
    expect(ms).toBeLessThan(100);

    await server.restart();
    await usable(backend);
    await append(backend);
    expect(await backend.feed.read(KEYS[1], '0-0', 1_000)).toHaveLength(1);
    expect(ups).toBeGreaterThanOrEqual(2);
    await eventually('the log has the last word', () => backend.lines.length >= 3);
    expect(backend.lines.map((line) => line.split(' ', 1)[0])).toEqual(['log', 'warn', 'log']);
  });

  it('gives the feed up when nothing comes from it in time, and opens another', async () => {
    const backend = await connect(driver, urlOf(server.port));
    await server.freeze();
    const begun = performance.now();
    expect(await faultIn(backend.feed.read(KEYS[1], '0-0', 100))).toMatchObject({ kind: 'timeout' });
    expect(performance.now() - begun).toBeGreaterThan(1_050);
    expect(performance.now() - begun).toBeLessThan(1_300);
    // the new connection isn't open yet, where the old one would be waited for again
    expect(await faultIn(backend.feed.read(KEYS[1], '0-0', 100))).toMatchObject({ kind: 'unreachable' });
    server.thaw();
    await usable(backend);
    await append(backend);
    expect(await backend.feed.read(KEYS[1], '0-0', 1_000)).toHaveLength(1);
  });

  it('gets over the loss of single connections', async () => {
    const backend = await connect(driver, urlOf(server.port));
    const waiting = faultIn(backend.feed.read(KEYS[1], '0-0', 30_000));
    await server.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    expect(await waiting).toMatchObject({ kind: 'unreachable' });
    await usable(backend);
    const coming = backend.feed.read(KEYS[1], '0-0', 5_000);
    await append(backend);
    expect(await coming).toHaveLength(1);
  });

  it('replaces a client that has ended', async () => {
    const backend = await connect(driver, urlOf(server.port), { retryStrategy: () => null });
    await server.restart();
    await usable(backend);
    expect(await faultIn(append(backend))).toBeUndefined();
  });

  it('takes a server that is not a master any more for one that is away', async () => {
    const backend = await connect(driver, urlOf(server.port));
    await server.command('REPLICAOF', '127.0.0.1', (await freePorts(1))[0]!);
    expect(await faultIn(backend.commands.set('a', Buffer.from('a'), 1_000))).toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(/^READONLY /) as string,
    });
    await server.command('REPLICAOF', 'NO', 'ONE');
    await usable(backend);
    expect(await faultIn(append(backend))).toBeUndefined();
  });

  it("leaves the application's client as it was", async () => {
    const client = own(driver.redis(server.port, { keyPrefix: 'app:', retryStrategy: () => 50 }));
    const { options } = client;
    const [given, listeners] = [{ ...options }, countListeners(client)];
    const backend = await connect(driver, { kind: 'client', client });
    await append(backend);
    await backend.commands.runReplicated(appendRecord, KEYS, ['n', 'tag', 0, 1_000, 100, 0], 10);
    expect(await connections(server)).toBeGreaterThanOrEqual(3);
    await backend.close();
    expect([client.status, { ...options }, countListeners(client)]).toEqual(['ready', given, listeners]);
    expect(Object.keys(client)).not.toContain('append');
    expect(String(await client.callBuffer('ping'))).toBe('PONG');
    await eventually('only the client and the one who asks are left', async () => (await connections(server)) === 2);
    expect(await faultIn(backend.commands.get('a'))).toMatchObject({ kind: 'unreachable' });
  });

  it('closes in time, whatever state it is in', async () => {
    const [nobody] = await freePorts(1);
    const nodes = [{ host: '127.0.0.1', port: nobody! }];
    const targets: RedisTarget[] = [
      urlOf(nobody!),
      urlOf(server.port),
      { kind: 'cluster', nodes },
      { kind: 'sentinel', sentinels: nodes, name: 'main' },
    ];
    for (const target of targets) {
      const backend = open(driver, target);
      const begun = performance.now();
      await backend.close();
      await backend.close();
      expect(performance.now() - begun).toBeLessThan(600);
    }
    const backend = await connect(driver, urlOf(server.port));
    await server.freeze();
    const waiting = faultIn(backend.feed.read(KEYS[1], '0-0', 30_000));
    const begun = performance.now();
    await backend.close();
    expect(performance.now() - begun).toBeLessThan(600);
    expect(await waiting).toMatchObject({ kind: 'unreachable' });
  });

  it('keeps no process alive once it is closed', async () => {
    const [nobody] = await freePorts(1);
    const child = await runScript(
      `
      import * as ioredis from '${driver.name === 'ioredis 5' ? 'ioredis5' : 'ioredis'}';
      import { openRedis } from './lib/redis/redis-connection.js';
      const log = { log() {}, warn() {} };
      for (const target of ${JSON.stringify([
        urlOf(server.port),
        urlOf(nobody!),
        { kind: 'sentinel', sentinels: [{ host: '127.0.0.1', port: nobody }], name: 'main' },
        { kind: 'cluster', nodes: [{ host: '127.0.0.1', port: nobody }] },
      ])}) {
        const backend = openRedis({ target, options: {} } as never, log, ioredis as never);
        await new Promise((resolve) => setTimeout(resolve, 100));
        await backend.commands.get('a').catch(() => {});
        backend.feed.read('s', '0-0', 30_000).catch(() => {});
        await backend.close();
      }
      const closed = performance.now();
      process.on('exit', () => console.log(Math.round(performance.now() - closed)));
    `,
    );
    const timer = setTimeout(() => child.kill('SIGKILL'), 8_000);
    const { code, output, errors } = await outcomeOf(child);
    clearTimeout(timer);
    expect([code, errors]).toEqual([0, '']);
    // ioredis holds on to a connection it made to a sentinel for 2 s, and takes no option for that
    expect(Number(output)).toBeLessThan(2_500);
  });
});

describe('loading ioredis', () => {
  it('finds the one that is installed', async () => {
    const { Redis, Cluster } = await loadIoredis();
    expect([typeof Redis, typeof Cluster]).toEqual(['function', 'function']);
  });

  it('says what to install where there is none', async () => {
    const missing = Object.assign(new Error('not found'), { code: 'ERR_MODULE_NOT_FOUND' });
    await expect(loadIoredis(async () => Promise.reject(missing))).rejects.toThrow(/redis: .*npm install ioredis/);
    await expect(loadIoredis(async () => Promise.reject(new SyntaxError('broken')))).rejects.toThrow('broken');
  });
});

const EVENTS = ['ready', 'close', 'end', 'error', 'node error'];
const countListeners = (client: object): number[] =>
  EVENTS.map((event) => (client as NodeJS.EventEmitter).listenerCount(event));

const connections = async (server: RedisServer): Promise<number> =>
  String(await server.command('CLIENT', 'LIST'))
    .trim()
    .split('\n').length;
