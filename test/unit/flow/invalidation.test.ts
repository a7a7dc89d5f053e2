import { describe, expect, it } from 'vitest';
import { CacheConfigurationError, CacheKeyError } from '../../../lib/cache.errors.js';
import { ControlledLoader, engine, settle, stateOf, twoTierEngine, FakeJournal } from '../../support/engine.js';

describe('an invalidation', () => {
  const fill = async ({ cache }: ReturnType<typeof engine>): Promise<void> => {
    await cache.set('users', '1', 'one', { tags: ['a', 'shared'] });
    await cache.set('users', '2', 'two', { tags: ['b', 'shared'] });
    await cache.set('pages', '1', 'page', { tags: ['b'] });
  };
  const left = async ({ cache }: ReturnType<typeof engine>): Promise<unknown[]> => [
    ...(await cache.getMany('users', ['1', '2'])),
    await cache.get('pages', '1'),
  ];

  it.each([
    { what: { tags: ['a'] }, leaves: [undefined, 'two', 'page'] },
    { what: { tags: ['b'] }, leaves: ['one', undefined, undefined] },
    { what: { tags: ['shared'] }, leaves: [undefined, undefined, 'page'] },
    { what: { tags: ['a', 'b', 'a'] }, leaves: [undefined, undefined, undefined] },
    { what: { tags: ['A'] }, leaves: ['one', 'two', 'page'] },
    { what: { keys: [['users', '1']] as const }, leaves: [undefined, 'two', 'page'] },
    { what: { caches: ['pages'] }, leaves: ['one', 'two', undefined] },
    { what: { all: true }, leaves: [undefined, undefined, undefined] },
    { what: { tags: ['*', 'c:users', 'k:users:1', '!', '~t:a'] }, leaves: ['one', 'two', 'page'] },
  ])('of $what reaches what it names and nothing else', async ({ what, leaves }) => {
    const bench = engine();
    await fill(bench);
    expect(await bench.cache.invalidate(what)).toEqual({ status: 'applied', position: 1 });
    expect(await left(bench)).toEqual(leaves);
  });

  it('by evict and clear is the same mechanism', async () => {
    const bench = engine();
    await fill(bench);
    expect(await bench.cache.evict('users', '1')).toMatchObject({ status: 'applied' });
    expect(await left(bench)).toEqual([undefined, 'two', 'page']);
    await bench.cache.clear('pages');
    expect(await left(bench)).toEqual([undefined, 'two', undefined]);
    await bench.cache.clear();
    expect(await left(bench)).toEqual([undefined, undefined, undefined]);
  });

  it('of one registration is none of another’s business', async () => {
    const [one, other] = [engine(), engine()];
    await fill(one);
    await fill(other);
    await one.cache.clear();
    await one.cache.invalidate({ tags: ['a', 'b', 'shared'] });
    expect(await left(other)).toEqual(['one', 'two', 'page']);
  });

  it.each([
    [{ tags: [''] }, CacheKeyError],
    [{ tags: 'a' as unknown as string[] }, CacheKeyError],
    [{ keys: [['users', Number.NaN]] as const }, CacheKeyError],
    [{ caches: ['nope'] }, CacheConfigurationError],
    [{ keys: [['nope', '1']] as const }, CacheConfigurationError],
    [{ tags: ['a'], again: 'soon' }, CacheConfigurationError],
  ])('of %o is refused', async (what, error) => {
    const { cache } = engine();
    await expect(cache.invalidate(what)).rejects.toBeInstanceOf(error);
    expect(cache.status().journal.position).toBe(0);
  });

  it('costs one record, whatever the number of entries', async () => {
    const { cache } = engine();
    for (let id = 0; id < 500; id++) await cache.set('users', id, id, { tags: ['t'] });
    await cache.invalidate({ tags: ['t'] });
    expect(cache.status().journal.position).toBe(1);
    expect((await cache.getMany('users', [0, 250, 499])).every((value) => value === undefined)).toBe(true);
  });

  it('forgotten because there were too many makes older entries misses, never hits', async () => {
    const { cache } = engine({ journal: { maxRecords: 10 } });
    await cache.set('users', '1', 'old', { tags: ['t'] });
    await cache.set('users', '2', 'untouched');
    await cache.invalidate({ tags: ['t'] });
    for (let tag = 0; tag < 20; tag++) await cache.invalidate({ tags: [`other:${tag}`] });
    expect(await cache.getMany('users', ['1', '2'])).toEqual([undefined, undefined]);
    expect(cache.status().journal.rememberedTags).toBe(10);
    expect((await cache.explain('users', '2')).reason).toBe('it is older than the invalidations that are remembered');
  });
});

describe('a load that an invalidation overtakes', () => {
  it.each([
    { by: 'its key', what: { keys: [['users', '1']] as const } },
    { by: 'a tag given beforehand', what: { tags: ['before'] } },
    { by: 'a tag its loader adds', what: { tags: ['from:ctx'] } },
    { by: 'a tag of its result', what: { tags: ['from:result'] } },
    { by: 'a tag of its cache', what: { tags: ['of:cache'] } },
    { by: 'its cache', what: { caches: ['users'] } },
    { by: 'everything', what: { all: true } },
  ])('by $by reaches those who wait since before, and isn’t kept', async ({ what }) => {
    const { cache } = engine({ caches: { users: { tags: ['of:cache'] } } });
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad(
      'users',
      '1',
      async (ctx) => {
        const value = await loader.load(ctx);
        ctx.tags('from:ctx');
        return value;
      },
      { tags: () => ['from:result', 'before'] },
    );
    await settle();
    await cache.invalidate(what);
    loader.resolve('old');
    expect(await read).toBe('old');
    expect(await cache.get('users', '1')).toBeUndefined();
    expect(cache.status().memory.entries).toBe(0);
  });

  it('is no answer for who comes after the invalidation', async () => {
    const { cache } = engine();
    const loader = new ControlledLoader<string>();
    const before = cache.getOrLoad('users', '1', loader.load);
    await settle();
    await cache.evict('users', '1');
    const after = cache.getOrLoad('users', '1', () => 'new');
    await settle();
    loader.resolve('old');
    expect([await before, await after]).toEqual(['old', 'new']);
    expect(await cache.get('users', '1')).toBe('new');
  });

  it('softly isn’t fresh either', async () => {
    const { cache } = engine();
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad('users', '1', loader.load);
    await settle();
    await cache.invalidate({ keys: [['users', '1']], mode: 'soft' });
    loader.resolve('old');
    await read;
    expect(await cache.get('users', '1')).toBeUndefined();
    expect(await cache.get('users', '1', { allowStale: true })).toBe('old');
  });
});

describe('settled', () => {
  it('waits for the largest staleness of any process, and a margin', async () => {
    const journal = new FakeJournal();
    journal.fleetStalenessMs = 2_000;
    const { cache, clock } = twoTierEngine({}, { journal });
    const invalidating = cache.invalidate({ tags: ['a'], settled: true });
    await clock.advance(2_049);
    expect(await stateOf(invalidating)).toBe('pending');
    await clock.advance(1);
    expect(await invalidating).toEqual({ status: 'applied', position: 1 });
  });

  it('waits for nothing in one process, nor for a soft invalidation, nor inside a transaction', async () => {
    const { cache } = engine();
    expect(await cache.invalidate({ tags: ['a'], settled: true })).toMatchObject({ status: 'applied' });
    const journal = new FakeJournal();
    journal.fleetStalenessMs = 2_000;
    const many = twoTierEngine({}, { journal });
    expect(await many.cache.invalidate({ tags: ['a'], settled: true, mode: 'soft' })).toMatchObject({ position: 1 });
    await many.cache.afterCommit(() => many.cache.invalidate({ tags: ['a'], settled: true }));
  });

  it.each(['before', 'meanwhile'])(
    'ends with its caller’s signal, aborted %s, and leaves nothing behind',
    async (when) => {
      const journal = new FakeJournal();
      journal.fleetStalenessMs = 60_000;
      const { cache, clock } = twoTierEngine({}, { journal });
      const timers = clock.pendingTimers;
      const impatient = new AbortController();
      if (when === 'before') impatient.abort();
      const invalidating = cache.invalidate({ tags: ['a'], settled: true, signal: impatient.signal });
      await settle();
      impatient.abort();
      expect(await invalidating).toEqual({ status: 'applied', position: 1 });
      expect(clock.pendingTimers).toBe(timers);
    },
  );
});
