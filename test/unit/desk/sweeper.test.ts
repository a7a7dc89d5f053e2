import { describe, expect, it } from 'vitest';
import { engine, twoTierEngine } from '../../support/engine.js';

describe('the sweeper', () => {
  it('reclaims what expired without anybody reading', async () => {
    const { cache, clock } = engine({ ttl: '10s' });
    for (let id = 0; id < 50; id++) await cache.set('users', id, 'x'.repeat(100));
    await cache.set('users', 'kept', 'x', { ttl: '1h' });
    const { bytes } = cache.status().memory;
    await clock.advance(11_000);
    expect(cache.status().memory.entries).toBe(1);
    expect(cache.status().memory.bytes).toBeLessThan(bytes / 40);
    expect(await cache.get('users', 'kept')).toBe('x');
  });

  it('keeps what is in grace until that ends', async () => {
    const { cache, clock } = engine({ ttl: '10s', grace: '10s' });
    await cache.set('users', '1', 'a');
    await clock.advance(19_000);
    expect(cache.status().memory.entries).toBe(1);
    await clock.advance(2_000);
    expect(cache.status().memory.entries).toBe(0);
  });

  it('reclaims what was invalidated hard, and keeps what was invalidated softly', async () => {
    const { cache, clock } = engine();
    await cache.set('users', 'hard', 'a', { tags: ['hard'] });
    await cache.set('users', 'soft', 'a', { tags: ['soft'] });
    await cache.invalidate({ tags: ['hard'] });
    await cache.invalidate({ tags: ['soft'], mode: 'soft' });
    await clock.advance(1_000);
    expect(cache.status().memory.entries).toBe(1);
    expect(await cache.get('users', 'soft', { allowStale: true })).toBe('a');
  });

  it('looks at a bounded number of entries a tick, and gets around to all of them', async () => {
    const { cache, clock } = engine({ ttl: '500ms', memory: { maxEntries: 10_000, maxBytes: '1gb' } });
    for (let id = 0; id < 5_000; id++) await cache.set('users', id, 1);
    await clock.advance(1_000);
    expect(cache.status().memory.entries).toBe(3_000);
    await clock.advance(2_000);
    expect(cache.status().memory.entries).toBe(0);
  });

  it('reclaims the memory of caches with a budget of their own', async () => {
    const { cache, clock } = engine({ ttl: '500ms', caches: { users: { memory: { maxEntries: 5 } } } });
    await cache.set('users', '1', 'a');
    await clock.advance(1_000);
    expect(cache.status().memory.entries).toBe(0);
  });

  it('is one timer for a registration, and none after close', async () => {
    const { cache, clock } = engine();
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(10_000);
    expect(clock.pendingTimers).toBe(1);
    await cache.close();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(10_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('never runs where caching is disabled or nothing is cached', () => {
    expect(engine({ enabled: false }).clock.pendingTimers).toBe(0);
    expect(engine({ caches: {} }).clock.pendingTimers).toBe(0);
  });

  it('forgets the pauses that are over', async () => {
    const { cache, clock, engine: made } = engine({ ttl: '1s', grace: '1h', retryPause: '5s' });
    const { pauses } = made.desks.get('users')!.region;
    const failing = (): Promise<string> => Promise.reject(new Error('down'));
    await cache.getOrLoad('users', '1', failing).catch(() => undefined);
    expect(pauses.size).toBe(1);
    await clock.advance(5_000);
    expect(pauses.size).toBe(0);
  });

  it('leaves a value alone that is being refreshed', async () => {
    const { cache, clock } = twoTierEngine({ ttl: '1s', grace: '1h' });
    await cache.set('users', '1', 'old');
    await clock.advance(1_500);
    let end: (value: string) => void = () => undefined;
    await cache.getOrLoad('users', '1', () => new Promise<string>((resolve) => (end = resolve)));
    await clock.advance(5_000);
    expect(await cache.getOrLoad('users', '1', () => 'never')).toBe('old');
    end('new');
    await clock.advance(0);
    expect(await cache.get('users', '1', { allowStale: true })).toBe('new');
  });
});
