import { describe, expect, it } from 'vitest';
import type { CacheModuleOptions } from '../../../lib/options/cache-options.interface.js';
import { TestClock } from '../../../lib/testing/test-clock.js';
import { FakeJournal, FakeSharedTier, settle, twoTierEngine, type TwoTierBench } from '../../support/engine.js';

/** A process whose store holds an entry that another one loaded after three records this one hasn't heard of. */
async function behind(options: CacheModuleOptions = {}): Promise<TwoTierBench> {
  const [clock, shared] = [new TestClock(), new FakeSharedTier()];
  const theirs = twoTierEngine(options, { clock, shared, journal: new FakeJournal() });
  for (let n = 0; n < 3; n++) await theirs.cache.invalidate({ tags: ['t'] });
  await theirs.cache.getOrLoadMany('users', ['1', '2'], (ids) => ids.map((id) => `theirs ${id}`));
  await settle();
  return twoTierEngine(options, { shared, clock: new TestClock({ at: clock.time }), journal: new FakeJournal() });
}

/** What the next confirmations bring: the records up to a position. */
function bring({ journal }: TwoTierBench, upTo: number, ...tags: string[]): void {
  const { replica } = journal;
  const confirm = journal.confirm.bind(journal);
  journal.confirm = () => {
    for (let position = replica.applied + 1; position <= upTo; position++) {
      replica.apply({ epoch: replica.epoch, position, tags });
    }
    return confirm();
  };
}

describe('an entry whose load knew more than this process', () => {
  it('is an answer once the process knows as much, for which it asks once', async () => {
    const bench = await behind();
    bring(bench, 3, 't:t');
    expect(await bench.cache.getOrLoad('users', '1', () => 'mine')).toBe('theirs 1');
    expect([bench.journal.confirmations, bench.count().outcomes.l2]).toEqual([1, 1]);
  });

  it('is none where what the process then knows speaks against it', async () => {
    const bench = await behind();
    bring(bench, 4, 'k:users:1');
    expect(await bench.cache.getOrLoad('users', '1', () => 'mine')).toBe('mine');
  });

  it.each(['succeeds', 'fails'] as const)('is none where that stays unknown: asking %s', async (confirmation) => {
    const bench = await behind();
    bench.journal.confirmation = confirmation;
    expect(await bench.cache.getOrLoad('users', '1', () => 'mine')).toBe('mine');
    expect(bench.count().outcomes).toMatchObject({ l2: 0, loaded: 1 });
  });

  it('is found by `get` in the same way', async () => {
    const bench = await behind();
    expect(await bench.cache.get('users', '1')).toBeUndefined();
    bring(bench, 3, 't:t');
    expect(await bench.cache.get('users', '1')).toBe('theirs 1');
  });

  it('costs one question for a batch', async () => {
    const bench = await behind();
    bring(bench, 3, 't:t');
    const values = await bench.cache.getOrLoadMany('users', ['1', '2', '3'], (ids) => ids.map((id) => `mine ${id}`));
    expect(values).toEqual(['theirs 1', 'theirs 2', 'mine 3']);
    expect(bench.count().outcomes).toMatchObject({ l2: 2, loaded: 1 });
  });
});

describe('a process without its journal', () => {
  const cutOff = async (options: CacheModuleOptions): Promise<TwoTierBench> => {
    const bench = twoTierEngine({ maxStaleness: '1s', ttl: '1h', ...options });
    await bench.cache.getOrLoad('users', '1', () => 'old');
    bench.journal.distrust();
    bench.journal.confirmation = 'fails';
    return bench;
  };
  const failing = (): Promise<string> => Promise.reject(new Error('down'));

  it('answers from memory as long as `degraded.ttl` allows', async () => {
    const { cache, clock } = await cutOff({ degraded: { ttl: '10s' } });
    await clock.advance(9_999);
    expect(await cache.getOrLoad('users', '1', () => 'new')).toBe('old');
    await clock.advance(1);
    await expect(cache.getOrLoad('users', '1', failing)).rejects.toThrow('down');
    expect(await cache.getOrLoad('users', '1', () => 'new')).toBe('new');
  });

  it('asks the source first for what is older, and with `serveStale` falls back on it where that fails', async () => {
    const { cache, clock, count } = await cutOff({ degraded: { serveStale: '1m' } });
    await clock.advance(30_000);
    expect(await cache.getOrLoad('users', '1', failing)).toBe('old');
    expect(count().loads).toBe(2);
    await clock.advance(29_999);
    expect(await cache.getOrLoad('users', '1', failing)).toBe('old');
    await clock.advance(1);
    await expect(cache.getOrLoad('users', '1', failing)).rejects.toThrow('down');
  });

  it('with `serveStale` takes what the source says, where it says something', async () => {
    const { cache, clock } = await cutOff({ degraded: { serveStale: '1m' } });
    await clock.advance(30_000);
    expect(await cache.getOrLoad('users', '1', () => 'new')).toBe('new');
  });

  it('with `serveStale` gives nothing to a strong read, and nothing that was invalidated here', async () => {
    const { cache, clock } = await cutOff({ degraded: { serveStale: '1m' } });
    await clock.advance(30_000);
    await expect(cache.getOrLoad('users', '1', failing, { consistency: 'strong' })).rejects.toThrow('down');
    await cache.evict('users', '1');
    await expect(cache.getOrLoad('users', '1', failing)).rejects.toThrow('down');
  });
});
