import { describe, expect, it } from 'vitest';
import { TestClock } from '../../../lib/testing/test-clock.js';
import { ControlledLoader, settle, twoTierEngine, type TwoTierBench } from '../../support/engine.js';

/** A bench with a value that took two seconds to load and is about to expire, and a draw that comes out. */
async function closeToExpiry(): Promise<TwoTierBench> {
  let chance = 0;
  const clock = new TestClock({ random: () => chance });
  const bench = twoTierEngine({ ttl: '100s', earlyRefresh: 1 }, { clock });
  const loader = new ControlledLoader<string>();
  const first = bench.cache.getOrLoad('users', '1', loader.load);
  await clock.advance(2_000);
  loader.resolve('old');
  await first;
  await clock.advance(92_000);
  chance = 0.999_9;
  return bench;
}

describe('an early refresh', () => {
  it('isn’t content with the very value that it is to refresh', async () => {
    const { cache, count } = await closeToExpiry();
    expect(await cache.getOrLoad('users', '1', () => 'new')).toBe('old');
    await settle();
    expect(await cache.get('users', '1')).toBe('new');
    expect(count().loads).toBe(2);
  });

  it('takes what another process has loaded meanwhile instead of asking the source', async () => {
    const { cache, count, journal, shared, clock } = await closeToExpiry();
    const other = twoTierEngine({ ttl: '100s' }, { journal, shared, clock: new TestClock({ at: clock.time }) });
    const strong = { consistency: 'strong' } as const;
    shared.bytes.clear();
    await other.cache.getOrLoad('users', '1', () => 'theirs', strong);
    await settle();
    expect(await cache.getOrLoad('users', '1', () => 'never')).toBe('old');
    await settle();
    expect(await cache.get('users', '1')).toBe('theirs');
    expect(count().loads).toBe(1);
  });

  it('is left to the process that holds the lock', async () => {
    const { cache, count, locks } = await closeToExpiry();
    locks.heldElsewhere = true;
    expect(await cache.getOrLoad('users', '1', () => 'new')).toBe('old');
    await settle();
    expect(count().loads).toBe(1);
    expect(cache.status()).toMatchObject({ flights: 0, background: 0 });
  });
});
