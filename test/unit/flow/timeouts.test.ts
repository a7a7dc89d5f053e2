import { describe, expect, it } from 'vitest';
import { CacheTimeoutError } from '../../../lib/cache.errors.js';
import type { CacheModuleOptions } from '../../../lib/options/cache-options.interface.js';
import { ControlledLoader, engine, settle, stateOf, twoTierEngine, type Bench } from '../../support/engine.js';

const never = (): Promise<string> => new Promise(() => undefined);

async function withOldValue(options: CacheModuleOptions): Promise<Bench> {
  const bench = engine({ ttl: '1m', grace: { error: '1h' }, ...options });
  await bench.cache.getOrLoad('users', '1', () => 'old');
  await bench.clock.advance(61_000);
  return bench;
}

describe('past its soft timeout', () => {
  it('a caller takes the old value, and the one load goes on and fills the cache', async () => {
    const { cache, clock } = await withOldValue({ softTimeout: '100ms' });
    const loader = new ControlledLoader<string>();
    const reads = [cache.getOrLoad('users', '1', loader.load), cache.getOrLoad('users', '1', loader.load)];
    await clock.advance(99);
    expect(await stateOf(reads[0]!)).toBe('pending');
    await clock.advance(1);
    expect(await Promise.all(reads)).toEqual(['old', 'old']);
    loader.resolve('new');
    await settle();
    expect(await cache.get('users', '1')).toBe('new');
    expect(loader.calls).toBe(1);
  });

  it('a caller without an old value goes on waiting', async () => {
    const { cache, clock } = engine({ softTimeout: '100ms' });
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad('users', '1', loader.load);
    await clock.advance(10_000);
    expect(await stateOf(read)).toBe('pending');
    loader.resolve('a');
    expect(await read).toBe('a');
  });

  it('an old value that was evicted meanwhile isn’t taken', async () => {
    const { cache, clock } = await withOldValue({ softTimeout: '100ms' });
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad('users', '1', loader.load);
    await settle();
    await cache.evict('users', '1');
    await clock.advance(200);
    expect(await stateOf(read)).toBe('pending');
    loader.resolve('new');
    expect(await read).toBe('new');
    expect(await cache.get('users', '1')).toBeUndefined();
  });

  it('a load whose value is invalidated before it ends stores nothing', async () => {
    const { cache, clock } = await withOldValue({ softTimeout: '100ms' });
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad('users', '1', loader.load, { tags: ['t'] });
    await clock.advance(100);
    expect(await read).toBe('old');
    await cache.invalidate({ tags: ['t'] });
    loader.resolve('new');
    await settle();
    expect(await cache.get('users', '1')).toBeUndefined();
  });
});

describe('past its hard timeout', () => {
  it('a caller gets a typed error, the load goes on, and who comes meanwhile joins it', async () => {
    const { cache, clock, count } = engine({ hardTimeout: '1s' });
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad('users', '1', loader.load);
    read.catch(() => undefined);
    await clock.advance(1_000);
    await expect(read).rejects.toMatchObject({ name: 'CacheTimeoutError', code: 'CACHE_TIMEOUT' });
    const next = cache.getOrLoad('users', '1', loader.load);
    await settle();
    loader.resolve('late');
    expect(await next).toBe('late');
    expect(await cache.get('users', '1')).toBe('late');
    expect(loader.calls).toBe(1);
    expect(count().outcomes).toMatchObject({ timeout: 1, joined: 1, l1: 1 });
  });

  it('a caller takes an old value rather than the error', async () => {
    const { cache, clock } = await withOldValue({ hardTimeout: '1s' });
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad('users', '1', loader.load);
    await clock.advance(1_000);
    expect(await read).toBe('old');
    loader.resolve('new');
    await settle();
  });

  it('each caller counts from its own begin', async () => {
    const { cache, clock } = engine({ hardTimeout: '1s' });
    const loader = new ControlledLoader<string>();
    const first = cache.getOrLoad('users', '1', loader.load);
    first.catch(() => undefined);
    await clock.advance(600);
    const second = cache.getOrLoad('users', '1', loader.load);
    await clock.advance(400);
    await expect(first).rejects.toBeInstanceOf(CacheTimeoutError);
    expect(await stateOf(second)).toBe('pending');
    loader.resolve('a');
    expect(await second).toBe('a');
  });

  it('a caller who had to try again counts from the begin of the first try', async () => {
    const { cache, clock } = engine();
    const loader = new ControlledLoader<string>();
    const first = cache.getOrLoad('users', '1', loader.load);
    await settle();
    const read = cache.getOrLoad('users', '1', loader.load, { hardTimeout: '1s', abandonAfter: 0 });
    read.catch(() => undefined);
    await clock.advance(600);
    await cache.evict('users', '1');
    loader.resolve('old');
    expect(await first).toBe('old');
    await clock.advance(399);
    expect(await stateOf(read)).toBe('pending');
    await clock.advance(1);
    await expect(read).rejects.toBeInstanceOf(CacheTimeoutError);
    loader.resolve('new');
    await settle();
  });

  it('a late rejection of the loader is nobody’s', async () => {
    const { cache, clock } = engine({ hardTimeout: '1s' });
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad('users', '1', loader.load);
    read.catch(() => undefined);
    await clock.advance(1_500);
    loader.reject(new Error('late'));
    await settle();
    expect(cache.status().flights).toBe(0);
  });
});

describe('a load that is given up', () => {
  it('after three hard timeouts has its signal aborted and its value dropped', async () => {
    const { cache, clock, count } = engine({ hardTimeout: '1s' });
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad('users', '1', loader.load);
    read.catch(() => undefined);
    await clock.advance(2_999);
    expect(loader.contexts[0]!.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(loader.contexts[0]!.signal.reason).toBeInstanceOf(CacheTimeoutError);
    expect(cache.status().flights).toBe(0);
    loader.resolve('much too late');
    await settle();
    expect(await cache.get('users', '1')).toBeUndefined();
    expect(count().notStored).toEqual({ abandoned: 1 });
    expect(await cache.getOrLoad('users', '1', () => 'anew')).toBe('anew');
  });

  it('leaves no flight when its loader never ends', async () => {
    const { cache, clock } = engine({ hardTimeout: '1s', abandonAfter: '1s' });
    const reads = [cache.getOrLoad('users', '1', never), cache.getOrLoadMany('users', ['2', '3'], never as never)];
    const ends = Promise.allSettled(reads);
    await clock.advance(1_000);
    expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(cache.status().flights).toBe(0);
  });

  it('rejects who waits without a timeout of their own', async () => {
    const { cache, clock } = engine({ abandonAfter: '5s' });
    const read = cache.getOrLoad('users', '1', never);
    read.catch(() => undefined);
    await clock.advance(5_000);
    await expect(read).rejects.toThrow('given up after 5000 ms');
  });

  it('in the background is no work any more, and is tried again after the pause', async () => {
    const { cache, clock, count } = await withOldValue({ grace: '1h', abandonAfter: '10s', retryPause: '5s' });
    await cache.getOrLoad('users', '1', never);
    await clock.advance(10_000);
    expect(cache.status()).toMatchObject({ flights: 0, background: 0 });
    expect(await cache.getOrLoad('users', '1', () => 'new')).toBe('old');
    await clock.advance(5_000);
    expect(await cache.getOrLoad('users', '1', () => 'new')).toBe('old');
    await settle();
    expect(await cache.get('users', '1')).toBe('new');
    expect(count().notStored).toEqual({ abandoned: 1 });
  });

  it('gives the load lock back', async () => {
    const { cache, clock, locks } = twoTierEngine({ abandonAfter: '3s' });
    const read = cache.getOrLoad('users', '1', never);
    read.catch(() => undefined);
    await clock.advance(2_999);
    expect(locks.held).toBe(1);
    await clock.advance(1);
    expect(await stateOf(read)).toBe('rejected');
    expect(locks.held).toBe(0);
  });

  it('isn’t an answer to be cached, whatever `negative` says', async () => {
    const { cache, clock } = engine({ abandonAfter: '1s', negative: { errors: () => true } });
    const read = cache.getOrLoad('users', '1', never);
    read.catch(() => undefined);
    await clock.advance(1_000);
    await expect(read).rejects.toBeInstanceOf(CacheTimeoutError);
    expect(await cache.get('users', '1')).toBeUndefined();
  });
});
