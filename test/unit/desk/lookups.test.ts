import { describe, expect, it } from 'vitest';
import { CacheConfigurationError, CacheKeyError } from '../../../lib/cache.errors.js';
import { engine } from '../../support/engine.js';

describe('get', () => {
  it('finds what is there, and loads nothing', async () => {
    const { cache, count } = engine();
    expect(await cache.get('users', '1')).toBeUndefined();
    await cache.set('users', '1', { name: 'Ann' });
    expect(await cache.get('users', '1')).toEqual({ name: 'Ann' });
    expect(count()).toMatchObject({ reads: 2, loads: 0, outcomes: { absent: 1, l1: 1 } });
  });

  it('gives what is expired or softly invalidated only with allowStale, and only in grace', async () => {
    const { cache, clock, count } = engine({ ttl: '1m', grace: '1h' });
    await cache.set('users', '1', 'a');
    await cache.invalidate({ keys: [['users', '1']], mode: 'soft' });
    expect(await cache.get('users', '1')).toBeUndefined();
    expect(await cache.get('users', '1', { allowStale: true })).toBe('a');
    await clock.advance(61_000);
    expect(await cache.get('users', '1')).toBeUndefined();
    expect(await cache.get('users', '1', { allowStale: true })).toBe('a');
    await clock.advance(3_600_000);
    expect(await cache.get('users', '1', { allowStale: true })).toBeUndefined();
    expect(count().outcomes).toMatchObject({ stale: 2, absent: 3 });
  });

  it('with allowStale gives nothing that was invalidated hard', async () => {
    const { cache } = engine({ grace: '1h' });
    await cache.set('users', '1', 'a');
    await cache.evict('users', '1');
    expect(await cache.get('users', '1', { allowStale: true })).toBeUndefined();
  });

  it('strong takes nothing softly invalidated, allowStale or not', async () => {
    const { cache } = engine({ grace: '1h' });
    await cache.set('users', '1', 'a');
    expect(await cache.get('users', '1', { consistency: 'strong' })).toBe('a');
    await cache.invalidate({ all: true, mode: 'soft' });
    expect(await cache.get('users', '1', { consistency: 'strong', allowStale: true })).toBeUndefined();
  });

  it('counts as a use when somebody has to make room', async () => {
    for (const eviction of ['lru', 'sieve'] as const) {
      const { cache } = engine({ memory: { maxEntries: 2, eviction } });
      await cache.set('users', 'used', 'a');
      await cache.set('users', 'unused', 'b');
      await cache.get('users', 'used');
      await cache.set('users', 'new', 'c');
      expect(await cache.getMany('users', ['used', 'unused', 'new'])).toEqual(['a', undefined, 'c']);
    }
  });

  it('takes numbers and their texts for one key, and a list for the arguments of a method', async () => {
    const { cache } = engine();
    await cache.set('users', 7, 'seven');
    expect(await cache.getMany('users', ['7', 7n, 7])).toEqual(['seven', 'seven', 'seven']);
    await cache.set('users', [7], 'arguments');
    expect(await cache.getMany('users', ['7', [7], ['7'], '#n7'])).toEqual(['seven', 'arguments', 'seven', undefined]);
  });

  it.each([undefined, null, Number.NaN, {}, true, Symbol('s'), () => 1])('refuses a key like %s', async (key) => {
    const { cache, count } = engine();
    await expect(cache.get('users', key as string)).rejects.toBeInstanceOf(CacheKeyError);
    await expect(cache.getOrLoad('users', key as string, () => 'a')).rejects.toBeInstanceOf(CacheKeyError);
    await expect(cache.put('users', key as string, () => expect.unreachable())).rejects.toBeInstanceOf(CacheKeyError);
    expect(count().reads).toBe(0);
  });

  it.each(['', ' ', 'a\nb', 'ü', '😀', '\ud800', '__proto__', 'constructor', '#', '##', 'x'.repeat(5_000)])(
    'takes any text for a key: %j',
    async (key) => {
      const { cache } = engine();
      await cache.set('users', key, 'it');
      await cache.set('users', `${key} `, 'another');
      expect(await cache.get('users', key)).toBe('it');
      await cache.evict('users', key);
      expect(await cache.getMany('users', [key, `${key} `])).toEqual([undefined, 'another']);
    },
  );

  it('refuses options it doesn’t know, and caches that aren’t declared', async () => {
    const { cache } = engine();
    await expect(cache.get('users', '1', { allowStael: true } as object)).rejects.toThrow('allowStale');
    await expect(cache.get('nope', '1')).rejects.toBeInstanceOf(CacheConfigurationError);
    await expect(cache.getOrLoad('nope', '1', () => 'a')).rejects.toThrow('there are: users, pages, sites');
  });
});

describe('getOrLoad', () => {
  it('counts as a use when somebody has to make room, also where it is answered at once', async () => {
    const { cache } = engine({ memory: { maxEntries: 2, eviction: 'lru' } });
    await cache.getOrLoad('users', 'used', () => 'a');
    await cache.getOrLoad('users', 'used', () => 'never'); // judged; from here on it is answered at once
    await cache.set('users', 'unused', 'b');
    await cache.getOrLoad('users', 'used', () => 'never');
    await cache.set('users', 'new', 'c');
    expect(await cache.getMany('users', ['used', 'unused'])).toEqual(['a', undefined]);
  });
});

describe('getMany', () => {
  it('answers in the order of the keys, each with a copy', async () => {
    const { cache, count } = engine();
    await cache.set('users', 'a', { n: 1 });
    const [b, one, another] = await cache.getMany<{ n: number }>('users', ['b', 'a', 'a']);
    expect(b).toBeUndefined();
    expect(one).toEqual({ n: 1 });
    expect(one).not.toBe(another);
    expect(count()).toMatchObject({ reads: 3, hits: 2, misses: 1 });
    expect(await cache.getMany('users', [])).toEqual([]);
  });
});

describe('a scope', () => {
  it('keeps tenants apart, for reads, writes and evictions', async () => {
    let tenant = 'a';
    const { cache } = engine({ caches: { users: { scope: () => tenant } } });
    await cache.set('users', '1', 'of a');
    tenant = 'b';
    expect(await cache.getOrLoad('users', '1', () => 'of b')).toBe('of b');
    await cache.evict('users', '1');
    tenant = 'a';
    expect(await cache.getOrLoad('users', '1', () => 'never')).toBe('of a');
    tenant = '';
    await expect(cache.get('users', '1')).rejects.toThrow('scope');
  });
});
