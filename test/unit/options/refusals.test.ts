import { describe, expect, it } from 'vitest';
import { CacheConfigurationError } from '../../../lib/cache.errors.js';
import { Problems } from '../../../lib/options/option-reader.js';
import { resolved, resolvedCache } from '../../support/options.js';

const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;
class User {}

/** Path, value that isn't taken, and words of what is. */
const READ: readonly (readonly [path: string, wrong: readonly unknown[], takes: string])[] = [
  ['ttl', ['5 minutes', '', -1, NaN, Infinity, null, '11y', '4000d', 1e15, {}], "'5m', '1h30m'"],
  ['grace', ['soon', -1, null, true, []], '{ revalidate, error, when }'],
  ['grace.revalidate', ['soon', -1, null], 'a duration'],
  ['grace.error', ['soon', -1, null], 'a duration'],
  ['grace.when', [true, 'always', null], 'a function of the error'],
  ['consistency', ['eventual', 'Strong', true, null], "'bounded' or 'strong'"],
  ['negative', [true, '5m', null, []], '{ ttl, missing, errors }'],
  ['negative.ttl', ['soon', null], 'a duration'],
  ['negative.missing', ['yes', 1, null], 'true or false'],
  ['negative.errors', ['NotFound', [404], null, [User, 'User']], 'a list of error classes'],
  ['softTimeout', ['soon', -1, null], 'a duration'],
  ['hardTimeout', ['soon', false], 'a duration'],
  ['abandonAfter', ['soon', false], 'a duration'],
  ['earlyRefresh', [true, -1, '1', NaN, 1_001, null], 'a number from 0 to 1000; or false'],
  ['jitter', [-0.1, 1.1, '10%', NaN, null], 'a number from 0 to 1'],
  ['retryPause', ['soon', null], 'a duration'],
  ['nested', ['no', 0, null], 'true or false'],
];
const SHARED: typeof READ = [
  ...READ,
  ['isolation', ['deep', true, null], "'copy' or 'frozen' or 'shared'"],
  ['memory', [true, '64mb', 5, null, []], '{ maxBytes, maxEntries, eviction }'],
  ['memory.maxBytes', ['64', -1, 'lots', null], "'512kb', '64mb'"],
  ['memory.maxEntries', [-1, 1.5, '10', Infinity, null], 'a whole number of at least 0'],
  ['memory.eviction', ['fifo', null], "'sieve' or 'lru'"],
  ['types', [User, 'User', null, {}], 'a list of classes'],
  ['plain', ['yes', 1, null], 'true or false'],
  ['serializer', ['cbor', true, null, { name: 'x' }, { name: 'x', encode: 1, decode: 2 }], "'msgpack', 'json' or {"],
  ['maxValueBytes', ['64', -1, null], "'512kb', '64mb'"],
  ['maxKeyBytes', ['64', -1, null], "'512kb', '64mb'"],
  ['tooLarge', ['error', true, null], "'skip' or 'memory-only'"],
  ['compression', [true, 'gzip', 5, null, []], '{ threshold, algorithm }, or false'],
  ['compression.threshold', ['16', -1, null], "'512kb', '64mb'"],
  ['compression.algorithm', ['zstd', true, null], "'gzip' or 'brotli'"],
  ['origin', [true, 'guarded', 5, null, []], '{ bulkhead, breaker, refresh }'],
  ['origin.bulkhead', [true, 5, null, []], '{ concurrency, queue, wait }'],
  ['origin.bulkhead.concurrency', [0, -1, 1.5, '5', Infinity, null], 'a whole number of at least 1'],
  ['origin.breaker', [true, 0.5, null, []], '{ failureRate, minimumLoads, window'],
  ['origin.breaker.failureRate', [0, 1.1, -1, '50%', NaN, null], 'a number above 0 and up to 1'],
  ['origin.breaker.minimumLoads', [0, 1.5, '5', null], 'a whole number of at least 1'],
  ['origin.breaker.window', [0, 'soon', null], 'a duration of at least 1 ms'],
  ['origin.breaker.slowLoad', [-1, 'soon', null], 'a duration'],
  ['origin.breaker.slowRate', [0, 1.1, '50%', NaN, null], 'a number above 0 and up to 1'],
  ['origin.breaker.openFor', [0, 'soon', null], 'a duration of at least 1 ms'],
  ['origin.breaker.probes', [0, 1.5, '5', null], 'a whole number of at least 1'],
  ['origin.breaker.when', [true, 'always', null], 'a function of the error'],
  ['origin.refresh', [true, 5, null, []], '{ concurrency, perSecond }'],
  ['origin.refresh.concurrency', [0, 1.5, '5', Infinity, null], 'a whole number of at least 1'],
  ['origin.refresh.perSecond', [0, -1, '5', Infinity, NaN, null], 'a number above 0'],
];
const OF_A_CACHE: typeof READ = [
  ...SHARED,
  ['tags', ['accounts', [''], [7], null, ['x'.repeat(600)]], 'a list of texts of 1 to 512'],
  ['schema', [-1, 1.5, '2', null], 'a whole number of at least 0'],
  ['validate', [true, {}, () => true, null], 'a Standard Schema'],
  ['scope', ['tenant', null], 'a function that returns a text'],
  ['knownIds', [true, 1_000, null, []], '{ capacity, falsePositiveRate, missing, commitWithin }'],
  ['knownIds.capacity', [0, -1, 1.5, '5', 2e9, null], 'a whole number from 1 to 1000000000'],
];
const OF_THE_MODULE: typeof READ = [
  ...SHARED,
  ['namespace', ['', 'a b', 'a:b', 'x'.repeat(101), 5, null], 'letters, digits'],
  ['enabled', ['no', 0, null], 'true or false'],
  ['maxStaleness', ['50ms', 99, 'soon', Infinity, null], 'at least 100 ms'],
  ['journal', [5, true, null, []], '{ maxRecords, maxAge, durability }'],
  ['journal.maxRecords', [0, -1, 1.5, '5', Infinity, null], 'a whole number of at least 1'],
  ['journal.maxAge', ['soon', -1, null], 'a duration'],
  ['journal.durability', ['remote', true, null], "'local' or 'replicated'"],
  ['degraded', ['1s', 5, true, null, []], '{ ttl, serveStale }'],
  ['degraded.ttl', ['soon', -1, null], 'a duration'],
  ['degraded.serveStale', ['soon', -1, true, null], 'a duration'],
  ['loadLock', ['3s', 5, true, false, null, []], '{ life, timeout }'],
  ['loadLock.life', [0, '299ms', 'soon', null], 'at least 300 ms'],
  ['loadLock.timeout', ['soon', -1, null], 'a duration'],
  ['caches', ['users', 5, true, ['users'], null], 'cache options by name'],
];
const rows = (table: typeof READ) =>
  table.flatMap(([path, wrong, takes]) => wrong.map((value) => ({ path, value, takes })));
const at = (path: string, value: unknown): object =>
  path.split('.').reduceRight<unknown>((inner, field) => ({ [field]: inner }), value) as object;

describe('an option of the module', () => {
  it.each(rows(OF_THE_MODULE))(
    '$path is refused when it is $value, by its path, and with what it takes',
    ({ path, value, takes }) => {
      const ours = resolved(at(path, value)).problems.filter((problem) => problem.startsWith(`${path}: got `));

      expect(ours).toHaveLength(1);
      expect(ours[0]).toContain(takes);
    },
  );
});

describe('an option of a cache', () => {
  it.each(rows(OF_A_CACHE))(
    '$path is refused when it is $value, by its path, and with what it takes',
    ({ path, value, takes }) => {
      const { problems } = resolvedCache(at(path, value));

      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(`caches.users.${path}: got `);
      expect(problems[0]).toContain(takes);
    },
  );

  it.each([true, null, '5m', 5, [], () => 1])('isn’t looked for in what is no object, %o', (wrong) => {
    const { problems } = resolved({ caches: { users: wrong } });

    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('caches.users: got ');
  });

  it.each([
    [{ concurrency: 1, queue: -1 }, 'queue: got -1; takes a whole number of at least 0'],
    [{ concurrency: 1, queue: 1.5 }, 'queue: got 1.5; takes'],
    [{ concurrency: 1, wait: 'soon' }, "wait: got 'soon'; takes a duration"],
    [{ concurrency: 1, wiat: 5 }, 'wiat: there is no such option; did you mean `wait`?'],
  ])('of a bulkhead is refused: %o', (bulkhead, problem) => {
    const { problems } = resolvedCache({ origin: { bulkhead } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`caches.users.origin.bulkhead.${problem}`);
  });

  it.each([
    [{ falsePositiveRate: 0 }, 'falsePositiveRate: got 0; takes a number from 0.000001 to 0.5'],
    [{ falsePositiveRate: '1%' }, "falsePositiveRate: got '1%'; takes"],
    [{ missing: 'nothing' }, "missing: got 'nothing'; takes null, or a function"],
    [{ commitWithin: 'soon' }, "commitWithin: got 'soon'; takes a duration"],
    [{ capacty: 5 }, 'capacty: there is no such option; did you mean `capacity`?'],
  ])('of known ids is refused: %o', (fields, problem) => {
    const { problems } = resolvedCache({ knownIds: { capacity: 5, ...fields } });
    expect(problems).toEqual([expect.stringContaining(`caches.users.knownIds.${problem}`)]);
  });

  it('of known ids is needed, and they can’t be those of one tenant', () => {
    expect(resolvedCache({ scope: () => 'tenant', knownIds: {} }).problems).toEqual([
      'caches.users.knownIds: needs `capacity`: for how many ids it is made',
      'caches.users.knownIds: can’t be had together with `scope`: what is built once would be for one tenant',
    ]);
  });

  it('is missed where a guard can’t do without it', () => {
    expect(resolvedCache({ origin: { bulkhead: {}, refresh: {} } }).problems).toEqual([
      'caches.users.origin.bulkhead: needs `concurrency`: how many loads may run at a time',
      'caches.users.origin.refresh: needs `concurrency`, `perSecond`, or both',
    ]);
  });

  it.each(['users:all', 'my users', '', 'x'.repeat(201), 'größe'])(
    'belongs to a cache that can’t be named %o',
    (name) => {
      expect(resolved({ caches: { [name]: {} } }).problems.join()).toContain("can't name a cache");
    },
  );
});

describe('what was given', () => {
  it.each([
    ['a text', 'soon', "got 'soon'"],
    ['an object', { a: { b: { c: 1 } } }, 'got { a: { b: [Object] } }'],
    ['a function', function later() {}, 'got later'],
    ['a class', User, 'got User'],
    ['what contains itself', cyclic, 'got <ref *1> { self: [Circular *1] }'],
    ['a bigint', 5n, 'got 5n'],
    ['a symbol', Symbol('x'), 'got Symbol(x)'],
    ['something long', 'x'.repeat(500), '…'],
  ])('is shown when it is %s', (_what, value, shown) => {
    const [problem] = resolvedCache({ ttl: value }).problems;

    expect(problem).toContain(shown);
    expect(problem!.length).toBeLessThan(250);
  });
});

describe('an option that isn’t there', () => {
  it.each([
    ['tll', 'ttl'],
    ['TTL', 'ttl'],
    ['ttls', 'ttl'],
    ['jiter', 'jitter'],
    ['hardTimeuot', 'hardTimeout'],
    ['seralizer', 'serializer'],
    ['type', 'types'],
  ])('%s is taken for %s', (given, meant) => {
    expect(resolvedCache({ [given]: 1 }).problems).toEqual([
      `caches.users.${given}: there is no such option; did you mean \`${meant}\`?`,
    ]);
  });

  it('gets the list of those that are when it resembles none', () => {
    const [problem] = resolved({ expires: 5 }).problems;

    expect(problem).toMatch(
      /^expires: there is no such option; known are ttl, ttlFrom, sliding, grace, .*maxStaleness/,
    );
  });

  it('is found inside others too', () => {
    const options = {
      grace: { eror: 1 },
      negative: { tll: 1 },
      memory: { maxByte: 1 },
      journal: { maxRecord: 1 },
      degraded: { serveStall: 1 },
      loadLock: { live: 1 },
      origin: { braker: {}, breaker: { probe: 1 } },
    };

    expect(resolved(options).problems).toEqual([
      'journal.maxRecord: there is no such option; did you mean `maxRecords`?',
      'degraded.serveStall: there is no such option; did you mean `serveStale`?',
      'loadLock.live: there is no such option; did you mean `life`?',
      'memory.maxByte: there is no such option; did you mean `maxBytes`?',
      'grace.eror: there is no such option; did you mean `error`?',
      'negative.tll: there is no such option; did you mean `ttl`?',
      'origin.braker: there is no such option; did you mean `breaker`?',
      'origin.breaker.probe: there is no such option; did you mean `probes`?',
    ]);
  });

  it.each(['tags', 'schema', 'validate', 'scope', 'knownIds'])(
    'of the module is %s, which belongs to a cache',
    (field) => {
      expect(resolved({ [field]: 1 }).problems).toHaveLength(1);
    },
  );

  it('isn’t missed by saying undefined', () => {
    expect(resolved({ ttl: undefined, caches: { users: { grace: undefined } } }).problems).toEqual([]);
  });
});

describe('problems', () => {
  it('are all told in one error', () => {
    const { problems } = resolved({
      ttl: 'soon',
      jitter: 2,
      caches: { users: { ttl: -1 }, bills: { isolation: 'x' } },
    });

    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'ttl',
      'jitter',
      'caches.users.ttl',
      'caches.bills.isolation',
    ]);
  });

  it('of the module are told once, however many caches inherit the option', () => {
    const { problems } = resolved({
      isolation: 'x',
      types: ['x'],
      memory: { maxEntries: -1 },
      origin: { bulkhead: {}, breaker: { probes: 0 } },
      caches: { a: {}, b: { origin: { breaker: { probes: 2 } } }, c: {} },
    });

    expect(problems).toHaveLength(5);
  });

  it('are thrown as a CacheConfigurationError that lists them line by line', () => {
    const problems = new Problems();
    problems.add('ttl', 'is wrong');
    problems.add('caches.users', 'is wrong too');

    expect(() => problems.throwIfAny()).toThrow(CacheConfigurationError);
    expect(() => problems.throwIfAny()).toThrow('  - ttl: is wrong\n  - caches.users: is wrong too');
  });

  it('that aren’t there are not thrown', () => {
    expect(() => new Problems().throwIfAny()).not.toThrow();
  });

  it('of types name what is wrong with them', () => {
    const Other = { User: class User {} }.User;

    expect(resolved({ types: [User, undefined] }).problems.join()).toContain(
      'types: holds undefined, perhaps from a circular import',
    );
    expect(resolved({ types: [User], caches: { a: { types: [Other] } } }).problems.join()).toContain(
      'caches.a.types: holds two classes named User',
    );
  });
});
