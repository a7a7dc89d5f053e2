import { awaitedNs } from '../harness/timing.mjs';

const texts = Array.from({ length: 1_000 }, (_, i) => `id${i}`);
const user = { id: 'id1', name: 'Ada' };

/** Hits on entries that stay fresh, while tags they don't carry are invalidated: one after so many reads. */
const every = (reads) => ({
  id: `every-${reads}`,
  label: reads === 0 ? 'no invalidation' : `an invalidation of another tag after every ${reads} reads`,
  async run({ quick }) {
    const { startShop } = await import('../harness/ours.mjs');
    const cacheable = { isolation: 'frozen', nested: false, tags: (key) => [`user:${key}`, 'users'] };
    const { users, cache } = await startShop({ find: async () => user, cacheable });
    for (let round = 0; round < 2; round++) for (const key of texts) await users.find(key);
    let count = 0;
    const find = (key) => {
      if (reads > 0 && ++count % reads === 0) void cache.invalidate({ tags: [`order:${count % 5_000}`] });
      return users.find(key);
    };
    return { awaited: await awaitedNs(find, texts, quick) };
  },
});

export default {
  name: 'disturbed-hit',
  title: 'A hit while other things are invalidated',
  figures: { awaited: 'ns awaited' },
  base: 'every-0',
  rounds: 3,
  variants: [every(0), every(1_000), every(100), every(10)],
};
