import { describe, expect, it } from 'vitest';
import type { CacheModuleOptions } from '../../../lib/options/cache-options.interface.js';
import { ControlledLoader, engine, settle, type Bench } from '../../support/engine.js';

class NotFound extends Error {}

const failing =
  (message = 'down') =>
  (): Promise<string> =>
    Promise.reject(new Error(message));

/** A bench whose one entry, `old`, expired a second ago. */
async function expired(options: CacheModuleOptions): Promise<Bench> {
  const bench = engine({ ttl: '1m', ...options });
  await bench.cache.getOrLoad('users', '1', () => 'old', { tags: ['t'] });
  await bench.clock.advance(61_000);
  return bench;
}

describe('after the expiry', () => {
  it('without grace, nothing old is served', async () => {
    const { cache } = await expired({});
    await expect(cache.getOrLoad('users', '1', failing())).rejects.toThrow('down');
  });

  it('in grace, the old value is served at once while one caller refreshes', async () => {
    const { cache, count } = await expired({ grace: '1h' });
    const loader = new ControlledLoader<string>();
    const reads = await Promise.all(Array.from({ length: 20 }, () => cache.getOrLoad('users', '1', loader.load)));
    expect(new Set(reads)).toEqual(new Set(['old']));
    expect(loader.calls).toBe(1);
    loader.resolve('new');
    await settle();
    expect(await cache.getOrLoad('users', '1', loader.load)).toBe('new');
    expect(count().outcomes).toMatchObject({ stale: 20, l1: 1, loaded: 1 });
  });

  it('with grace for errors only, the loader is asked first', async () => {
    const { cache } = await expired({ grace: { error: '1h' } });
    expect(await cache.getOrLoad('users', '1', () => 'new')).toBe('new');
  });

  it('a strong reader is given nothing old', async () => {
    const { cache } = await expired({ grace: '1h' });
    await expect(cache.getOrLoad('users', '1', failing(), { consistency: 'strong' })).rejects.toThrow('down');
  });

  it('a refresh that fails is nobody’s error', async () => {
    const { cache, count } = await expired({ grace: '1h' });
    expect(await cache.getOrLoad('users', '1', failing())).toBe('old');
    await settle();
    expect(count()).toMatchObject({ loadErrors: 1, outcomes: { error: 0, stale: 1 } });
  });

  it('what is evicted during its refresh stays away, and what the refresh brings is dropped', async () => {
    const { cache } = await expired({ grace: '1h' });
    const loader = new ControlledLoader<string>();
    await cache.getOrLoad('users', '1', loader.load);
    await cache.evict('users', '1');
    loader.resolve('refreshed');
    await settle();
    expect(await cache.get('users', '1', { allowStale: true })).toBeUndefined();
  });
});

describe('when the loader fails', () => {
  it('the old value stands in, and the loader is left alone for a pause', async () => {
    const { cache, clock } = await expired({ grace: { error: '1h' }, retryPause: '5s' });
    let calls = 0;
    const load = (): Promise<string> => {
      calls++;
      return Promise.reject(new Error('down'));
    };
    for (let second = 0; second < 20; second++) {
      expect(await cache.getOrLoad('users', '1', load)).toBe('old');
      await clock.advance(1_000);
    }
    expect(calls).toBe(4);
  });

  it('so it is for a value that is refreshed in the background', async () => {
    const { cache, clock, count } = await expired({ grace: '1h', retryPause: '5s' });
    for (let second = 0; second < 10; second++) {
      expect(await cache.getOrLoad('users', '1', failing())).toBe('old');
      await clock.advance(1_000);
    }
    expect(count().loads - 1).toBe(2);
  });

  it('a load that succeeds ends the pause', async () => {
    const { cache, clock, count } = await expired({ grace: '1h', retryPause: '10m' });
    await cache.getOrLoad('users', '1', failing());
    await cache.getOrLoad('users', '1', () => 'strong', { consistency: 'strong', ttl: '1s' });
    await clock.advance(2_000);
    await cache.getOrLoad('users', '1', () => 'refreshed');
    await settle();
    expect(await cache.get('users', '1')).toBe('refreshed');
    expect(count().loads).toBe(4);
  });

  it('the old value’s age counts from its own load, however often it stood in', async () => {
    const { cache, clock } = await expired({ grace: { error: '1h' }, retryPause: '1m' });
    for (let minutes = 0; minutes < 59; minutes += 10) {
      expect(await cache.getOrLoad('users', '1', failing())).toBe('old');
      await clock.advance(600_000 - (minutes === 50 ? 1_001 : 0));
    }
    expect(await cache.getOrLoad('users', '1', failing())).toBe('old');
    await clock.advance(1);
    await expect(cache.getOrLoad('users', '1', failing('for good'))).rejects.toThrow('for good');
  });

  it('a predicate that fails leaves the loader’s own error to its caller', async () => {
    const when = (): boolean => {
      throw new TypeError('bad predicate');
    };
    const { cache, clock } = engine({ ttl: '1m', grace: { error: '1h', when } });
    await cache.getOrLoad('users', '1', () => 'old');
    await clock.advance(61_000);
    const down = (): Promise<string> => Promise.reject(new Error('down'));
    await expect(cache.getOrLoad('users', '1', down)).rejects.toThrow('down');
  });

  it('a pause keeps nothing alive beyond its grace', async () => {
    const { cache, clock } = await expired({ grace: { error: '2s' }, retryPause: '1h' });
    expect(await cache.getOrLoad('users', '1', failing())).toBe('old');
    await clock.advance(1_001);
    await expect(cache.getOrLoad('users', '1', failing('for good'))).rejects.toThrow('for good');
  });

  it('nothing stands in after a hard invalidation, not even during a pause', async () => {
    const { cache } = await expired({ grace: '1h' });
    expect(await cache.getOrLoad('users', '1', failing())).toBe('old');
    await settle();
    await cache.invalidate({ tags: ['t'] });
    await expect(cache.getOrLoad('users', '1', failing('really'))).rejects.toThrow('really');
  });

  it('an invalidation that comes while the loader runs counts', async () => {
    const { cache } = await expired({ grace: { error: '1h' } });
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad('users', '1', loader.load);
    await settle();
    await cache.evict('users', '1');
    loader.reject(new Error('down'));
    await expect(read).rejects.toThrow('down');
  });

  it('a reader with longer grace than others gets what they don’t', async () => {
    const { cache } = await expired({ grace: { error: '1h' } });
    await expect(cache.getOrLoad('users', '1', failing(), { grace: 0 })).rejects.toThrow('down');
    expect(await cache.getOrLoad('users', '1', failing())).toBe('old');
  });

  it('with `ctx.fail` the old value stands in as well', async () => {
    const { cache } = await expired({ grace: { error: '1h' } });
    expect(await cache.getOrLoad('users', '1', (ctx) => ctx.fail('half an answer'))).toBe('old');
  });
});

describe('an error that `when` excludes', () => {
  const when = (error: unknown): boolean => !(error instanceof NotFound);
  const gone = (): Promise<string> => Promise.reject(new NotFound());

  it('reaches the caller, the second time as well as the first', async () => {
    const { cache } = await expired({ grace: { error: '1h', when } });
    for (let time = 0; time < 2; time++) {
      await expect(cache.getOrLoad('users', '1', gone)).rejects.toBeInstanceOf(NotFound);
    }
    expect(await cache.getOrLoad('users', '1', failing())).toBe('old');
  });

  it('reaches the caller of a batch, the second time as well as the first', async () => {
    const { cache } = await expired({ grace: { error: '1h', when } });
    const load = (): Promise<string[]> => Promise.reject(new NotFound());
    for (let time = 0; time < 2; time++) {
      await expect(cache.getOrLoadMany('users', ['1'], load)).rejects.toBeInstanceOf(NotFound);
    }
  });

  it('pauses the refresh of a value that is served anyway, and no longer than that', async () => {
    const { cache, clock, count } = await expired({ grace: { revalidate: '3s', error: '1h', when }, retryPause: '5s' });
    expect(await cache.getOrLoad('users', '1', gone)).toBe('old');
    await settle();
    expect(await cache.getOrLoad('users', '1', gone)).toBe('old');
    expect(count().loads).toBe(2);
    await clock.advance(2_000);
    await expect(cache.getOrLoad('users', '1', gone)).rejects.toBeInstanceOf(NotFound);
  });
});

describe('a soft invalidation', () => {
  it('lets the value be served while one caller refreshes it', async () => {
    const { cache, count } = engine();
    await cache.getOrLoad('users', '1', () => 'old', { tags: ['t'] });
    await cache.invalidate({ tags: ['t'], mode: 'soft' });
    const loader = new ControlledLoader<string>();
    const reads = Array.from({ length: 3 }, () => cache.getOrLoad('users', '1', loader.load));
    expect(await Promise.all(reads)).toEqual(['old', 'old', 'old']);
    expect(loader.calls).toBe(1);
    loader.resolve('new');
    await settle();
    expect(await cache.getOrLoad('users', '1', loader.load)).toBe('new');
    expect(count().outcomes).toMatchObject({ stale: 3, l1: 1 });
  });

  it('is as good as hard for a strong reader', async () => {
    const { cache } = engine();
    await cache.set('users', '1', 'old');
    await cache.invalidate({ keys: [['users', '1']], mode: 'soft' });
    expect(await cache.getOrLoad('users', '1', () => 'new', { consistency: 'strong' })).toBe('new');
  });

  it('doesn’t bring back what was invalidated hard', async () => {
    const { cache } = engine({ grace: '1h' });
    await cache.set('users', '1', 'old', { tags: ['t'] });
    await cache.invalidate({ tags: ['t'] });
    await cache.invalidate({ tags: ['t'], mode: 'soft' });
    expect(await cache.getOrLoad('users', '1', () => 'new')).toBe('new');
  });

  it('ends with the value’s ttl, where there is no grace', async () => {
    const { cache, clock } = engine({ ttl: '1m' });
    await cache.set('users', '1', 'old');
    await cache.clear('users');
    await cache.set('users', '1', 'soft');
    await cache.invalidate({ caches: ['users'], mode: 'soft' });
    await clock.advance(60_000);
    expect(await cache.getOrLoad('users', '1', () => 'new')).toBe('new');
  });
});
