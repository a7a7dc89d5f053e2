import { describe, expect, it } from 'vitest';
import { CacheConfigurationError } from '../../../lib/cache.errors.js';
import { DEFAULTS } from '../../../lib/options/cache-options.defaults.js';
import type { Serializer } from '../../../lib/entry/serializers.js';
import { layered, resolved, resolvedCache } from '../../support/options.js';

class User {
  constructor(readonly id: string) {}
}

describe('options nobody says anything about', () => {
  it('are the defaults', () => {
    const { module, caches } = resolved({ caches: { users: {} } });

    expect(module).toMatchObject({
      namespace: DEFAULTS.namespace,
      enabled: DEFAULTS.enabled,
      maxStalenessMs: DEFAULTS.maxStaleness,
      journal: { maxRecords: DEFAULTS.journalMaxRecords, maxAgeMs: DEFAULTS.journalMaxAge, replicated: false },
      degraded: { answersForMs: DEFAULTS.maxStaleness, maxAgeMs: DEFAULTS.maxStaleness },
      loadLock: { lifeMs: DEFAULTS.loadLockLife, timeoutMs: DEFAULTS.loadLockTimeout },
      redis: undefined,
      memory: {
        maxBytes: DEFAULTS.memoryMaxBytes,
        maxEntries: DEFAULTS.memoryMaxEntries,
        eviction: DEFAULTS.memoryEviction,
      },
    });
    expect(caches['users']).toMatchObject({
      tags: [],
      isolation: DEFAULTS.isolation,
      memory: 'shared',
      schema: DEFAULTS.schema,
      plain: DEFAULTS.plain,
      validate: undefined,
      scope: undefined,
      serializer: { name: DEFAULTS.serializer },
      maxValueBytes: DEFAULTS.maxValueBytes,
      maxKeyBytes: DEFAULTS.maxKeyBytes,
      tooLarge: DEFAULTS.tooLarge,
      compression: undefined,
      encryption: undefined,
      read: {
        ttlMs: DEFAULTS.ttl,
        graceRevalidateMs: 0,
        graceErrorMs: 0,
        strong: false,
        negativeTtlMs: undefined,
        negativeMissing: true,
        softTimeoutMs: 0,
        hardTimeoutMs: 0,
        abandonAfterMs: undefined,
        earlyRefreshBeta: 1,
        jitter: 0.1,
        retryPauseMs: 5_000,
        nested: true,
      },
    });
  });

  it('let no error count as an answer, and every error be covered by an old value', () => {
    const { read } = resolvedCache({});

    expect(read.isNegativeError(new Error('x'))).toBe(false);
    expect(read.graceWhen(new Error('x'))).toBe(true);
  });
});

/** One value for each layer, for options that are read at a call. */
const AT_EACH_LAYER = [
  ['ttl', 'ttlMs', ['1s', '2s', '3s', '4s'], [1_000, 2_000, 3_000, 4_000]],
  ['consistency', 'strong', ['strong', 'bounded', 'strong', 'bounded'], [true, false, true, false]],
  ['softTimeout', 'softTimeoutMs', [1, 2, 3, 4], [1, 2, 3, 4]],
  ['hardTimeout', 'hardTimeoutMs', [1, 2, 3, 4], [1, 2, 3, 4]],
  ['abandonAfter', 'abandonAfterMs', [1, 2, 3, 4], [1, 2, 3, 4]],
  ['earlyRefresh', 'earlyRefreshBeta', [2, false, 3, 0], [2, 0, 3, 0]],
  ['jitter', 'jitter', [0.5, 0, 1, 0.2], [0.5, 0, 1, 0.2]],
  ['retryPause', 'retryPauseMs', [1, 0, 3, 4], [1, 0, 3, 4]],
  ['nested', 'nested', [false, true, false, true], [false, true, false, true]],
  ['grace', 'graceErrorMs', ['1s', 0, { error: '3s' }, '4s'], [1_000, 0, 3_000, 4_000]],
  ['grace', 'graceRevalidateMs', ['1s', 0, { revalidate: '3s' }, '4s'], [1_000, 0, 3_000, 4_000]],
  ['negative', 'negativeTtlMs', [{ ttl: 1 }, { ttl: 0 }, { ttl: 3 }, { ttl: 4 }], [1, 0, 3, 4]],
  [
    'negative',
    'negativeMissing',
    [{ missing: false }, { missing: true }, { missing: false }, { missing: true }],
    [false, true, false, true],
  ],
] as const;

describe('an option of a read', () => {
  it.each(AT_EACH_LAYER)(
    '%s (%s) is taken from the innermost layer that says it: call, decorator, cache, module',
    (field, into, said, expected) => {
      const say = (layer: number) => ({ [field]: said[layer] });
      const { read: ofModule } = resolvedCache({}, say(0));
      const { read: ofCache } = resolvedCache(say(1), say(0));

      expect(ofModule[into]).toBe(expected[0]);
      expect(ofCache[into]).toBe(expected[1]);
      expect(layered(ofCache, say(2))[into]).toBe(expected[2]);
      expect(layered(ofCache, say(2), say(3))[into]).toBe(expected[3]);
    },
  );

  it.each(AT_EACH_LAYER)('%s (%s) stays when a layer says undefined, or nothing', (field, into, said, expected) => {
    const { read } = resolvedCache({ [field]: undefined }, { [field]: said[0] });

    expect(read[into]).toBe(expected[0]);
    expect(layered(read, { [field]: undefined }, {})[into]).toBe(expected[0]);
  });

  it('is inherited field by field inside `grace` and `negative`', () => {
    const module = {
      grace: { revalidate: '1s', error: '1h', when: () => false },
      negative: { ttl: '1s', missing: false, errors: [TypeError] },
    };
    const { read } = resolvedCache({ grace: { revalidate: '2s', error: undefined }, negative: { ttl: '3s' } }, module);

    expect(read).toMatchObject({
      graceRevalidateMs: 2_000,
      graceErrorMs: 3_600_000,
      negativeTtlMs: 3_000,
      negativeMissing: false,
    });
    expect(read.graceWhen(new Error('x'))).toBe(false);
    expect(read.isNegativeError(new TypeError('x'))).toBe(true);
  });

  it('that chooses errors takes classes or a function', () => {
    const byClass = resolvedCache({ negative: { errors: [TypeError] } }).read;
    const byFunction = resolvedCache({ negative: { errors: (error: unknown) => error === 404 } }).read;

    expect([new TypeError('x'), new Error('x'), 404].map(byClass.isNegativeError)).toEqual([true, false, false]);
    expect([new TypeError('x'), 404].map(byFunction.isNegativeError)).toEqual([false, true]);
  });

  it('of a call that is wrong is thrown', () => {
    expect(() => layered(resolvedCache({}).read, { ttl: 'soon' })).toThrow(CacheConfigurationError);
  });
});

describe('an option of a cache', () => {
  const own: Serializer = { name: 'own', encode: () => Buffer.alloc(0), decode: () => 1 };

  it('stands over that of the module, which stands over the default', () => {
    const module = { isolation: 'frozen', serializer: 'json', maxValueBytes: '2kb', maxKeyBytes: 100, plain: true };

    expect(resolvedCache({}, module)).toMatchObject({
      isolation: 'frozen',
      serializer: { name: 'json' },
      maxValueBytes: 2_048,
      maxKeyBytes: 100,
      plain: true,
    });
    expect(
      resolvedCache({ isolation: 'shared', serializer: own, maxValueBytes: 1, maxKeyBytes: 2, plain: false }, module),
    ).toMatchObject({
      isolation: 'shared',
      serializer: own,
      maxValueBytes: 1,
      maxKeyBytes: 2,
      plain: false,
    });
  });

  it('gives it a memory of its own, with what it doesn’t say from the module', () => {
    const module = { memory: { maxBytes: '1mb', maxEntries: 5, eviction: 'lru' } };

    expect(resolvedCache({}, module).memory).toBe('shared');
    expect(resolvedCache({ memory: { maxEntries: 7, maxBytes: undefined } }, module).memory).toEqual({
      maxBytes: 1_048_576,
      maxEntries: 7,
      eviction: 'lru',
    });
    expect(resolvedCache({ memory: false }, module).memory).toBe(false);
    expect(resolvedCache({}, { memory: false }).memory).toBe(false);
    expect(resolvedCache({ memory: { maxEntries: 7 } }, { memory: false }).memory).toMatchObject({ maxEntries: 7 });
  });

  it('adds its types to those of the module, and its ways over theirs', () => {
    const ways = { type: User, to: ({ id }: User) => id, from: (id: string) => new User(`${id}!`) };
    const { serializer, problems } = resolvedCache({ types: [ways] }, { types: [User] });

    expect(problems).toEqual([]);
    expect(serializer.decode(serializer.encode(new User('7')))).toStrictEqual(new User('7!'));
  });

  it('isn’t another cache’s', () => {
    const { caches } = resolved({ caches: { users: { types: [User], ttl: '1s' }, bills: {} } });

    expect(caches['users']!.types.has(new User('7'))).toBe(true);
    expect(caches['bills']!.types.has(new User('7'))).toBe(false);
    expect(caches['bills']!.read.ttlMs).toBe(DEFAULTS.ttl);
  });

  it('can’t be changed once it is resolved', () => {
    const { module, caches } = resolved({ caches: { users: {} } });

    expect([module, caches['users'], caches['users']!.read].every(Object.isFrozen)).toBe(true);
  });
});

describe('guards of the source', () => {
  const module = { origin: { bulkhead: { concurrency: 5, wait: '2s' }, breaker: { probes: 7 } } };

  it('are none unless somebody says so', () => {
    expect(resolvedCache({}).origin).toBeUndefined();
    expect(resolvedCache({ origin: {} }).origin).toBeUndefined();
  });

  it('are those of the module, field by field, where the cache says nothing else', () => {
    const { origin, problems } = resolvedCache({ origin: { bulkhead: { concurrency: 9 } } }, module);
    expect(problems).toEqual([]);
    expect(origin).toMatchObject({
      bulkhead: { concurrency: 9, queue: DEFAULTS.bulkheadQueue, waitMs: 2_000 },
      breaker: { probes: 7, failureRate: DEFAULTS.loadBreakerFailureRate, slowLoadMs: 0 },
      refresh: undefined,
    });
  });

  it('can be taken off one cache', () => {
    expect(resolvedCache({ origin: { bulkhead: false, breaker: false } }, module).origin).toBeUndefined();
  });
});
