import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { DEFAULTS } from '../../../lib/options/cache-options.defaults.js';
import { resolved } from '../../support/options.js';

const SECRET = 'correct-horse';
const client = {
  status: 'ready',
  isCluster: false,
  options: {},
  on: () => undefined,
  duplicate: () => client,
  callBuffer: () => undefined,
};

const shop = (redis: unknown, more: object = {}): ReturnType<typeof resolved> =>
  resolved({ namespace: 'shop', redis, ...more });

describe('`redis`', () => {
  it.each([
    ['a url', { url: 'redis://localhost:6379/2' }, { kind: 'url', url: 'redis://localhost:6379/2' }],
    ['a url with TLS', { url: 'rediss://u:p@[::1]:1' }, { kind: 'url', url: 'rediss://u:p@[::1]:1' }],
    ['a host', { host: 'cache' }, { kind: 'host', host: 'cache', port: 6379 }],
    ['a host and a port', { host: '10.0.0.1', port: 7000 }, { kind: 'host', host: '10.0.0.1', port: 7000 }],
    ['a client', { client }, { kind: 'client', client }],
    [
      'a cluster',
      { cluster: [{ host: 'a' }, { host: 'b', port: 7001 }] },
      {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 6379 },
          { host: 'b', port: 7001 },
        ],
      },
    ],
    [
      'sentinels',
      { sentinels: [{ host: 'a' }, { host: 'b', port: 7001 }], name: 'main' },
      {
        kind: 'sentinel',
        name: 'main',
        sentinels: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 7001 },
        ],
      },
    ],
  ])('takes %s', (_what, redis, target) => {
    const { module, problems } = shop(redis);

    expect(problems).toEqual([]);
    expect(module.redis?.target).toEqual(target);
  });

  it('has defaults for the rest', () => {
    expect(shop({ host: 'cache' }).module.redis).toMatchObject({
      commandTimeoutMs: DEFAULTS.redisCommandTimeout,
      required: DEFAULTS.redisRequired,
      breakerFailures: DEFAULTS.breakerFailures,
      probeEveryMs: DEFAULTS.breakerProbeEvery,
      options: {},
    });
  });

  it('takes the rest beside every way', () => {
    const options = { password: SECRET, tls: {} };
    const rest = { commandTimeout: '100ms', required: true, breaker: { failures: 2, probeEvery: '3s' }, options };

    for (const way of [{ url: 'redis://a' }, { host: 'a' }, { cluster: [{ host: 'a' }] }]) {
      expect(shop({ ...way, ...rest })).toMatchObject({
        problems: [],
        module: {
          redis: { commandTimeoutMs: 100, required: true, breakerFailures: 2, probeEveryMs: 3_000, options },
        },
      });
    }
  });

  it.each([
    ['none of them', {}],
    ['none of them', { url: undefined }],
    ['url and host', { url: 'redis://a', host: 'a' }],
    ['client and cluster', { client, cluster: [{ host: 'a' }] }],
  ])('is refused with %s of the ways', (got, redis) => {
    expect(shop(redis).problems).toEqual([
      `redis: got ${got}; takes exactly one of url, host, client, cluster, sentinels`,
    ]);
  });

  it.each([
    ['a misspelt way', { ulr: 'redis://a' }, 'redis.ulr: there is no such option; did you mean `url`?'],
    ['a field of `options`', { host: 'a', password: SECRET }, 'redis.password: there is no such option; known are url'],
    [
      'a misspelt breaker',
      { host: 'a', breaker: { failure: 1 } },
      'redis.breaker.failure: there is no such option; did',
    ],
    ['http', { url: 'http://a' }, "redis.url: got something else; takes a text such as 'redis://localhost:6379'"],
    ['a url without a host', { url: 'redis://' }, 'redis.url: got something else; takes a text such as'],
    [
      'a port that isn’t one',
      { host: 'a', port: 70_000 },
      'redis.port: got 70000; takes a whole number from 1 to 65535',
    ],
    ['node-redis', { client: { sendCommand: () => 1 } }, 'redis.client: got something else; takes a client of ioredis'],
    ['no node', { cluster: [] }, 'redis.cluster: got something else; takes a list of servers, each { host, port }'],
    ['a node without host', { cluster: [{ port: 1 }] }, 'redis.cluster: got something else; takes a list of servers'],
    ['nodes as texts', { cluster: ['a:1'] }, 'redis.cluster: got something else; takes a list of servers'],
    ['sentinels without a name', { sentinels: [{ host: 'a' }] }, 'redis.name: is missing; takes the name by which the'],
    ['a name that is empty', { sentinels: [{ host: 'a' }], name: '' }, "redis.name: got ''; takes the name by which"],
    ['no time for a command', { host: 'a', commandTimeout: 0 }, 'redis.commandTimeout: got 0; takes a duration'],
    ['a text for `required`', { host: 'a', required: 'yes' }, "redis.required: got 'yes'; takes true or false"],
    [
      'no failure',
      { host: 'a', breaker: { failures: 0 } },
      'redis.breaker.failures: got 0; takes a whole number of at',
    ],
    ['no interval', { host: 'a', breaker: { probeEvery: 0 } }, 'redis.breaker.probeEvery: got 0; takes a duration'],
    ['a number for `breaker`', { host: 'a', breaker: 5 }, 'redis.breaker: got 5; takes { failures, probeEvery }'],
  ])('is refused with %s, by its path, and with what it takes', (_what, redis, problem) => {
    const { problems } = shop(redis);

    expect(problems.filter((text) => text.startsWith(problem))).toHaveLength(1);
  });

  it.each(['redis://localhost', 5, true, null, []])('is refused when it is %o', (redis) => {
    const [problem, ...others] = shop(redis).problems;

    expect(problem).toMatch(/^redis: got something else; takes \{ url \}/);
    expect(others).toEqual([]);
  });

  it('needs a namespace, so that no two services share one by accident', () => {
    const { problems } = resolved({ redis: { host: 'a' } });

    expect(problems).toEqual([
      "namespace: is missing, and with `redis` it is needed: give every service that shares this Redis a name of its own, for example 'shop'",
    ]);
    expect(resolved({}).problems).toEqual([]);
  });

  it('belongs to the module', () => {
    expect(shop({ host: 'a' }, { caches: { users: { redis: { host: 'a' } } } }).problems.join()).toMatch(
      /^caches\.users\.redis: there is no such option/,
    );
  });
});

describe('a password', () => {
  it.each([
    ['a url of another kind', { url: `http://u:${SECRET}@a` }],
    ['a url that can’t be parsed', { url: `redis://u:${SECRET}@a:port` }],
    ['a url in place of it all', `redis://u:${SECRET}@a`],
    ['a url for a host', { host: `redis://u:${SECRET}@a` }],
    ['urls for nodes', { cluster: [`redis://u:${SECRET}@a`] }],
    ['urls for hosts of nodes', { cluster: [{ host: `redis://u:${SECRET}@a` }] }],
    ['urls for sentinels', { sentinels: [`redis://u:${SECRET}@a`], name: 'main' }],
    ['nodes with passwords', { cluster: [{ port: 0, host: 'a', password: SECRET }] }],
    ['a client that isn’t one', { client: { options: { password: SECRET } } }],
    ['a password for options', { host: 'a', options: SECRET }],
    ['a password beside the ways', { host: 'a', password: SECRET }],
    ['options without a way', { options: { password: SECRET } }],
    ['two ways', { url: `redis://u:${SECRET}@a`, host: 'a', options: { password: SECRET } }],
  ])('is never shown when it was given as %s', (_what, redis) => {
    const { problems } = shop(redis);

    expect(problems.length).toBeGreaterThan(0);
    expect(inspect(problems)).not.toContain(SECRET);
  });
});

describe('what several processes share', () => {
  it('is known by its defaults', () => {
    const { journal, degraded, loadLock } = shop({ host: 'a' }).module;

    expect(journal).toEqual({
      maxRecords: DEFAULTS.journalMaxRecords,
      maxAgeMs: DEFAULTS.journalMaxAge,
      replicated: false,
    });
    expect(degraded).toEqual({ answersForMs: DEFAULTS.maxStaleness, maxAgeMs: DEFAULTS.maxStaleness });
    expect(loadLock).toEqual({ lifeMs: DEFAULTS.loadLockLife, timeoutMs: DEFAULTS.loadLockTimeout });
  });

  it('is as it was said', () => {
    const { module, problems } = resolved({
      journal: { maxRecords: 5, maxAge: '1h', durability: 'replicated' },
      loadLock: { life: '1s', timeout: 0 },
      degraded: { ttl: '2s', serveStale: '1h' },
    });

    expect(problems).toEqual([]);
    expect(module).toMatchObject({
      journal: { maxRecords: 5, maxAgeMs: 3_600_000, replicated: true },
      loadLock: { lifeMs: 1_000, timeoutMs: 0 },
      degraded: { answersForMs: 2_000, maxAgeMs: 3_600_000 },
    });
  });

  it('bears answers as old as `maxStaleness`, unless `degraded` says otherwise', () => {
    const of = (options: object): object => resolved(options).module.degraded;

    expect(of({ maxStaleness: '3s' })).toEqual({ answersForMs: 3_000, maxAgeMs: 3_000 });
    expect(of({ maxStaleness: '3s', degraded: {} })).toEqual({ answersForMs: 3_000, maxAgeMs: 3_000 });
    expect(of({ degraded: { ttl: 0 } })).toEqual({ answersForMs: 0, maxAgeMs: 0 });
    expect(of({ degraded: { serveStale: '1m' } })).toEqual({ answersForMs: 1_000, maxAgeMs: 60_000 });
  });

  it('never lets a value stand in for less long than it may answer', () => {
    expect(resolved({ degraded: { ttl: '1m', serveStale: '1s' } }).module.degraded).toEqual({
      answersForMs: 60_000,
      maxAgeMs: 60_000,
    });
  });
});
