import { describe, expect, it } from 'vitest';
import { CacheTimeoutError } from '../../../lib/cache.errors.js';
import { ControlledLoader, engine, settle, stateOf } from '../../support/engine.js';

describe('close', () => {
  it('aborts the signals of the loads that run, and their callers get what comes of them', async () => {
    const { cache } = engine();
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad('users', '1', loader.load);
    await settle();
    const { signal } = loader.contexts[0]!;
    await cache.close();
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBeInstanceOf(CacheTimeoutError);
    loader.resolve('a');
    expect(await read).toBe('a');
  });

  it('waits for a refresh in the background', async () => {
    const { cache, clock } = engine({ ttl: '1m', grace: '1h' });
    await cache.set('users', '1', 'old');
    await clock.advance(61_000);
    const loader = new ControlledLoader<string>();
    await cache.getOrLoad('users', '1', loader.load);
    const closing = cache.close();
    expect(await stateOf(closing)).toBe('pending');
    loader.resolve('new');
    expect(await stateOf(closing)).toBe('resolved');
    expect(cache.status().memory.entries).toBe(0);
  });

  it('waits no longer than two seconds for it', async () => {
    const { cache, clock } = engine({ ttl: '1m', grace: '1h' });
    await cache.set('users', '1', 'old');
    await clock.advance(61_000);
    const loader = new ControlledLoader<string>();
    await cache.getOrLoad('users', '1', loader.load);
    const closing = cache.close();
    await clock.advance(1_999);
    expect(await stateOf(closing)).toBe('pending');
    await clock.advance(1);
    expect(await stateOf(closing)).toBe('resolved');
    loader.reject(new Error('nobody hears'));
  });

  it('a second time waits for the same end', async () => {
    const { cache } = engine();
    const closings = [cache.close(), cache.close()];
    expect(await Promise.all(closings.map(stateOf))).toEqual(['resolved', 'resolved']);
    expect(await stateOf(cache.close())).toBe('resolved');
  });

  it('sends at once what was to be invalidated again', async () => {
    const { cache } = engine();
    await cache.invalidate({ tags: ['t'], again: '1h' });
    await cache.close();
    expect(cache.status().journal.position).toBe(2);
  });

  it('lets a write that comes meanwhile make its entry stale for the others', async () => {
    const { cache, engine: made, clock } = engine({ ttl: '1m', grace: '1h' });
    await cache.set('users', '1', 'old');
    await clock.advance(61_000);
    const loader = new ControlledLoader<string>();
    await cache.getOrLoad('users', '1', loader.load);
    const closing = cache.close();
    await settle();
    expect(await cache.put('users', '7', () => 'written')).toBe('written');
    expect(made.parts.journal.replica.lastRecordOf(['k:users:7'])).toBeGreaterThan(0);
    loader.resolve('new');
    await closing;
    expect(cache.status().memory.entries).toBe(0);
  });

  it('sends every later call to the source', async () => {
    const { cache, count } = engine();
    await cache.set('users', '1', 'cached');
    await cache.close();
    for (const value of ['a', 'b']) expect(await cache.getOrLoad('users', '1', () => value)).toBe(value);
    expect(await cache.getOrLoadMany('users', ['1', '2'], (ids) => ids)).toEqual(['1', '2']);
    expect(await cache.get('users', '1')).toBeUndefined();
    expect(await cache.put('users', '1', () => 'written')).toBe('written');
    await cache.set('users', '1', 'set');
    expect(await cache.evict('users', '1')).toMatchObject({ status: 'applied' });
    expect(await cache.afterCommit(() => 'done')).toBe('done');
    expect(count()).toMatchObject({ reads: 0, entries: 0, bypassed: 5 });
  });

  it('leaves room for another registration at once', async () => {
    for (let round = 0; round < 5; round++) {
      const { cache, clock } = engine();
      expect(await cache.getOrLoad('users', '1', () => round)).toBe(round);
      await cache.close();
      expect(clock.pendingTimers).toBe(0);
    }
  });
});

describe('a registration that is disabled', () => {
  it('sends everything to the source', async () => {
    const { cache, count, clock } = engine({ enabled: false });
    for (const value of ['a', 'b']) expect(await cache.getOrLoad('users', '1', () => value)).toBe(value);
    expect(await cache.put('users', '1', () => 'written')).toBe('written');
    expect(cache.status()).toMatchObject({ enabled: false, memory: { entries: 0 } });
    expect(count()).toMatchObject({ reads: 0, bypassed: 2 });
    expect(clock.pendingTimers).toBe(0);
  });
});
