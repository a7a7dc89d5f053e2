import { describe, expect, it } from 'vitest';
import { CacheConfigurationError, CacheKeyError, CacheLoadFailedError } from '../../../lib/cache.errors.js';
import { currentLoad } from '../../../lib/decorators/current-load.js';
import { engine, gate, settle } from '../../support/engine.js';

describe('a loader', () => {
  it('sets the ttl of its value, also to nothing', async () => {
    const { cache, clock, count } = engine({ ttl: '1h' });
    await cache.getOrLoad('users', 'short', (ctx) => (ctx.ttl('10s'), 'a'));
    await cache.getOrLoad('users', 'none', (ctx) => (ctx.ttl(0), 'b'));
    expect(await cache.getMany('users', ['short', 'none'])).toEqual(['a', undefined]);
    await clock.advance(10_000);
    expect(await cache.get('users', 'short')).toBeUndefined();
    expect(count().notStored).toEqual({ ttl: 1 });
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '5 minutes', '', '20y'])('is refused %s as a ttl', async (ttl) => {
    const { cache } = engine();
    const read = cache.getOrLoad('users', '1', (ctx) => (ctx.ttl(ttl), 'a'));
    await expect(read).rejects.toBeInstanceOf(CacheConfigurationError);
  });

  it('adds tags to those that were given', async () => {
    const { cache } = engine();
    const load = (): Promise<string> =>
      cache.getOrLoad('users', '1', (ctx) => (ctx.tags('from:ctx', 'other'), 'a'), { tags: () => ['from:result'] });
    for (const tag of ['from:ctx', 'from:result']) {
      await load();
      await cache.invalidate({ tags: [tag] });
      expect(await cache.get('users', '1')).toBeUndefined();
    }
  });

  it.each(['', 'x'.repeat(513), 7 as unknown as string])('is refused %s as a tag', async (tag) => {
    const { cache } = engine();
    await expect(cache.getOrLoad('users', '1', (ctx) => ctx.tags(tag))).rejects.toBeInstanceOf(CacheKeyError);
  });

  it('says that its value isn’t to be stored', async () => {
    const { cache, count } = engine();
    expect(await cache.getOrLoad('users', '1', (ctx) => (ctx.skip(), 'a'))).toBe('a');
    expect(count()).toMatchObject({ entries: 0, notStored: { skip: 1 } });
  });

  it('fails with an error of its own, or with one that wraps its reason', async () => {
    const { cache } = engine();
    const error = new Error('mine');
    await expect(cache.getOrLoad('users', '1', (ctx) => ctx.fail(error))).rejects.toBe(error);
    const read = cache.getOrLoad('users', '1', (ctx) => ctx.fail('half an answer'));
    await expect(read).rejects.toBeInstanceOf(CacheLoadFailedError);
  });

  it('sees a copy of the old value, softly invalidated or in grace', async () => {
    const { cache, clock } = engine({ ttl: '1m', grace: '1h' });
    await cache.getOrLoad('users', '1', () => ({ n: 1 }));
    await cache.invalidate({ keys: [['users', '1']], mode: 'soft' });
    const bump = (ctx: { stale: unknown }): { n: number } => {
      const old = ctx.stale as { n: number };
      old.n++;
      return old;
    };
    expect(await cache.getOrLoad('users', '1', bump)).toEqual({ n: 1 });
    await settle();
    await clock.advance(61_000);
    expect(await cache.getOrLoad('users', '1', bump)).toEqual({ n: 2 });
    await settle();
    expect(await cache.get('users', '1')).toEqual({ n: 3 });
  });

  it('sees no old value that was invalidated hard, is expired for good, or is an error', async () => {
    const { cache, clock } = engine({ ttl: '1500ms', negative: { errors: [TypeError] } });
    const seen: unknown[] = [];
    const load = (ctx: { stale: unknown }): string => (seen.push(ctx.stale), 'a');
    await cache.getOrLoad('users', '1', load);
    await cache.evict('users', '1');
    await cache.getOrLoad('users', '1', load);
    await clock.advance(1_600); // after the ttl and before the memory is swept
    expect(cache.status().memory.entries).toBe(1);
    await cache.getOrLoad('users', '1', load);
    await expect(cache.getOrLoad('users', '2', () => Promise.reject(new TypeError('no')))).rejects.toThrow('no');
    await cache.invalidate({ all: true, mode: 'soft' });
    await expect(cache.getOrLoad('users', '2', load)).rejects.toThrow('no');
    await settle();
    expect(seen).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('has a signal that isn’t aborted while the load is wanted', async () => {
    const { cache } = engine();
    let signal: AbortSignal | undefined;
    await cache.getOrLoad('users', '1', (ctx) => ((signal = ctx.signal), 'a'));
    expect(signal).toMatchObject({ aborted: false });
  });
});

describe('currentLoad', () => {
  it('is the loader’s own context, also after it awaited', async () => {
    const { cache } = engine();
    await cache.getOrLoad('users', '1', async (ctx) => {
      expect(currentLoad()).toBe(ctx);
      await settle();
      expect(currentLoad()).toBe(ctx);
      currentLoad().skip();
    });
    expect(cache.status().memory.entries).toBe(0);
  });

  it('is the innermost load, and the outer one again after it', async () => {
    const { cache } = engine();
    await cache.getOrLoad('pages', 'p', async (outer) => {
      await cache.getOrLoad('users', '1', (inner) => {
        expect(currentLoad()).toBe(inner);
        expect(inner).not.toBe(outer);
      });
      expect(currentLoad()).toBe(outer);
    });
  });

  it('without nesting is known until the loader first awaits', async () => {
    const { cache } = engine({ nested: false });
    await cache.getOrLoad('users', '1', async (ctx) => {
      expect(currentLoad()).toBe(ctx);
      await settle();
      expect(currentLoad()).not.toBe(ctx);
    });
  });

  it('of loads side by side isn’t mixed up', async () => {
    const { cache } = engine();
    const both = gate();
    const load = async (): Promise<string> => {
      const mine = currentLoad();
      await both.passed;
      expect(currentLoad()).toBe(mine);
      return 'a';
    };
    const reads = ['1', '2'].map((key) => cache.getOrLoad('users', key, load));
    await settle();
    both.open();
    await Promise.all(reads);
  });

  it('outside a load does nothing, and still fails', () => {
    const load = currentLoad();
    load.tags('a');
    load.ttl('1s');
    load.skip();
    expect(load.stale).toBeUndefined();
    expect(load.signal.aborted).toBe(false);
    expect(() => load.fail('reason')).toThrow(CacheLoadFailedError);
  });
});
