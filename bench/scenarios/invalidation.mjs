const FEW = 10;
const MANY = 1_000_000;
const TIMES = 2_000;

const storing = (entries) => ({
  id: `tag-${entries}`,
  label: `${entries.toLocaleString('en-US')} entries in memory carry the tag`,
  command: [process.execPath, '--max-old-space-size=4096'],
  async run({ quick }) {
    const { startShop } = await import('../harness/ours.mjs');
    const { users, cache } = await startShop({
      find: async (id) => id,
      module: { memory: { maxBytes: '16gb', maxEntries: 2 * MANY } },
      cacheable: { isolation: 'frozen', nested: false, tags: ['price-list'] },
    });
    const wanted = quick ? Math.min(entries, 50_000) : entries;
    for (let id = 0; id < wanted; id++) await users.find(id);
    const held = cache.status().memory.entries;
    // the timer that reclaims dead entries runs on the same thread: it is kept waiting by this loop and measured by none
    let least = Number.POSITIVE_INFINITY;
    let total = 0;
    let firstUs = 0;
    for (let time = 0; time < TIMES; time++) {
      const begun = performance.now();
      await cache.invalidate({ tags: ['price-list'] });
      const us = (performance.now() - begun) * 1_000;
      if (time === 0) firstUs = us;
      least = Math.min(least, us);
      total += us;
    }
    const begun = performance.now();
    await users.find(0);
    return { least, mean: total / TIMES, first: firstUs, next: (performance.now() - begun) * 1_000, held };
  },
});

export default {
  name: 'invalidation',
  title: 'Invalidating a tag',
  figures: {
    least: 'µs, the fastest',
    mean: 'µs, mean',
    first: 'µs, the first of the process',
    next: 'µs, the read after it',
    held: 'entries',
  },
  rounds: 3,
  variants: [storing(FEW), storing(MANY)],
  aims(results) {
    const [few, many] = [FEW, MANY].map((entries) => results[`tag-${entries}`].figures);
    const value = many.least.min / few.least.min;
    // "the same" within what two runs of one and the same program differ by
    return [
      { text: 'the same time for ten entries and a million (0.8–1.25 ×)', value, met: value < 1.25 && value > 0.8 },
    ];
  },
};
