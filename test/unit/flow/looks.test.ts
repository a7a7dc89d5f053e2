import { describe, expect, it } from 'vitest';
import { TestClock } from '../../../lib/testing/test-clock.js';
import { settle, twoTierEngine } from '../../support/engine.js';

/** Two processes that share a store and a journal; the other one has loaded `old`. */
async function besideAnother() {
  const other = twoTierEngine();
  const mine = twoTierEngine(
    {},
    { journal: other.journal, shared: other.shared, clock: new TestClock({ at: other.clock.time }) },
  );
  await other.cache.getOrLoad('users', '1', () => ({ name: 'old' }), { tags: ['t'] });
  await settle();
  other.shared.reads = 0;
  return { mine, other };
}

describe('a look into the shared tier', () => {
  it('is shared by all who look for the same at the same time, and each gets a copy', async () => {
    const { mine } = await besideAnother();

    const [one, two] = await Promise.all([1, 2].map(() => mine.cache.getOrLoad('users', '1', () => ({ name: 'new' }))));

    expect([one, two]).toEqual([{ name: 'old' }, { name: 'old' }]);
    expect(one).not.toBe(two);
    expect(mine.shared.reads).toBe(1);
    expect(mine.count()).toMatchObject({ reads: 2, hits: 2, outcomes: { l2: 2 } });
  });

  it('that finds something stale isn’t made a second time', async () => {
    const { mine, other } = await besideAnother();
    await other.cache.invalidate({ tags: ['t'] });

    expect(await mine.cache.getOrLoad('users', '1', () => ({ name: 'new' }))).toEqual({ name: 'new' });
    expect(mine.shared.reads).toBe(1);
  });

  it('is judged when it arrives', async () => {
    const { mine, other } = await besideAnother();
    const open = mine.shared.hold();
    const reading = mine.cache.getOrLoad('users', '1', () => ({ name: 'new' }));
    await settle();
    await other.cache.invalidate({ tags: ['t'] });
    open();

    expect(await reading).toEqual({ name: 'new' });
  });

  it('isn’t waited for by who has a patience of their own', async () => {
    const { mine, other } = await besideAnother();
    const open = other.shared.hold();
    const reading = mine.cache.getOrLoad('users', '1', () => ({ name: 'new' }), { hardTimeout: 50 });
    reading.catch(() => undefined);
    await mine.clock.advance(60);

    await expect(reading).rejects.toMatchObject({ code: 'CACHE_TIMEOUT' });
    open();
    await settle();
  });

  it('leaves what memory has to be an answer at once', async () => {
    const { mine } = await besideAnother();
    await mine.cache.getOrLoad('users', '1', () => ({ name: 'new' }));
    mine.shared.reads = 0;

    expect(await mine.cache.getOrLoad('users', '1', () => ({ name: 'new' }))).toEqual({ name: 'old' });
    expect(mine.shared.reads).toBe(0);
  });
});
