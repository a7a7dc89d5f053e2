import { describe, expect, it } from 'vitest';
import { CacheConfigurationError, CacheKeyError, CacheSerializationError } from '../../../lib/cache.errors.js';
import { ControlledLoader, engine, gate, settle } from '../../support/engine.js';

class Unregistered {}

describe('put', () => {
  it('replaces the entry with what was written, and returns it', async () => {
    const { cache, count } = engine();
    await cache.getOrLoad('users', '1', () => 'old', { tags: ['t'] });
    expect(await cache.put('users', '1', () => Promise.resolve('new'), { tags: ['u'] })).toBe('new');
    expect(await cache.getOrLoad('users', '1', () => 'loaded')).toBe('new');
    await cache.invalidate({ tags: ['t'] });
    expect(await cache.get('users', '1')).toBe('new');
    await cache.invalidate({ tags: ['u'] });
    expect(await cache.get('users', '1')).toBeUndefined();
    expect(count().loads).toBe(1);
  });

  it.each(['at once', 'later'])('that fails %s changes nothing', async (when) => {
    const { cache } = engine();
    await cache.set('users', '1', 'old');
    const error = new Error('constraint');
    const write = (): Promise<string> => {
      if (when === 'at once') throw error;
      return Promise.reject(error);
    };
    await expect(cache.put('users', '1', write)).rejects.toBe(error);
    expect(await cache.get('users', '1')).toBe('old');
    expect(cache.status().journal.position).toBe(0);
  });

  it('of a key that is crossed by another keeps neither value', async () => {
    const { cache, count } = engine();
    const writes = new ControlledLoader<string>();
    const write = (): Promise<string> => writes.load(undefined as never);
    const both = [cache.put('users', '1', write), cache.put('users', '1', write)];
    writes.resolve('first');
    await settle();
    writes.resolve('second');
    expect(await Promise.all(both)).toEqual(['first', 'second']);
    expect(await cache.get('users', '1')).toBeUndefined();
    expect(count().notStored).toEqual({ disturbed: 1 });
  });

  it('that ends in the same turn as another keeps neither value', async () => {
    const { cache } = engine();
    await Promise.all(['a', 'b'].map((value) => cache.put('users', '1', () => value)));
    expect(await cache.get('users', '1')).toBeUndefined();
  });

  it('of another key is left alone', async () => {
    const { cache } = engine();
    await Promise.all(['a', 'b'].map((key) => cache.put('users', key, () => key)));
    expect(await cache.getMany('users', ['a', 'b'])).toEqual(['a', 'b']);
  });

  it.each([{ keys: [['users', '1']] }, { keys: [['users', '1']], mode: 'hard', settled: true }] as const)(
    'crossed by an invalidation of its key keeps nothing: %o',
    async (invalidation) => {
      const { cache } = engine();
      const work = gate();
      const writing = cache.put('users', '1', () => work.passed.then(() => 'new'));
      await cache.invalidate(invalidation);
      work.open();
      expect(await writing).toBe('new');
      expect(await cache.get('users', '1')).toBeUndefined();
    },
  );

  it.each([{ caches: ['users'] }, { all: true }, { tags: ['t'] }])(
    'crossed by %o isn’t served',
    async (invalidation) => {
      const { cache } = engine();
      const work = gate();
      const writing = cache.put('users', '1', () => work.passed.then(() => 'new'), { tags: ['t'] });
      await cache.invalidate(invalidation);
      work.open();
      await writing;
      expect(await cache.get('users', '1')).toBeUndefined();
    },
  );

  it('makes a load that began before it worthless', async () => {
    const { cache } = engine();
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad('users', '1', loader.load);
    await settle();
    await cache.put('users', '1', () => 'written');
    loader.resolve('read before');
    expect(await read).toBe('read before');
    expect(await cache.get('users', '1')).toBe('written');
  });

  it('makes what was made from the old value stale', async () => {
    const { cache } = engine();
    await cache.getOrLoad('pages', 'p', () => cache.getOrLoad('users', '1', () => 'old'));
    await cache.put('users', '1', () => 'new');
    expect(await cache.get('pages', 'p')).toBeUndefined();
  });

  it('of a value that can’t be kept returns it, invalidates the old one and logs', async () => {
    const { cache, errors, count } = engine();
    await cache.set('users', '1', 'old');
    const value = new Unregistered();
    expect(await cache.put('users', '1', () => value)).toBe(value);
    expect(await cache.get('users', '1')).toBeUndefined();
    expect(errors[0]).toMatch(/^cache users, key 1: written but not cached: the value is an instance of Unregistered/);
    expect(count().notStored).toEqual({ unstorable: 1 });
  });

  it('of what isn’t kept invalidates the old value', async () => {
    const { cache, count } = engine({ negative: { missing: false } });
    for (const key of ['null', 'short']) await cache.set('users', key, 'old');
    await cache.put('users', 'null', () => null);
    await cache.put('users', 'short', () => 'new', { ttl: 0 });
    expect(await cache.getMany('users', ['null', 'short'])).toEqual([undefined, undefined]);
    expect(count().notStored).toEqual({ negative: 1, ttl: 1 });
  });

  it('keeps a copy of its own', async () => {
    const { cache } = engine();
    const user = { name: 'Ann' };
    expect(await cache.put('users', '1', () => user)).toBe(user);
    user.name = 'changed';
    expect(await cache.get('users', '1')).toEqual({ name: 'Ann' });
  });
});

describe('a write whose key and tags come from its result', () => {
  it('replaces that entry and invalidates those tags', async () => {
    const { cache, engine: made } = engine();
    await cache.set('pages', 'list', 'old', { tags: ['list'] });
    const { region } = made.desks.get('users')!;
    const write = (id: string): Promise<unknown> =>
      made.writes.put({
        region,
        options: region.options.read,
        write: () => ({ id }),
        keyOf: (value) => region.keyFor((value as { id: string }).id),
        tags: (value) => [`user:${(value as { id: string }).id}`],
        invalidates: () => ['list'],
        unless: (value) => (value as { id: string }).id === 'secret',
      });
    await write('7');
    expect(await cache.get('users', '7')).toEqual({ id: '7' });
    expect(await cache.get('pages', 'list')).toBeUndefined();
    await write('secret');
    expect(await cache.get('users', 'secret')).toBeUndefined();
    await cache.invalidate({ tags: ['user:7'] });
    expect(await cache.get('users', '7')).toBeUndefined();
  });
});

describe('set', () => {
  it('stores a value as it is, for its ttl', async () => {
    const { cache, clock } = engine();
    await cache.set('users', '1', 'a', { ttl: '1m', tags: ['t'] });
    expect(await cache.getOrLoad('users', '1', () => 'loaded')).toBe('a');
    await clock.advance(60_000);
    expect(await cache.get('users', '1')).toBeUndefined();
  });

  it('during a load wins, and whoever waits for the load gets what it brings', async () => {
    const { cache } = engine();
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad('users', '1', loader.load);
    await settle();
    await cache.set('users', '1', 'set');
    loader.resolve('loaded');
    expect(await read).toBe('loaded');
    expect(await cache.get('users', '1')).toBe('set');
  });

  it('with other tags forgets the old ones', async () => {
    const { cache } = engine();
    await cache.set('users', '1', 'a', { tags: ['old'] });
    await cache.set('users', '1', 'b', { tags: ['new'] });
    await cache.invalidate({ tags: ['old'] });
    expect(await cache.get('users', '1')).toBe('b');
    await cache.invalidate({ tags: ['new'] });
    expect(await cache.get('users', '1')).toBeUndefined();
  });

  it('stores nothing with a ttl of 0, and leaves what is there', async () => {
    const { cache, count } = engine();
    await cache.set('users', '1', 'a', { ttl: 0 });
    expect(await cache.get('users', '1')).toBeUndefined();
    expect(count().notStored).toEqual({ ttl: 1 });
  });

  it('throws a typed error for what it can’t store', async () => {
    const { cache, errors } = engine({ maxValueBytes: 100 });
    const set = (value: unknown, options = {}): Promise<void> => cache.set('users', '1', value, options);
    await expect(set(new Unregistered())).rejects.toBeInstanceOf(CacheSerializationError);
    await expect(set(() => 1)).rejects.toBeInstanceOf(CacheSerializationError);
    await expect(set('x'.repeat(101))).rejects.toBeInstanceOf(CacheSerializationError);
    await expect(set('a', { tags: [''] })).rejects.toBeInstanceOf(CacheKeyError);
    await expect(set('a', { ttl: -1 })).rejects.toBeInstanceOf(CacheConfigurationError);
    await expect(set('a', { tll: 1 })).rejects.toThrow('ttl');
    await expect(cache.set('user', '1', 'a')).rejects.toThrow("did you mean 'users'?");
    await expect(cache.set('users', Number.NaN, 'a')).rejects.toBeInstanceOf(CacheKeyError);
    expect(errors).toEqual([]);
    expect(cache.status().memory.entries).toBe(0);
  });
});
