// What the probe, the board and the command line need of a Redis user beside what every application does.
import { get } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { CacheBoardModule } from '../../lib/board/index.js';
import { packHotRecord } from '../../lib/warmup/hot-record.js';
import { documentedUser, pageOf, refusals, rulesIn, setUser } from '../support/documented-rights.js';
import { startHttpApp } from '../support/http-app.js';
import { PATIENT, startMachine } from '../support/machines.js';
import { eventually } from '../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';
import { byText } from '../support/spans.js';
import { typed } from '../support/typed.js';
import { ChoosySink } from './write-behind/recording-sink.js';

const redisPage = pageOf('redis.md');
const application = documentedUser(redisPage);
/** The line for known ids, which is to be left out where no cache has any. */
const forIds = rulesIn(/^ *(\+setbit .*)$/m.exec(redisPage)![1]!);
const plain = application.rules.filter((rule) => !forIds.includes(rule));
const forBoard = [
  .../The \[board\]\(board\.md\) needs ([^.]*) in addition/.exec(redisPage)![1]!.matchAll(/`(\+\w+)`/g),
].map(([, rule]) => rule!);
const operator = documentedUser(pageOf('cli.md'));
const allowedTo = (rules: readonly string[]): string[] => rules.filter((rule) => rule.startsWith('+'));
const without = (rules: readonly string[], rule: string): string[] => rules.filter((each) => each !== rule);

describe.each(['redis', 'valkey'] as const)('on %s', (flavour) => {
  let server: RedisServer;
  beforeAll(async () => {
    // which a queue needs, or the doctor objects
    server = await startRedis({ flavour, args: ['--appendonly', 'yes'] });
  });
  afterAll(async () => server?.stop());
  beforeEach(async () => {
    await server.command('FLUSHALL');
    await server.command('SCRIPT', 'FLUSH');
  });

  describe('the probe', () => {
    /** Until it has looked for an invalidation, or was refused something. */
    async function probed(rules: readonly string[]): Promise<string[]> {
      const url = await setUser(server, application, rules);
      const redis = { url, commandTimeout: PATIENT };
      const { cache } = await startMachine(server, { namespace: 'shop', redis, probe: { sample: 1 } });
      await eventually('it has looked, or may not', async () => {
        await cache.invalidate({ tags: ['any'] });
        return cache.status().probe!.windows[0]!.checked > 0 || (await refusals(server)).length > 0;
      });
      return refusals(server);
    }

    it('needs no rights but those of every application', async () => {
      expect(await probed(plain)).toEqual([]);
    });

    it('needs its own key among those of the namespace', async () => {
      const keys = ['~{shop}:journal', '~{shop}:clock'];
      expect(await probed([...without(plain, '~{shop}:*'), ...keys])).toContain('{shop}:probes');
      expect(await probed([...without(plain, '~{shop}:*'), ...keys, '~{shop}:probes'])).toEqual([]);
    });
  });

  describe('the board', () => {
    /** Has it watched, and everything done that can be done, until there is nothing it hasn't asked. */
    async function boarded(rules: readonly string[]): Promise<string[]> {
      const url = await setUser(server, application, rules);
      const {
        app,
        cache,
        get: ask,
        send,
        port,
      } = await startHttpApp('express', {
        cache: { namespace: 'shop', redis: { url, commandTimeout: PATIENT }, caches: { users: {} } },
        imports: [CacheBoardModule.forRoot({ path: '/cache', authorize: () => true, actions: true })],
      });
      const watching = get({ port, path: '/cache/live' }, (response) => response.resume());
      watching.on('error', () => undefined);
      onTestFinished(() => void watching.destroy());
      await cache.set('users', '7', 'Ada');
      // a process that went without a word, whom those who look forget
      await server.command('HSET', 'shop:~processes', 'gone', '1 2 {}');
      const isForgotten = async (): Promise<boolean> =>
        (await server.command('HEXISTS', 'shop:~processes', 'gone')) === 0;
      await eventually(
        'it knows who is there, or may not',
        async () => (await isForgotten()) || (await refusals(server)).length > 0,
      );
      expect((await ask('/cache/entry?cache=users&key=7')).status).toBe(200);
      const { headers, body } = await ask('/cache');
      const token = /name="board-token" content="([^"]+)"/.exec(body)![1]!;
      const from = {
        'content-type': 'application/json',
        'sec-fetch-site': 'same-origin',
        'x-cache-board': token,
        cookie: headers['set-cookie']![0]!.split(';')[0]!,
      };
      for (const wish of [
        { action: 'invalidate', tags: ['a'] },
        { action: 'evict', cache: 'users', key: '7' },
        { action: 'clear', cache: 'users' },
      ])
        expect((await send('POST', '/cache/act', from, JSON.stringify(wish))).status).toBe(200);
      watching.destroy();
      await app.close();
      return refusals(server);
    }

    it('may do everything that is done', async () => {
      expect(await boarded([...plain, ...forBoard])).toEqual([]);
    });

    it.each(forBoard)('needs %s', async (rule) => {
      expect(await boarded([...plain, ...without(forBoard, rule)])).toEqual([rule.slice(1)]);
    });
  });

  describe('the command line', () => {
    const ROWS = { writeBehind: { flushEvery: 5, attempts: 1, maxRetryPause: 100 } } as const;

    /** An application that may do everything, and has left something of every kind. */
    async function leaveEverything(): Promise<void> {
      const { cache, internals } = await startMachine(server, {
        namespace: 'shop',
        maxStaleness: 100,
        caches: { users: {}, rows: ROWS },
      });
      for (const id of ['7', '8', '9']) await cache.set('users', id, `user ${id}`, { tags: [`user:${id}`] });
      const hot = packHotRecord({ at: Date.now(), schemas: [], calls: [['Users.find\n[7]', 12]] });
      await internals.engine.parts.shared.set({ cache: '~hot', schema: 0, key: 'users' }, hot, 60_000);
      const sink = new ChoosySink();
      for (const id of ['1', '2', '3']) sink.poison.add(id);
      cache.useSink('rows', sink);
      for (const id of ['1', '2', '3']) await cache.writeBehind('rows', id, { id, n: 1 });
      const givenUp = async (): Promise<boolean> => (await cache.writeQueue('rows').status()).deadLetters === 3;
      await eventually('they are given up', givenUp);
    }

    const type = (url: string, line: string): ReturnType<typeof typed> =>
      typed([...line.split(' '), '--url', url, '--namespace', 'shop']);

    /** Types commands; gives what was refused, and which of them didn't end well. */
    async function typedBy(url: string, lines: readonly string[]): Promise<{ refused: string[]; failed: string[] }> {
      await server.command('SCRIPT', 'FLUSH');
      const failed: string[] = [];
      const tryOne = async (line: string): Promise<void> => {
        const { code, out, err } = await type(url, line);
        if (code !== 0) failed.push(`${line}: ${code}, ${out}${err}`);
      };
      for (const line of lines) await tryOne(line);
      // a journal whose clock was lost
      await server.command('DEL', '{shop}:clock');
      await tryOne('invalidate any');
      return { refused: await refusals(server), failed };
    }

    const OF_THE_APPLICATION = [
      'explain users 7',
      'explain users nobody',
      'invalidate user:7 --settled',
      'invalidate user:8 --soft',
      'tail --count 1 --last 1',
    ];
    const EVERYTHING = [
      ...OF_THE_APPLICATION,
      'stats',
      'inspect users',
      'inspect users 7 --values',
      'top',
      'top --by bytes',
      'dead-letters',
      'dead-letters rows --values',
      'dead-letters rows --resend all',
      'evict users 7',
      'clear users --remove',
      'clear --all',
      'doctor',
    ];

    it('does everything as the user it describes', async () => {
      await leaveEverything();
      const url = await setUser(server, operator, operator.rules);
      expect(await typedBy(url, EVERYTHING)).toEqual({ refused: [], failed: [] });
    });

    it('invalidates, follows and explains as the user of the application, and leaves out what that one may not ask', async () => {
      await leaveEverything();
      const { refused, failed } = await typedBy(await setUser(server, application, plain), OF_THE_APPLICATION);
      expect(failed).toEqual([]);
      expect(refused.sort(byText)).toEqual(['dbsize', 'hexists', 'pttl']);
    });

    it('waits for a replica with one right more', async () => {
      await leaveEverything();
      const replicated = ['invalidate any --replicated'];
      const url = await setUser(server, operator, operator.rules);
      expect((await typedBy(url, replicated)).refused).toEqual(['wait']);
      await setUser(server, operator, [...operator.rules, '+wait']);
      expect(await typedBy(url, replicated)).toEqual({ refused: [], failed: [] });
    });

    // they look at rights alike; one by one is once enough
    it.each(flavour === 'redis' ? allowedTo(operator.rules) : [])('needs %s', async (rule) => {
      await leaveEverything();
      const url = await setUser(server, operator, without(operator.rules, rule));
      expect((await typedBy(url, EVERYTHING)).refused).toContain(rule.slice(1));
    });
  });
});
