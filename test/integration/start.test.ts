import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CacheConnectionError } from '../../lib/cache.errors.js';
import { systemRuntime } from '../../lib/cache.runtime.js';
import { newNamespace, startMachine } from '../support/machines.js';
import { eventually } from '../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

let server: RedisServer;
beforeEach(async () => {
  server = await startRedis();
});
afterEach(async () => server.stop());

/** Patience is over ten times as fast. */
const HURRIED = { ...systemRuntime, monotonic: () => performance.now() * 10 };

const reasonOf = async (start: Promise<unknown>): Promise<unknown> =>
  start.then(
    () => undefined,
    (reason: unknown) => reason,
  );

describe('the start of an application', () => {
  it('says where it is connected, and nothing else', async () => {
    const machine = await startMachine(server, { namespace: newNamespace() });
    await machine.following();

    expect(machine.lines).toEqual([`log connected to Redis at 127.0.0.1:${server.port}`]);
  });

  it('succeeds while Redis is down, with a warning; Redis is used once it is there', async () => {
    await server.kill();
    const namespace = newNamespace();
    const machine = await startMachine(server, { namespace });

    expect(machine.lines.join('\n')).toMatch(/warn .*ECONNREFUSED/);
    expect(await machine.cache.getOrLoad('users', '7', () => 'value')).toBe('value');
    expect(await machine.cache.getOrLoad('users', '7', () => 'other')).toBe('value');
    expect(await machine.cache.evict('users', '7')).toEqual({ status: 'queued' });
    expect(await machine.cache.getOrLoad('users', '7', () => 'new')).toBe('new');

    await server.restart();
    await eventually('entries are in Redis', async () => {
      await machine.cache.getOrLoad('users', `${performance.now()}`, () => 'value');
      return Number(await server.command('DBSIZE')) > 2;
    });
    const other = await startMachine(server, { namespace });
    await machine.cache.getOrLoad('users', '8', () => 'value');
    expect(await eventually('the other finds it', () => other.cache.get('users', '8'))).toBe('value');
    expect(machine.lines.filter((line) => line.startsWith('log '))).toContainEqual(
      expect.stringContaining('connected to Redis'),
    );
  });

  it('takes a moment, not longer, while Redis is frozen', async () => {
    await server.freeze();
    const begun = performance.now();
    const machine = await startMachine(server, { namespace: newNamespace() });

    expect(performance.now() - begun).toBeLessThan(4_000);
    await eventually('it is said', () => machine.lines.some((line) => line.startsWith('warn ')));
    expect(await machine.cache.getOrLoad('users', '7', () => 'value')).toBe('value');
    server.thaw();
    await eventually('the journal is trusted', () => machine.journal().trusted);
  });

  it('fails where Redis is required and away, saying why', async () => {
    await server.kill();
    const options = { namespace: newNamespace(), runtime: HURRIED, redis: { url: server.url, required: true } };
    const before = process.getActiveResourcesInfo().length;

    const reason = await reasonOf(startMachine(server, options));

    expect(reason).toBeInstanceOf(CacheConnectionError);
    expect((reason as Error).message).toMatch(/required.*ECONNREFUSED/);
    await eventually('no handle is left', () => process.getActiveResourcesInfo().length <= before);
  });
});

describe('the start of an application that may not do everything', () => {
  async function startAs(rights: readonly string[], { password = 'secret', required = false } = {}) {
    await server.command('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', '~*', '+@all', ...rights);
    const redis = { url: server.url, required, options: { username: 'app', password } };
    return startMachine(server, { namespace: newNamespace(), redis, runtime: HURRIED });
  }

  it.each([
    ['may not log in', ['>other', '<secret'], /^warn .*WRONGPASS/],
    ['may only read', ['-@all', '+@read', '+@connection', '+info'], /^warn .*NOPERM.*'evalsha'/],
    ['may not run scripts', ['-@scripting'], /^warn .*NOPERM.*'evalsha'/],
    ['may not use our keys', ['resetkeys', '~other:*'], /^warn .*NOPERM.*keys/],
    ['may not append to streams', ['-xadd'], /^warn .*can't run this command/],
    ['may not read streams', ['-xread'], /^warn .*XREAD/],
    ['may not write entries', ['-set'], /^warn .*(SET|refuses to set).*NOPERM.*'set'/],
  ])('succeeds where the user %s; what is refused is said, and said once', async (_what, rights, message) => {
    const machine = await startAs(rights);
    for (let round = 0; round < 3; round++) {
      expect(await machine.cache.getOrLoad('users', `${round}`, () => 'value')).toBe('value');
      await machine.cache.evict('users', `${round}`);
      expect(await machine.cache.getOrLoad('users', `${round}`, () => 'new')).toBe('new');
    }
    expect(await machine.cache.getOrLoad('users', 'a', () => 'value', { consistency: 'strong' })).toBe('value');
    // a busy machine may have answered too late before, which is another fault
    const isSaid = async (): Promise<boolean> => {
      await machine.cache.getOrLoad('users', `${performance.now()}`, () => 'value');
      return machine.lines.some((line) => message.test(line));
    };
    await eventually('it is said', isSaid, { withinMs: 10_000 });

    expect(new Set(machine.lines).size).toBe(machine.lines.length);
    expect(machine.lines.join('\n')).not.toContain('secret');
    expect(machine.count().outcomes.error).toBe(0);
  });

  it.each([
    ['may not log in', ['>other', '<secret'], /required.*WRONGPASS/],
    ['may only read', ['-@all', '+@read', '+@connection', '+info'], /required.*NOPERM.*'evalsha'/],
  ])('fails where Redis is required and the user %s, saying why', async (_what, rights, message) => {
    const reason = await reasonOf(startAs(rights, { required: true }));

    expect(reason).toBeInstanceOf(CacheConnectionError);
    expect((reason as Error).message).toMatch(message);
  });
});
