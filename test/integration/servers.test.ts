import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import { runScript } from '../support/script.js';
import { eventually } from '../support/servers/eventually.js';
import { startCluster } from '../support/servers/redis-cluster.js';
import { startRedis } from '../support/servers/redis-server.js';
import { startSentinel } from '../support/servers/redis-sentinel.js';

/** Registers the end of what was started, also for a test that fails. */
async function ended<Servers extends { stop(): Promise<void> }>(
  servers: Promise<Servers>,
  test: Pick<TestContext, 'onTestFinished'> = { onTestFinished },
): Promise<Servers> {
  const started = await servers;
  test.onTestFinished(async () => started.stop());
  return started;
}

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

describe.each(['redis', 'valkey'] as const)('a %s server', (flavour) => {
  it('answers as soon as it is started', async () => {
    const server = await ended(startRedis({ flavour }));
    expect(await server.command('SET', 'key', 'value')).toBe('OK');
    expect(await server.command('GET', 'key')).toBe('value');
    expect(String(await server.command('INFO', 'server'))).toContain(
      flavour === 'valkey' ? 'valkey_version' : 'redis_version',
    );
  });

  it('says nothing while it is frozen, and everything afterwards', async () => {
    const server = await ended(startRedis({ flavour }));
    await server.command('SET', 'key', 'value');
    await server.freeze();
    await expect(server.command('GET', 'key')).rejects.toThrow('no answer');
    server.thaw();
    expect(await server.command('GET', 'key')).toBe('value');
  });

  it('is gone when it is killed, and comes back empty on the same port', async () => {
    const server = await ended(startRedis({ flavour }));
    const { pid } = server;
    await server.command('SET', 'key', 'value');
    await server.kill();
    expect(isAlive(pid)).toBe(false);
    await expect(server.command('PING')).rejects.toThrow('ECONNREFUSED');
    await server.restart();
    expect(await server.command('GET', 'key')).toBeNull();
  });

  it('keeps what it is told to keep over a restart', async () => {
    const server = await ended(startRedis({ flavour, args: ['--appendonly', 'yes', '--appendfsync', 'always'] }));
    await server.command('SET', 'key', 'value');
    await server.restart();
    expect(await server.command('GET', 'key')).toBe('value');
  });

  it('leaves neither process nor folder when it is stopped', async () => {
    const server = await ended(startRedis({ flavour }));
    const { pid } = server;
    const folder = String(((await server.command('CONFIG', 'GET', 'dir')) as string[])[1]);
    await server.freeze();
    await server.stop();
    expect([isAlive(pid), existsSync(folder)]).toEqual([false, false]);
  });
});

describe.concurrent('a server of a process that ends', () => {
  const script = `
    import { startRedis } from './test/support/servers/redis-server.js';
    const server = await startRedis();
    console.log(server.pid, String(((await server.command('CONFIG', 'GET', 'dir')) as string[])[1]));
    if (process.argv[2] === 'exit') process.exit(0);
    setInterval(() => {}, 1_000);`;

  it.for(['exit', 'SIGTERM', 'SIGKILL'] as const)('ends with it: %s', async (way, { onTestFinished }) => {
    const child = await runScript(script, [way]);
    onTestFinished(() => void child.kill('SIGKILL'));
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    const [pidText, folder] = line.toString().trim().split(' ');
    onTestFinished(() => rmSync(folder!, { recursive: true, force: true }));
    const pid = Number(pidText);
    expect(pid).toBeGreaterThan(0);
    if (way !== 'exit') child.kill(way);
    await eventually('the server is gone', () => !isAlive(pid), { withinMs: 3_000 });
    expect(isAlive(pid)).toBe(false);
  });
});

describe.concurrent('a cluster', () => {
  it('serves every slot, moves one with what is in it, and fails over', async (test) => {
    const cluster = await ended(startCluster(), test);
    const pids = cluster.servers.map(({ pid }) => pid);
    const before = (await cluster.ownerOf('{a}1'))!;
    await before.command('SET', '{a}1', 'moved');

    await cluster.moveSlot('{a}1', async () => {
      await expect(before.command('GET', '{a}2')).rejects.toThrow(/^ASK /);
    });
    const after = (await cluster.ownerOf('{a}1'))!;
    expect(after.port).not.toBe(before.port);
    expect(await after.command('GET', '{a}1')).toBe('moved');
    await expect(before.command('GET', '{a}1')).rejects.toThrow(/^MOVED /);

    await after.command('WAIT', 1, 1_000);
    const killed = await cluster.killOwnerOf('{a}1');
    expect(killed.port).toBe(after.port);
    const successor = await cluster.successorOf(killed, '{a}1');
    expect(await eventually('the successor answers', () => successor.command('GET', '{a}1'))).toBe('moved');
    await cluster.heal();
    expect((await cluster.ownerOf('{a}1'))?.port).toBe(successor.port);

    await cluster.stop();
    expect(pids.filter(isAlive)).toEqual([]);
  });
});

describe.concurrent('sentinels', () => {
  it('make the replica the master when the master is gone', async (test) => {
    const sentinel = await ended(startSentinel(), test);
    const first = (await sentinel.master())!;
    await first.command('SET', 'key', 'value');
    await first.command('WAIT', 1, 1_000);

    const killed = await sentinel.killMaster();
    expect(killed.port).toBe(first.port);
    const successor = await sentinel.successorOf(killed);
    expect(successor.port).not.toBe(first.port);
    expect(await successor.command('GET', 'key')).toBe('value');

    await sentinel.heal();
    expect((await sentinel.master())?.port).toBe(successor.port);
    expect(String(await first.command('INFO', 'replication'))).toContain('role:slave');

    const pids = sentinel.servers.map(({ pid }) => pid);
    await sentinel.stop();
    expect(pids.filter(isAlive)).toEqual([]);
  });
});
