import { describe, expect, it } from 'vitest';
import { CacheConfigurationError } from '../../../lib/cache.errors.js';
import type { KnownIdsOptions } from '../../../lib/options/known-ids-options.interface.js';
import { engine, settle, stateOf, twoTierEngine, type Bench } from '../../support/engine.js';

class NotFound extends Error {}

const bench = (knownIds: Partial<KnownIdsOptions> = {}): Bench =>
  engine({
    caches: { users: { knownIds: { capacity: 1_000, falsePositiveRate: 1e-6, commitWithin: 0, ...knownIds } } },
  });

/** A bench that knows the ids 1 to 3. */
async function built(knownIds: Partial<KnownIdsOptions> = {}): Promise<Bench> {
  const made = bench(knownIds);
  await made.cache.knownIds('users').rebuild(() => ['1', '2', '3']);
  return made;
}

describe('a read of a key that doesn’t exist', () => {
  it('asks the source while nobody has built the filter', async () => {
    const { cache, count } = bench();
    expect(await cache.getOrLoad('users', '9', () => 'loaded')).toBe('loaded');
    expect(count().idTests).toEqual({ absent: 0, maybe: 0, unknown: 1 });
  });

  it('asks nobody once it is there', async () => {
    const { cache, count } = await built();
    for (let read = 0; read < 3; read++) expect(await cache.getOrLoad('users', '9', () => 'never')).toBeNull();
    expect(count()).toMatchObject({
      loads: 0,
      entries: 0,
      idTests: { absent: 3, maybe: 0, unknown: 0 },
      outcomes: { absent: 3, loaded: 0 },
    });
  });

  it('is one look for all who ask at once', async () => {
    const { cache, count } = await built();
    const reads = Array.from({ length: 50 }, () => cache.getOrLoad('users', '9', () => 'never'));
    expect(new Set(await Promise.all(reads))).toEqual(new Set([null]));
    expect(count().idTests.absent).toBe(1);
    expect(count().outcomes.absent).toBe(50);
  });

  it('is answered as `missing` says', async () => {
    const { cache } = await built({ missing: () => undefined });
    expect(await cache.getOrLoad('users', '9', () => 'never')).toBeUndefined();
  });

  it('is an error of its class where `missing` returns one', async () => {
    const { cache, count } = await built({ missing: () => new NotFound('no such user') });
    await expect(cache.getOrLoad('users', '9', () => 'never')).rejects.toThrow('no such user');
    expect(count().outcomes).toMatchObject({ absent: 1, error: 0 });
  });

  it('goes to the source where `missing` fails', async () => {
    const missing = (): never => {
      throw new TypeError('bad function');
    };
    const { cache, errors } = await built({ missing });
    expect(await cache.getOrLoad('users', '9', () => 'loaded')).toBe('loaded');
    expect(errors.join()).toContain('bad function');
  });

  it('goes to the source within a transaction, which may have inserted it', async () => {
    const { cache } = await built();
    await cache.afterCommit(async () => {
      expect(await cache.getOrLoad('users', '9', () => 'uncommitted')).toBe('uncommitted');
    });
  });

  it('is left out of a load of many', async () => {
    const { cache, count } = await built();
    const asked: string[][] = [];
    const users = await cache.getOrLoadMany('users', ['1', '8', '2', '9'], (keys) => {
      asked.push(keys);
      return keys.map((key) => `user ${key}`);
    });
    expect(users).toEqual(['user 1', undefined, 'user 2', undefined]);
    expect(asked).toEqual([['1', '2']]);
    expect(await cache.getOrLoadMany('users', ['7', '8'], () => ['never', 'never'])).toEqual([undefined, undefined]);
    expect(count().outcomes).toMatchObject({ loaded: 2, absent: 4 });
  });

  it('inside a load makes its value stale when it comes into being', async () => {
    const { cache } = engine({
      caches: { pages: {}, users: { knownIds: { capacity: 9, falsePositiveRate: 1e-6, commitWithin: 0 } } },
    });
    await cache.knownIds('users').rebuild(() => []);
    const page = (): Promise<string> =>
      cache.getOrLoad('pages', 'p', async () => `page of ${await cache.getOrLoad('users', '1', () => 'somebody')}`);
    expect(await page()).toBe('page of null');
    expect(await cache.get('pages', 'p')).toBe('page of null');
    await cache.put('users', '1', () => 'somebody');
    expect(await page()).toBe('page of somebody');
  });

  it('goes to the source in a cache without known ids, and there are none to ask for', async () => {
    const { cache } = engine();
    expect(() => cache.knownIds('users')).toThrow(CacheConfigurationError);
    expect(await cache.getOrLoad('users', '9', () => 'loaded')).toBe('loaded');
  });
});

describe('a key that exists', () => {
  it('is loaded', async () => {
    const { cache, count } = await built();
    expect(await cache.getOrLoad('users', '2', () => 'two')).toBe('two');
    expect(count().idTests).toEqual({ absent: 0, maybe: 1, unknown: 0 });
  });

  it('costs no look when it is cached', async () => {
    const { cache, count } = await built();
    for (let read = 0; read < 3; read++) await cache.getOrLoad('users', '2', () => 'two');
    expect(count().idTests.maybe).toBe(1);
  });

  it('is loaded once it was added', async () => {
    const { cache } = await built();
    await cache.knownIds('users').add('4', '5');
    expect(await cache.getOrLoad('users', '4', () => 'four')).toBe('four');
    expect(await cache.getOrLoad('users', '5', () => 'five')).toBe('five');
  });

  it.each([
    ['put', async ({ cache }: Bench) => cache.put('users', '4', () => 'four', { ttl: 0 })],
    ['set', async ({ cache }: Bench) => cache.set('users', '4', 'four', { ttl: 0 })],
  ])('is loaded once %s wrote it, kept or not', async (_name, write) => {
    const made = await built();
    await write(made);
    expect(await made.cache.getOrLoad('users', '4', () => 'four')).toBe('four');
  });

  it('is looked for in one that another process wrote to the shared store', async () => {
    const one = twoTierEngine({ caches: { users: { knownIds: { capacity: 9, commitWithin: 0 } } } });
    await one.cache.knownIds('users').rebuild(() => []);
    const other = twoTierEngine({}, { shared: one.shared });
    await other.cache.getOrLoad('users', '1', () => 'of another process');
    await settle();
    expect(await one.cache.getOrLoad('users', '1', () => 'never')).toBe('of another process');
  });
});

describe('a value that is refreshed', () => {
  it('has been there, whatever the filter says', async () => {
    const knownIds = { capacity: 9, commitWithin: 0 };
    const { cache, clock } = engine({ caches: { users: { ttl: '1m', grace: '1h', knownIds } } });
    await cache.getOrLoad('users', '1', () => 'old');
    await cache.knownIds('users').rebuild(() => []);
    await clock.advance(61_000);
    expect(await cache.getOrLoad('users', '1', () => 'new')).toBe('old');
    await settle();
    expect(await cache.getOrLoad('users', '1', () => 'newer')).toBe('new');
  });
});

describe('a rebuild', () => {
  it('leaves the old filter in use until it is complete, and forgets what is gone then', async () => {
    const { cache } = await built();
    let finish = (): void => undefined;
    const waiting = new Promise<void>((resolve) => (finish = resolve));
    const rebuilding = cache.knownIds('users').rebuild(async function* () {
      yield '2';
      await waiting;
      yield '3';
    });
    await settle();
    expect(await cache.getOrLoad('users', '9', () => 'never')).toBeNull();
    expect(await cache.getOrLoad('users', '1', () => 'one', { ttl: 0 })).toBe('one');
    finish();
    expect(await rebuilding).toMatchObject({ status: 'built', ids: 2 });
    expect(await cache.getOrLoad('users', '1', () => 'never')).toBeNull();
    expect(await cache.getOrLoad('users', '3', () => 'three')).toBe('three');
  });

  it('has in it what is added meanwhile', async () => {
    const { cache } = await built();
    await cache.knownIds('users').rebuild(async function* () {
      await cache.knownIds('users').add('4');
      await cache.put('users', '5', () => 'five', { ttl: 0 });
      yield '1';
    });
    expect(await cache.getOrLoad('users', '4', () => 'four')).toBe('four');
    expect(await cache.getOrLoad('users', '5', () => 'five')).toBe('five');
  });

  it('reads its source only when what was added before it is committed', async () => {
    const { cache, clock } = bench({ commitWithin: '10s' });
    let isRead = false;
    const rebuilding = cache.knownIds('users').rebuild(() => {
      isRead = true;
      return ['1'];
    });
    await clock.advance(9_999);
    expect(isRead).toBe(false);
    await clock.advance(1);
    expect(await rebuilding).toMatchObject({ status: 'built' });
  });

  it('that fails leaves everything as it was, and the next one can begin', async () => {
    const { cache } = await built();
    const broken = cache.knownIds('users').rebuild(function* () {
      yield '7';
      throw new Error('connection lost');
    });
    await expect(broken).rejects.toThrow('connection lost');
    expect(await cache.getOrLoad('users', '7', () => 'never')).toBeNull();
    expect(await cache.knownIds('users').rebuild(() => ['7'])).toMatchObject({ status: 'built' });
  });

  it('isn’t done twice at a time', async () => {
    const { cache, clock } = bench({ commitWithin: '1s' });
    const first = cache.knownIds('users').rebuild(() => ['1']);
    expect(await cache.knownIds('users').rebuild(() => ['1'])).toEqual({ status: 'busy' });
    expect(await stateOf(first)).toBe('pending');
    await clock.advance(1_000);
    expect(await first).toMatchObject({ status: 'built' });
  });

  it('says when there are more ids than the filter was made for, and misses none of them', async () => {
    const { cache, errors } = bench({ capacity: 100, falsePositiveRate: 0.01 });
    const ids = Array.from({ length: 300 }, (_, id) => id);
    const result = await cache.knownIds('users').rebuild(() => ids);
    expect(result).toMatchObject({ ids: 300 });
    expect(errors.join()).toContain('its known ids are 300, and the filter was made for 100');
    for (const id of ids) expect(await cache.getOrLoad('users', id, () => id)).toBe(id);
    expect(await cache.knownIds('users').status()).toMatchObject({ state: 'complete', ids: 300, capacity: 100 });
  });
});
