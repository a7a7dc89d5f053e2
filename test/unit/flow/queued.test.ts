import { describe, expect, it } from 'vitest';
import { ControlledLoader, settle, stateOf, twoTierEngine, type TwoTierBench } from '../../support/engine.js';

/** A bench that can't reach its journal. */
const cutOff = (): TwoTierBench => {
  const bench = twoTierEngine();
  bench.journal.queues = true;
  return bench;
};

describe('an invalidation that is queued', () => {
  it('is in force here at once, in memory and for what the shared tier holds', async () => {
    const bench = twoTierEngine();
    const { cache, journal, engine: made } = bench;
    await cache.getOrLoad('users', '1', () => 'old', { tags: ['t'] });
    journal.queues = true;
    expect(await cache.invalidate({ tags: ['t'] })).toEqual({ status: 'queued' });
    expect(await cache.get('users', '1')).toBeUndefined();
    made.desks.get('users')!.region.memory.clear();
    expect(await cache.get('users', '1')).toBeUndefined();
    expect(cache.status().journal.queued).toBe(1);
    journal.deliver();
    expect(await cache.get('users', '1')).toBeUndefined();
  });

  it('doesn’t touch what is loaded after it', async () => {
    const { cache, journal } = cutOff();
    await cache.evict('users', '1');
    expect(await cache.getOrLoad('users', '1', () => 'new')).toBe('new');
    expect(await cache.get('users', '1')).toBe('new');
    journal.deliver();
    expect(await cache.get('users', '1')).toBeUndefined(); // the record is behind the load’s position
  });

  it('overtakes a load that began before it', async () => {
    const { cache, journal } = cutOff();
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad('users', '1', loader.load);
    await settle();
    await cache.evict('users', '1');
    loader.resolve('old');
    expect(await read).toBe('old');
    expect(await cache.get('users', '1')).toBeUndefined();
    journal.deliver();
  });

  it('keeps its tag pending until the last call of it is delivered', async () => {
    const { cache, journal } = cutOff();
    await cache.evict('users', '1');
    await cache.evict('users', '1');
    expect(journal.replica.pendingTags).toBe(1);
    journal.deliver();
    expect(journal.replica.pendingTags).toBe(0);
  });

  it('with `settled` is waited for, and for the fleet after it', async () => {
    const { cache, journal, clock } = cutOff();
    journal.fleetStalenessMs = 1_000;
    const invalidating = cache.invalidate({ tags: ['t'], settled: true });
    await clock.advance(60_000);
    expect(await stateOf(invalidating)).toBe('pending');
    journal.deliver();
    await clock.advance(1_049);
    expect(await stateOf(invalidating)).toBe('pending');
    await clock.advance(1);
    expect(await invalidating).toEqual({ status: 'queued' });
  });

  it('drops the value of a write, and the old one', async () => {
    const { cache, journal, count } = cutOff();
    await cache.set('users', '1', 'old');
    expect(await cache.put('users', '1', () => 'new')).toBe('new');
    expect(await cache.get('users', '1')).toBeUndefined();
    expect(count().notStored).toEqual({ queued: 1 });
    journal.deliver();
  });

  it('is reported for what `afterCommit` sends', async () => {
    const { cache, journal, events } = cutOff();
    await cache.afterCommit(() => cache.evict('users', '1'));
    expect(events).toContainEqual({ type: 'invalidation', status: 'queued' });
    journal.deliver();
  });

  it('of anything makes what depends on everything stale', async () => {
    const { cache, journal } = twoTierEngine();
    const tags = Array.from({ length: 300 }, (_, index) => `tag:${index}`);
    await cache.getOrLoad('pages', 'p', () => 'a', { tags });
    journal.queues = true;
    await cache.invalidate({ tags: ['another'] });
    expect(await cache.get('pages', 'p')).toBeUndefined();
    journal.deliver();
  });
});
