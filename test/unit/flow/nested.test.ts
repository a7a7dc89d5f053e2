import { describe, expect, it } from 'vitest';
import { bypass } from '../../../lib/decorators/current-load.js';
import { engine, settle, type Bench } from '../../support/engine.js';

const tags = (count: number, prefix = 'tag'): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}:${index}`);

/** A site made of a page made of a user, all cached. */
const readSite = ({ cache }: Bench, version: string): Promise<string> =>
  cache.getOrLoad('sites', 's', async () => {
    const page = await cache.getOrLoad(
      'pages',
      'p',
      async () => {
        await settle();
        return `page of ${await cache.getOrLoad('users', '1', () => version, { tags: ['user:1'], ttl: '1m' })}`;
      },
      { ttl: '10m' },
    );
    return `site of ${page}`;
  });

describe('a load inside a load inside a load', () => {
  it.each([
    { tags: ['user:1'] },
    { keys: [['users', '1']] },
    { caches: ['users'] },
    { caches: ['pages'] },
    { all: true },
  ] as const)('passes its tags up: %o', async (invalidation) => {
    const bench = engine();
    expect(await readSite(bench, 'v1')).toBe('site of page of v1');
    await bench.cache.invalidate(invalidation);
    expect(await bench.cache.get('sites', 's')).toBeUndefined();
  });

  it('passes its tags up from a hit as well', async () => {
    const bench = engine();
    await bench.cache.getOrLoad('users', '1', () => 'v1', { tags: ['user:1'] });
    await readSite(bench, 'never');
    await bench.cache.invalidate({ tags: ['user:1'] });
    expect(await readSite(bench, 'v2')).toBe('site of page of v2');
  });

  it('passes its expiry up', async () => {
    const bench = engine({ ttl: '1h' });
    await readSite(bench, 'v1');
    await bench.clock.advance(59_999);
    expect(await bench.cache.get('sites', 's')).toBe('site of page of v1');
    await bench.clock.advance(1);
    expect(await bench.cache.get('sites', 's')).toBeUndefined();
  });

  it('passes a soft invalidation up', async () => {
    const bench = engine();
    await readSite(bench, 'v1');
    await bench.cache.invalidate({ tags: ['user:1'], mode: 'soft' });
    expect(await bench.cache.explain('sites', 's')).toMatchObject({ freshness: 'revalidate' });
  });

  it('passes nothing up with `nested: false`', async () => {
    const bench = engine({ nested: false });
    await readSite(bench, 'v1');
    await bench.cache.invalidate({ tags: ['user:1'] });
    expect(await bench.cache.get('sites', 's')).toBe('site of page of v1');
  });

  it('is strong when the outer read is', async () => {
    const { cache } = engine();
    await cache.set('users', '1', 'old');
    await cache.invalidate({ keys: [['users', '1']], mode: 'soft' });
    const load = (): Promise<string> => cache.getOrLoad('users', '1', () => 'new');
    expect(await cache.getOrLoad('pages', 'p', load, { consistency: 'strong' })).toBe('new');
  });

  it('counts its reads through every way of reading', async () => {
    const { cache } = engine();
    await cache.set('users', 'got', 'a', { tags: ['t:got'] });
    await cache.set('users', 'many', 'b', { tags: ['t:many'] });
    for (const tag of ['t:got', 't:many', 't:batch']) {
      await cache.getOrLoad('pages', 'p', async () => {
        await cache.get('users', 'got');
        await cache.getMany('users', ['many']);
        await cache.getOrLoadMany('users', ['batch'], () => ['c'], { tags: () => ['t:batch'] });
      });
      await cache.invalidate({ tags: [tag] });
      expect(await cache.explain('pages', 'p')).toMatchObject({ freshness: 'dead' });
      await cache.set('users', 'got', 'a', { tags: ['t:got'] });
      await cache.set('users', 'many', 'b', { tags: ['t:many'] });
    }
  });
});

describe('what was made from something stale', () => {
  it('is returned and not stored', async () => {
    const { cache, count } = engine({ ttl: '1m', grace: '1h' });
    await cache.getOrLoad('users', '1', () => 'old', { ttl: '1s' });
    await cache.invalidate({ keys: [['users', '1']], mode: 'soft' });
    const load = (): Promise<string> => cache.getOrLoad('users', '1', () => 'new');
    expect(await cache.getOrLoad('pages', 'p', load)).toBe('old');
    expect(await cache.getOrLoad('pages', 'p', load)).toBe('new');
    expect(await cache.get('pages', 'p')).toBe('new');
    expect(count('pages').notStored).toEqual({ 'stale-part': 1 });
  });

  it('taints what is made from it in turn', async () => {
    const { cache, count } = engine({ grace: '1h' });
    await cache.set('users', '1', 'old');
    await cache.invalidate({ keys: [['users', '1']], mode: 'soft' });
    await cache.getOrLoad('sites', 's', () =>
      cache.getOrLoad('pages', 'p', () => cache.getOrLoad('users', '1', () => 'new')),
    );
    expect(count('sites').notStored).toEqual({ 'stale-part': 1 });
    expect(cache.status().memory.entries).toBe(1);
    await settle();
  });

  it('is what passed by the cache, because nobody knows when it goes stale', async () => {
    const { cache, count } = engine();
    const load = (): Promise<string> => bypass(() => cache.getOrLoad('users', '1', () => 'direct'));
    expect(await cache.getOrLoad('pages', 'p', load)).toBe('direct');
    expect(count('pages').notStored).toEqual({ 'stale-part': 1 });
    expect(count()).toMatchObject({ reads: 0, bypassed: 1, entries: 0 });
  });
});

describe('an entry with too many tags to list', () => {
  it('lists up to 256 of them', async () => {
    const { cache } = engine();
    await cache.getOrLoad('pages', 'p', () => 'a', { tags: tags(253) });
    expect((await cache.explain('pages', 'p')).tags).toHaveLength(256);
    await cache.invalidate({ tags: ['another'] });
    expect(await cache.get('pages', 'p')).toBe('a');
  });

  it.each([['tag:0'], ['tag:299'], ['another']])('depends on every invalidation: %s', async (tag) => {
    const { cache } = engine();
    await cache.getOrLoad('pages', 'p', () => 'a', { tags: tags(300) });
    expect(await cache.get('pages', 'p')).toBe('a');
    await cache.invalidate({ tags: [tag] });
    expect(await cache.get('pages', 'p')).toBeUndefined();
    expect((await cache.explain('pages', 'p')).reason).toBe('it was invalidated through any invalidation');
  });

  it('depends on them when the tags come from many children', async () => {
    const { cache } = engine();
    await cache.getOrLoad('pages', 'p', async () => {
      for (let user = 0; user < 100; user++) {
        await cache.getOrLoad('users', `${user}`, () => user, { tags: tags(3, `u${user}`) });
      }
      return 'a';
    });
    await cache.getOrLoad('sites', 's', () => cache.getOrLoad('pages', 'p', () => 'never'));
    await cache.invalidate({ tags: ['u99:2'] });
    expect(await cache.get('pages', 'p')).toBeUndefined();
    expect(await cache.get('sites', 's')).toBeUndefined();
  });

  it('of a thousand of its own is stored all the same', async () => {
    const { cache, errors } = engine();
    await cache.getOrLoad('pages', 'p', () => 'a', { tags: tags(1_000) });
    await cache.set('pages', 'q', 'b', { tags: tags(1_000) });
    expect(await cache.getMany('pages', ['p', 'q'])).toEqual(['a', 'b']);
    await cache.invalidate({ tags: ['tag:999'] });
    expect(await cache.getMany('pages', ['p', 'q'])).toEqual([undefined, undefined]);
    expect(errors).toEqual([]);
  });
});
