import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemRuntime } from '../../../lib/cache.runtime.js';
import { CliServer } from '../../../lib/cli/cli-server.js';
import { COMMANDS } from '../../../lib/cli/commands.js';
import { Said } from '../../../lib/cli/said.js';
import { targetOf } from '../../../lib/cli/target.js';
import { startRedis, type RedisServer } from '../../support/servers/redis-server.js';
import { freePorts } from '../../support/servers/ports.js';
import { typed, TypedProcess } from '../../support/typed.js';

const HERE = ['--url', 'redis://127.0.0.1:1', '--namespace', 'shop'] as const;

describe('a mistake of the user', () => {
  it.each([
    ['', /^$/, /<command>/],
    ['stat', /there is no command 'stat'; did you mean stats\?/],
    ['frobnicate', /there is no command 'frobnicate'; known are stats, /],
    ['--json stats', /the command comes first/],
    ['stats --jsn', /there is no option --jsn; did you mean --json\?/],
    ['stats --frobnicate', /there is no option --frobnicate; see `stats --help`/],
    ['stats -x', /there is no option -x/],
    ['stats --limit', /--limit needs a value: --limit <n>/],
    ['stats --limit --json', /--limit needs a value/],
    ['stats --json=yes', /--json takes no value/],
    ['stats --limit many', /--limit got 'many'; it takes a whole number of at least 1/],
    ['stats --timeout soon', /--timeout got 'soon'; it takes a duration/],
    ['stats users', /'users' is too much: stats/],
    ['explain', /something is missing: explain <cache> <key>/],
    ['explain users', /which key\? Write it behind the cache, or say --args/],
    ['explain users 7 --args [7]', /say a key or --args, not both/],
    ['explain users --args 7,8', /--args got '7,8', which is no JSON/],
    ['explain users --args {}', /--args takes a list of all arguments/],
    ['explain a:b 7', /'a:b' can't be the name of a cache/],
    ['invalidate', /something is missing: invalidate <tag> …/],
    ['invalidate a --soft --settled', /--settled and --soft don’t go together/],
    ['clear', /which cache\? Write its name, or say --all/],
    ['clear users --all', /say a cache or --all, not both/],
    ['top --by hits', /--by got 'hits'; it takes calls, bytes, ttl or age/],
    ['tail --last 3 --since 1h', /one of them says where to begin/],
    ['dead-letters --resend all', /of which cache\?/],
    ['dead-letters rows --resend 7', /--resend got '7'; it takes an id as the list shows them, or all/],
  ])('%j is told in a sentence, with the exit code 2', async (line, problem, overview = problem) => {
    const words = line === '' ? [] : line.split(' ');
    const { code, out, err } = await typed([...words, ...(words.length === 0 ? [] : HERE)]);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(overview);
    expect(err).not.toMatch(/ at .*\.[jt]s/);
  });

  it('is one about the address as well, and never repeats a password', async () => {
    const say = async (...words: string[]) => (await typed(['stats', ...words])).err;
    expect(await say('-n', 'shop')).toContain('where is Redis?');
    expect(await say('--url', 'redis://localhost')).toContain('which application?');
    expect(await say('--url', 'redis://localhost', '-n', 'a b')).toContain("--namespace got 'a b'; it takes letters");
    expect(await say('--url', 'http://:geheim@localhost', '-n', 'shop')).toMatch(
      /--url: got something else; takes a text such as/,
    );
    expect(await say('--url', 'redis://a', '--cluster', 'b:1', '-n', 'shop')).toContain(
      'one of them says where Redis is',
    );
    expect(await say('--cluster', 'http://b', '-n', 'shop')).toContain("--cluster got 'http://b'; it takes host:port");
    expect(await say('--sentinels', 'b:1', '-n', 'shop')).toContain('--sentinels needs --name');
    const { err } = await typed(['stats', ...HERE], { env: { CACHE_ENCRYPTION_KEYS: 'a=geheim' } });
    expect(err).toContain('CACHE_ENCRYPTION_KEYS');
    expect(err).not.toContain('geheim');
  });
});

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

describe('the help', () => {
  it('names every command, and every option of a command', async () => {
    const { code, out } = await typed(['--help']);
    expect(code).toBe(0);
    for (const { name, summary } of COMMANDS)
      expect(out).toMatch(new RegExp(`^ {2}${name} .* ${escape(summary)}$`, 'm'));
    for (const command of COMMANDS) {
      const help = await typed([command.name, '--help']);
      expect(help.code).toBe(0);
      expect(help.out).toContain(command.summary);
      for (const option of Object.keys(command.options)) expect(help.out).toContain(`--${option}`);
      expect((await typed(['help', command.name])).out).toBe(help.out);
    }
    expect((await typed(['--version'])).out).toBe('1.2.3\n');
  });
});

describe('a Redis that can’t be used', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
    await server.command('CONFIG', 'SET', 'requirepass', 'geheim');
  });
  afterAll(async () => {
    if (server.isRunning) server.thaw();
    await server.stop();
  });
  const lines = COMMANDS.map(({ name, words: [least] }) => {
    const words = name === 'clear' || least > 1 ? ['users'] : Array.from({ length: least }, () => 'users');
    return [name, ...words, ...(name === 'explain' || name === 'evict' ? ['7'] : [])];
  });

  it('is told in a sentence, with the exit code 3: nobody listens', async () => {
    const [port] = await freePorts(1);
    for (const words of lines) {
      const { code, out, err } = await typed([...words, '--url', `redis://127.0.0.1:${port}`, '-n', 'shop']);
      expect({ words, code }).toEqual({ words, code: 3 });
      expect(out + err).toContain('ECONNREFUSED');
      expect(out + err).toContain('Nothing listens there');
      expect(err.trim().split('\n').length).toBe(1);
    }
    const { code, err } = await typed(['stats', '--cluster', `127.0.0.1:${port}`, '-n', 'shop', '--timeout', '2s']);
    expect(code).toBe(3);
    expect(err).toContain(`the cluster of 127.0.0.1:${port} can't be used`);
  });

  it('is told: it wants a password, or another one', async () => {
    const none = await typed(['stats', '--url', server.url, '-n', 'shop']);
    expect(none.code).toBe(3);
    expect(none.err).toContain('NOAUTH');
    expect(none.err).toContain('It wants a password');
    const wrong = await typed(['stats', '--url', server.url.replace('//', '//:falsch@'), '-n', 'shop']);
    expect(wrong.code).toBe(3);
    expect(wrong.err).toContain('WRONGPASS');
    expect(wrong.err).not.toContain('falsch');
    const right = await typed(['stats', '-n', 'shop'], {
      env: { CACHE_REDIS_URL: server.url, CACHE_REDIS_PASSWORD: 'geheim' },
    });
    expect(right).toMatchObject({ code: 0, err: '' });
  });

  it('is told: it falls silent in the middle', async () => {
    const target = targetOf(
      new Said([], new Map([['timeout', '300ms']]), {
        CACHE_REDIS_URL: server.url.replace('//', '//:geheim@'),
        CACHE_NAMESPACE: 'shop',
      }),
    );
    const opened = await CliServer.open(target, systemRuntime);
    try {
      await server.freeze();
      await expect(opened.now()).rejects.toMatchObject({ kind: 'timeout' });
      await expect(opened.askMany(opened.masters()[0]!, [['PING']])).rejects.toMatchObject({ kind: 'timeout' });
      await expect(opened.commands.get('any')).rejects.toMatchObject({ kind: 'timeout' });
    } finally {
      server.thaw();
      await opened.close();
    }
  });

  it('is told: it is silent', async () => {
    await server.freeze();
    try {
      const url = server.url.replace('//', '//:geheim@');
      const { code, err } = await typed(['stats', '--url', url, '-n', 'shop', '--timeout', '300ms']);
      expect(code).toBe(3);
      expect(err).toContain('is silent; --timeout waits longer');
      const doctor = await typed(['doctor', '--url', url, '-n', 'shop', '--timeout', '300ms', '--json']);
      expect(doctor.code).toBe(3);
      expect(JSON.parse(doctor.out)).toMatchObject({ checks: [{ name: 'connection', status: 'fail' }] });
    } finally {
      server.thaw();
    }
  });
});

describe('a process of its own', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => server?.stop());
  const env = (): Record<string, string> => ({ CACHE_REDIS_URL: server.url, CACHE_NAMESPACE: 'shop' });

  it('ends by itself, with the exit code', async () => {
    const done = async (args: string[], more = {}) => (await TypedProcess.start(args, { ...env(), ...more })).done;
    expect(await done(['doctor'])).toMatchObject({ code: 0, err: '' });
    expect(await done(['inspect', 'users', '7'])).toMatchObject({ code: 1, err: '' });
    expect(await done(['nothing'])).toMatchObject({ code: 2, out: '' });
    expect(await done(['stats'], { CACHE_REDIS_URL: 'redis://127.0.0.1:1' })).toMatchObject({ code: 3, out: '' });
  });

  it('follows the journal until Ctrl-C, over a restart of the server, and ends with 0', async () => {
    const invalidate = async (tag: string) => (await TypedProcess.start(['invalidate', tag], env())).done;
    await invalidate('first');
    const tail = await TypedProcess.start(['tail'], env());
    await expect.poll(() => tail.out, { timeout: 20_000 }).toContain('tag first');
    await server.restart();
    await expect.poll(() => tail.err, { timeout: 20_000 }).toContain('the connection is lost, trying again');
    await expect.poll(() => tail.err, { timeout: 20_000 }).toContain('connected again');
    await invalidate('second');
    await expect.poll(() => tail.out, { timeout: 20_000 }).toContain('tag second');
    tail.interrupt();
    expect(await tail.done).toMatchObject({ code: 0 });
  });

  it('is ended by Ctrl-C in the middle of something long', async () => {
    await server.freeze();
    try {
      const slow = await TypedProcess.start(['stats', '--timeout', '60s'], env());
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      slow.interrupt();
      expect(await slow.done).toMatchObject({ code: 130, out: '' });
    } finally {
      server.thaw();
    }
  });

  it('ends quietly when nobody reads any more', async () => {
    const tail = await TypedProcess.start(['tail'], env());
    await expect.poll(() => tail.out, { timeout: 20_000 }).toContain('tag second');
    tail.stopReading();
    await (
      await TypedProcess.start(['invalidate', 'third'], env())
    ).done;
    expect(await tail.done).toMatchObject({ code: 0, err: '' });
  });
});
