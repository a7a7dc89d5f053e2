import { expect, it } from 'vitest';
import { gate, settle, twoTierEngine } from '../../support/engine.js';

it('a strong read that couldn’t confirm takes nothing that a bounded one made of older parts', async () => {
  const { cache, journal, clock } = twoTierEngine({ caches: { rows: {}, pages: {} } });
  let row = 'old';
  await cache.getOrLoad('rows', '1', () => row);
  journal.replica.doubt();
  journal.replica.trust(clock.now(), 1_000);
  await clock.advance(100);
  row = 'new'; // and another process has invalidated it, which isn't known here
  const door = gate();
  const page = async (): Promise<string> => {
    const value = await cache.getOrLoad('rows', '1', () => row);
    await door.passed;
    return value;
  };
  journal.confirmation = 'hangs';
  const strong = cache.getOrLoad('pages', 'p', page, { consistency: 'strong' });
  await settle();
  const bounded = cache.getOrLoad('pages', 'p', page);
  await settle();
  journal.answer(false);
  await settle();
  door.open();

  expect(await bounded).toBe('old');
  expect(await strong).toBe('new');
});
