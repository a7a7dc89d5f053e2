import { describe, expect, it } from 'vitest';
import { TestClock } from '../../../lib/testing/test-clock.js';
import { ControlledLoader, engine, settle } from '../../support/engine.js';

describe('a ttl', () => {
  it('counts from the begin of the load', async () => {
    const { cache, clock } = engine({ ttl: '10s' });
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad('users', '1', loader.load);
    await clock.advance(9_999);
    loader.resolve('a');
    expect(await read).toBe('a');
    expect(await cache.get('users', '1')).toBe('a');
    await clock.advance(1);
    expect(await cache.get('users', '1')).toBeUndefined();
  });

  it('shorter than its load serves those who wait, and nobody else', async () => {
    const { cache, clock } = engine({ ttl: '1s' });
    const loader = new ControlledLoader<string>();
    const reads = [1, 2].map(() => cache.getOrLoad('users', '1', loader.load));
    await clock.advance(5_000);
    loader.resolve('a');
    expect(await Promise.all(reads)).toEqual(['a', 'a']);
    expect(await cache.get('users', '1')).toBeUndefined();
  });

  it('longer than any timer holds', async () => {
    const { cache, clock } = engine({ ttl: '300d' });
    await cache.getOrLoad('users', '1', () => 'a');
    clock.time += 299 * 86_400_000;
    await clock.advance(2_000);
    expect(await cache.get('users', '1')).toBe('a');
    clock.time += 86_400_000;
    expect(await cache.get('users', '1')).toBeUndefined();
  });

  it.each([
    { random: 0, expires: 10_000 },
    { random: 0.5, expires: 9_500 },
    { random: 0.999_999, expires: 9_001 },
  ])('is only ever shortened by jitter: $random', async ({ random, expires }) => {
    const { cache, clock } = engine({ ttl: '10s', jitter: 0.1 }, new TestClock({ random: () => random }));
    await cache.getOrLoad('users', '1', () => 'a');
    await clock.advance(expires - 1);
    expect(await cache.get('users', '1')).toBe('a');
    await clock.advance(1);
    expect(await cache.get('users', '1')).toBeUndefined();
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '-5m'])('of %s is refused at the call', async (ttl) => {
    const { cache, count } = engine();
    await expect(cache.getOrLoad('users', '1', () => 'a', { ttl })).rejects.toThrow('ttl');
    expect(count().reads).toBe(0);
  });
});

describe('an early refresh', () => {
  const chances = (): { clock: TestClock; draw: (chance: number) => void } => {
    let chance = 0;
    return { clock: new TestClock({ random: () => chance }), draw: (next) => (chance = next) };
  };

  it('is done once, in the background, by the reader whose draw comes out', async () => {
    const { clock, draw } = chances();
    const { cache, count } = engine({ ttl: '100s', earlyRefresh: 1 }, clock);
    const loader = new ControlledLoader<string>();
    const first = cache.getOrLoad('users', '1', loader.load);
    await clock.advance(2_000); // what the load costs
    loader.resolve('old');
    await first;
    await clock.advance(88_000);
    draw(0.5);
    expect(await cache.getOrLoad('users', '1', loader.load)).toBe('old');
    expect(loader.calls).toBe(1);
    draw(0.999_9);
    const reads = Array.from({ length: 10 }, () => cache.getOrLoad('users', '1', loader.load));
    expect(new Set(await Promise.all(reads))).toEqual(new Set(['old']));
    expect(loader.calls).toBe(2);
    loader.resolve('new');
    await settle();
    expect(await cache.getOrLoad('users', '1', loader.load)).toBe('new');
    expect(count()).toMatchObject({ earlyRefreshes: 1, loads: 2, outcomes: { loaded: 1, l1: 12 } });
  });

  it('is left out far from the expiry, whatever the draw', async () => {
    const { clock, draw } = chances();
    const { cache, count } = engine({ ttl: '100s', earlyRefresh: 1 }, clock);
    const loader = new ControlledLoader<string>();
    const first = cache.getOrLoad('users', '1', loader.load);
    await clock.advance(1_000);
    loader.resolve('old');
    await first;
    draw(0.999_999_999);
    await clock.advance(80_000);
    await cache.getOrLoad('users', '1', loader.load);
    expect(count()).toMatchObject({ earlyRefreshes: 0, loads: 1 });
  });

  it('that fails leaves the value as it is, and pauses', async () => {
    const { clock, draw } = chances();
    const { cache, count } = engine({ ttl: '100s', earlyRefresh: 1, retryPause: '5s' }, clock);
    const loader = new ControlledLoader<string>();
    const first = cache.getOrLoad('users', '1', loader.load);
    await clock.advance(2_000);
    loader.resolve('old');
    await first;
    await clock.advance(92_000);
    draw(0.999_9);
    const failing = (): Promise<string> => Promise.reject(new Error('down'));
    for (let read = 0; read < 5; read++) {
      expect(await cache.getOrLoad('users', '1', failing)).toBe('old');
      await settle();
    }
    expect(count()).toMatchObject({ loads: 2, loadErrors: 1 });
    await clock.advance(5_000);
    await cache.getOrLoad('users', '1', failing);
    await settle();
    expect(count().loads).toBe(3);
    await clock.advance(1_000);
    await expect(cache.getOrLoad('users', '1', failing)).rejects.toThrow('down');
  });

  it('that is overtaken by an eviction brings nothing back', async () => {
    const { clock, draw } = chances();
    const { cache } = engine({ ttl: '100s', earlyRefresh: 1 }, clock);
    const loader = new ControlledLoader<string>();
    const first = cache.getOrLoad('users', '1', loader.load);
    await clock.advance(2_000);
    loader.resolve('old');
    await first;
    await clock.advance(92_000);
    draw(0.999_9);
    await cache.getOrLoad('users', '1', loader.load);
    await cache.evict('users', '1');
    loader.resolve('refreshed');
    await settle();
    expect(await cache.get('users', '1')).toBeUndefined();
  });

  it('belongs to no load and no transaction of the reader who set it off', async () => {
    const { clock, draw } = chances();
    const { cache } = engine({ ttl: '100s', earlyRefresh: 1 }, clock);
    const loader = new ControlledLoader<string>();
    const first = cache.getOrLoad('users', '1', loader.load);
    await clock.advance(2_000);
    loader.resolve('old');
    await first;
    await clock.advance(92_000);
    draw(0.999_9);
    const load = async (): Promise<string> => {
      await cache.getOrLoad('users', '2', () => 'part', { tags: ['part'] });
      return 'new';
    };
    await cache.getOrLoad('pages', 'p', () => cache.getOrLoad('users', '1', load));
    await settle();
    await cache.invalidate({ tags: ['part'] });
    expect(await cache.get('pages', 'p')).toBe('old');
    expect(await cache.get('users', '1')).toBeUndefined();
  });
});

describe('a wall clock that is set back', () => {
  it('makes nothing live longer than a sweep', async () => {
    const { cache, clock } = engine({ ttl: '10s' });
    await cache.getOrLoad('users', '1', () => 'a');
    await clock.advance(5_000);
    clock.wallOffset = -3_600_000;
    await clock.advance(1_000);
    expect(await cache.get('users', '1')).toBeUndefined();
    await cache.getOrLoad('users', '1', () => 'b');
    await clock.advance(9_999);
    expect(await cache.get('users', '1')).toBe('b');
    await clock.advance(1);
    expect(await cache.get('users', '1')).toBeUndefined();
  });

  it('by a little changes nothing', async () => {
    const { cache, clock } = engine({ ttl: '10s' });
    await cache.getOrLoad('users', '1', () => 'a');
    clock.wallOffset = -100;
    await clock.advance(2_000);
    expect(await cache.get('users', '1')).toBe('a');
  });

  it('after it was set forward leaves nothing from the future', async () => {
    const { cache, clock } = engine({ ttl: '10s' });
    clock.wallOffset = 3_600_000;
    await cache.getOrLoad('users', '1', () => 'from the future');
    await clock.advance(1_000);
    clock.wallOffset = 0;
    await clock.advance(1_000);
    expect(await cache.get('users', '1')).toBeUndefined();
  });
});
