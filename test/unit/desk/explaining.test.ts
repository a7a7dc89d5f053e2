import { describe, expect, it } from 'vitest';
import { ControlledLoader, engine, settle, twoTierEngine } from '../../support/engine.js';

describe('explain', () => {
  it('says that there is nothing', async () => {
    const { cache } = engine();
    expect(await cache.explain('users', '1')).toEqual({
      cache: 'users',
      key: '1',
      tier: 'none',
      freshness: 'missing',
      reason: 'no tier holds it',
    });
  });

  it('tells age, expiry, position and tags of what is fresh', async () => {
    const { cache, clock } = engine({ ttl: '1m' });
    await cache.invalidate({ tags: ['before'] });
    await cache.getOrLoad('users', '7', () => 'a', { tags: ['user:7'] });
    await clock.advance(10_000);
    expect(await cache.explain('users', 7)).toMatchObject({
      tier: 'memory',
      freshness: 'fresh',
      reason: 'nothing invalidated it and its time has not come',
      ageMs: 10_000,
      expiresInMs: 50_000,
      position: 1,
      tags: ['everything', 'cache users', 'key 7 of cache users', 'tag user:7'],
    });
  });

  it.each([
    { what: { tags: ['t'] }, through: 'tag t', freshness: 'dead' },
    { what: { keys: [['users', '1']] as const }, through: 'key 1 of cache users', freshness: 'dead' },
    { what: { caches: ['users'] }, through: 'cache users', freshness: 'dead' },
    { what: { all: true }, through: 'everything', freshness: 'dead' },
    { what: { tags: ['t'], mode: 'soft' as const }, through: 'tag t (soft)', freshness: 'revalidate' },
  ])('names the record that made it stale: $through', async ({ what, through, freshness }) => {
    const { cache } = engine();
    await cache.invalidate({ tags: ['earlier'] });
    await cache.set('users', '1', 'a', { tags: ['t'] });
    await cache.invalidate(what);
    expect(await cache.explain('users', '1')).toMatchObject({
      freshness,
      reason: `it was invalidated through ${through}`,
      invalidatedBy: { tag: through, position: 2 },
    });
  });

  it('tells what grace makes of what expired', async () => {
    const { cache, clock } = engine({ ttl: '10s', grace: { revalidate: '10s', error: '20s' } });
    await cache.set('users', '1', 'a');
    const said: string[] = [];
    for (let second = 0; second < 3; second++) {
      await clock.advance(10_500);
      said.push((await cache.explain('users', '1')).freshness);
    }
    expect(said).toEqual(['revalidate', 'fallback', 'missing']);
  });

  it('looks into the shared tier as well', async () => {
    const { cache, engine: made } = twoTierEngine();
    await cache.getOrLoad('users', '1', () => 'a', { tags: ['t'] });
    await settle();
    made.desks.get('users')!.region.memory.clear();
    expect(await cache.explain('users', '1')).toMatchObject({ tier: 'shared', freshness: 'fresh' });
    await cache.invalidate({ tags: ['t'] });
    expect(await cache.explain('users', '1')).toMatchObject({ tier: 'shared', freshness: 'dead' });
  });

  it('changes nothing and counts nothing', async () => {
    const { cache, count } = engine();
    await cache.set('users', '1', 'a');
    await cache.explain('users', '1');
    expect(count().reads).toBe(0);
  });
});

describe('status', () => {
  it('tells what is held and under way', async () => {
    const { cache } = engine({ namespace: 'shop' });
    const loader = new ControlledLoader<string>();
    const reads = ['1', '2'].map((key) => cache.getOrLoad('users', key, loader.load));
    await settle();
    expect(cache.status()).toMatchObject({ enabled: true, namespace: 'shop', flights: 2, background: 0 });
    loader.resolve('a');
    loader.resolve('b');
    await Promise.all(reads);
    await cache.invalidate({ tags: ['x', 'y'] });
    expect(cache.status()).toMatchObject({
      flights: 0,
      memory: { entries: 2, evictions: 0 },
      journal: { kind: 'memory', trusted: true, position: 1, lag: 0, queued: 0, rememberedTags: 2 },
      caches: { users: { reads: 2, entries: 2 }, pages: { reads: 0, entries: 0 } },
    });
  });

  it('counts evictions, and bytes of what is there', async () => {
    const { cache } = engine({ memory: { maxEntries: 3 } });
    for (let id = 0; id < 10; id++) await cache.set('users', id, 'x');
    expect(cache.status().memory).toMatchObject({ entries: 3, evictions: 7 });
    await cache.set('users', 'big', 'x'.repeat(10_000));
    expect(cache.status().memory.bytes).toBeGreaterThan(10_000);
  });

  it('counts every read once, by how it ended', async () => {
    const { cache, count, clock } = engine({ ttl: '1m', grace: '1h', retryPause: '1s' });
    const failing = (): Promise<string> => Promise.reject(new Error('down'));
    await cache.getOrLoad('users', '1', () => 'a'); // loaded
    await cache.getOrLoad('users', '1', failing); // l1
    await Promise.all([1, 2].map(() => cache.getOrLoad('users', '2', () => 'b'))); // loaded, joined
    await cache.getOrLoad('users', '3', failing).catch(() => undefined); // error
    const late = cache.getOrLoad('users', '4', () => new Promise(() => undefined), { hardTimeout: 10 });
    late.catch(() => undefined);
    await clock.advance(40); // timeout
    await cache.get('users', '5'); // absent
    await clock.advance(61_000);
    await cache.getOrLoad('users', '1', failing); // stale
    await settle();
    expect(count()).toMatchObject({
      reads: 8,
      hits: 2,
      misses: 6,
      outcomes: { l1: 1, l2: 0, stale: 1, loaded: 2, joined: 1, error: 1, timeout: 1, absent: 1 },
    });
  });
});

describe('what is logged', () => {
  it('names cache, key and remedy, and no value', async () => {
    class Account {
      constructor(readonly secret: string) {}
    }
    const { cache, errors } = engine();
    await cache.getOrLoad('users', '1', () => ({ owner: new Account('hunter2') }));
    await cache.put('users', '2', () => ({ owner: new Account('hunter2') }));
    await cache.getOrLoad('users', '3', () => '\ud800hunter2');
    await cache.getOrLoad('users', '4', () => 'hunter2'.repeat(200_000));
    expect(errors).toHaveLength(3);
    expect(errors[0]).toBe(
      'cache users, key 1: returned but not cached: the value’s owner is an instance of Account; '.replace('’', "'") +
        'list the class under `types`, or set `plain: true` to keep its fields only',
    );
    expect(errors.join('\n')).not.toContain('hunter2');
  });

  it('is said again for another cache, and for another cause', async () => {
    const { cache, errors } = engine();
    for (const name of ['users', 'users', 'pages']) await cache.getOrLoad(name, '1', () => () => 1);
    await cache.getOrLoad('users', '1', () => Symbol('s'));
    expect(errors).toHaveLength(3);
  });

  it('is nothing for errors of a loader', async () => {
    const { cache, errors } = engine();
    await cache.getOrLoad('users', '1', () => Promise.reject(new Error('theirs'))).catch(() => undefined);
    expect(errors).toEqual([]);
  });
});
