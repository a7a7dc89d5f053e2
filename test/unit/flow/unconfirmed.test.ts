import { describe, expect, it } from 'vitest';
import type { CacheModuleOptions } from '../../../lib/options/cache-options.interface.js';
import { ControlledLoader, settle, stateOf, twoTierEngine, type TwoTierBench } from '../../support/engine.js';

/** A process that knows nothing for certain and can't ask. */
function cutOff(options: CacheModuleOptions = {}): TwoTierBench {
  const bench = twoTierEngine(options);
  bench.journal.distrust();
  bench.journal.confirmation = 'fails';
  return bench;
}

describe('a process that trusts what it knows', () => {
  it('asks nobody for bounded reads, and once for each strong one', async () => {
    const { cache, journal } = twoTierEngine();
    await cache.getOrLoad('users', '1', () => 'a');
    await cache.getOrLoad('users', '1', () => 'b');
    expect(journal.confirmations).toBe(0);
    await cache.getOrLoad('users', '1', () => 'c', { consistency: 'strong' });
    expect(journal.confirmations).toBe(1);
  });

  it('waits for the answer before a strong read looks anywhere', async () => {
    const { cache, journal } = twoTierEngine();
    await cache.set('users', '1', 'old');
    journal.confirmation = 'hangs';
    const read = cache.getOrLoad('users', '1', () => 'new', { consistency: 'strong' });
    expect(await stateOf(read)).toBe('pending');
    const { replica } = journal;
    replica.apply({ epoch: replica.epoch, position: 1, tags: ['k:users:1'] });
    journal.answer(true);
    expect(await read).toBe('new');
  });
});

describe('a process that doesn’t trust what it knows', () => {
  it('asks for every read, and hits where the answer comes', async () => {
    const { cache, journal, count } = twoTierEngine();
    await cache.getOrLoad('users', '1', () => 'a');
    journal.distrust();
    expect(await cache.getOrLoad('users', '1', () => 'b')).toBe('a');
    expect(await cache.getOrLoad('users', '1', () => 'b')).toBe('a');
    expect(journal.confirmations).toBe(2);
    expect(count().outcomes.l1).toBe(2);
  });

  it('doesn’t look into the shared tier when it can’t ask', async () => {
    const { cache, shared, locks } = cutOff();
    expect(await cache.getOrLoad('users', '1', () => 'a')).toBe('a');
    expect(await cache.getOrLoadMany('users', ['2'], (ids) => ids)).toEqual(['2']);
    await cache.get('users', '3');
    expect(shared.reads).toBe(0);
    expect(locks.attempts).toBe(0);
    await settle();
  });

  it('serves what it remembers for no longer than its staleness, whatever the grace', async () => {
    const { cache, clock } = cutOff({ maxStaleness: '1s', grace: '1h', ttl: '1m' });
    await cache.getOrLoad('users', '1', () => 'a');
    await clock.advance(999);
    expect(await cache.getOrLoad('users', '1', () => 'b')).toBe('a');
    await clock.advance(1);
    const failing = (): Promise<string> => Promise.reject(new Error('down'));
    await expect(cache.getOrLoad('users', '1', failing)).rejects.toThrow('down');
    expect(await cache.getOrLoad('users', '1', () => 'b')).toBe('b');
  });

  it('gives a strong reader nothing it remembers', async () => {
    const { cache } = cutOff();
    await cache.getOrLoad('users', '1', () => 'a');
    expect(await cache.getOrLoad('users', '1', () => 'b', { consistency: 'strong' })).toBe('b');
    await expect(
      cache.getOrLoad('users', '1', () => Promise.reject(new Error('down')), { consistency: 'strong' }),
    ).rejects.toThrow('down');
  });

  it('hits without asking again once it trusts itself', async () => {
    const { cache, journal, count } = cutOff();
    await cache.getOrLoad('users', '1', () => 'a');
    journal.trust();
    const { confirmations } = journal;
    expect(await cache.getOrLoad('users', '1', () => 'b')).toBe('a');
    expect(journal.confirmations).toBe(confirmations);
    expect(count().outcomes.l1).toBe(1);
  });

  it('passes the age of what it remembers on to what is made from it', async () => {
    const { cache, clock } = cutOff({ maxStaleness: '1s' });
    await cache.getOrLoad('users', '1', () => 'part');
    await clock.advance(900);
    await cache.getOrLoad('pages', 'p', () => cache.getOrLoad('users', '1', () => 'never'));
    await clock.advance(100);
    expect(await cache.getOrLoad('pages', 'p', () => 'made anew')).toBe('made anew');
  });
});

describe('a load that is shared without confirmation', () => {
  it('is one that began after a strong read did', async () => {
    const { cache } = cutOff();
    const loader = new ControlledLoader<string>();
    const strong = { consistency: 'strong' } as const;
    const before = cache.getOrLoad('users', '1', loader.load);
    await settle();
    const [one, other] = [1, 2].map(() => cache.getOrLoad('users', '1', loader.load, strong));
    await settle();
    loader.resolve('begun before');
    expect(await before).toBe('begun before');
    await settle();
    loader.resolve('begun after');
    expect([await one, await other]).toEqual(['begun after', 'begun after']);
    expect(loader.calls).toBe(2);
  });

  it('by bounded readers is at most as old as the staleness they allow', async () => {
    const { cache, clock } = cutOff({ maxStaleness: '1s' });
    const loader = new ControlledLoader<string>();
    const first = cache.getOrLoad('users', '1', loader.load);
    await clock.advance(1_000);
    const soonEnough = cache.getOrLoad('users', '1', loader.load);
    await clock.advance(1);
    const tooLate = cache.getOrLoad('users', '1', loader.load);
    await settle();
    loader.resolve('first');
    expect([await first, await soonEnough]).toEqual(['first', 'first']);
    await settle();
    loader.resolve('second');
    expect(await tooLate).toBe('second');
  });

  it('began after this process’s last own invalidation, of whatever', async () => {
    const { cache } = cutOff({ ttl: 0 });
    const loader = new ControlledLoader<string>();
    const first = cache.getOrLoad('users', '1', loader.load);
    await settle();
    await cache.invalidate({ tags: ['another'] });
    const second = cache.getOrLoad('users', '1', loader.load);
    await settle();
    loader.resolve('first');
    expect(await first).toBe('first');
    await settle();
    loader.resolve('second');
    expect(await second).toBe('second');
  });

  it('by confirmed strong readers may have begun before them, while nothing was invalidated', async () => {
    const { cache } = twoTierEngine();
    const loader = new ControlledLoader<string>();
    const first = cache.getOrLoad('users', '1', loader.load);
    await settle();
    const second = cache.getOrLoad('users', '1', loader.load, { consistency: 'strong' });
    await settle();
    loader.resolve('a');
    expect([await first, await second]).toEqual(['a', 'a']);
    expect(loader.calls).toBe(1);
  });

  it('is shared by any number of strong readers who begin together', async () => {
    const { cache } = cutOff();
    const loader = new ControlledLoader<string>();
    const reads = Array.from({ length: 100 }, () =>
      cache.getOrLoad('users', '1', loader.load, { consistency: 'strong' }),
    );
    await settle();
    loader.resolve('a');
    expect(new Set(await Promise.all(reads))).toEqual(new Set(['a']));
    expect(loader.calls).toBe(1);
  });
});
