const COUNT = 100_000;
const command = [process.execPath, '--expose-gc'];

const heldBytes = () => {
  for (let time = 0; time < 4; time++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const idOf = (n) => `id${n}`;

/** What the process holds for each of many items that `fill` keeps somewhere. */
async function bytesEach(count, fill) {
  await fill(0, 2_000);
  const before = heldBytes();
  await fill(2_000, 2_000 + count);
  return (heldBytes() - before) / count;
}

/** Keys and values alone, so that they can be taken off. */
async function bareBytes(count, keyOf, value) {
  const kept = [];
  const bytes = await bytesEach(count, async (from, to) => {
    for (let n = from; n < to; n++) kept.push(keyOf(n), value(n));
  });
  return kept.length > 0 ? bytes : 0;
}

const variant = (id, label, { keyOf, value = (n) => n, options = {} }) => ({
  id,
  label,
  command,
  async run({ quick }) {
    const count = quick ? COUNT / 5 : COUNT;
    const { startShop } = await import('../harness/ours.mjs');
    const { users, cache } = await startShop({
      find: async (key) => value(key),
      module: { memory: { maxBytes: '16gb', maxEntries: 10 * COUNT } },
      cacheable: { isolation: 'frozen', nested: false, tags: (key) => [`user:${key}`, 'users'], ...options },
    });
    const bare = await bareBytes(count, keyOf, value);
    const before = cache.status().memory.bytes;
    const each = await bytesEach(count, async (from, to) => {
      for (let n = from; n < to; n++) await users.find(keyOf(n));
    });
    const { entries, bytes } = cache.status().memory;
    if (entries !== count + 2_000) throw new Error(`${entries} entries are held`);
    return { overhead: each - bare, each, bare, counted: (bytes - before) / entries };
  },
});

const record = (key) => ({ id: key, name: `name of ${key}`, stars: 4 });

export default {
  name: 'overhead',
  title: 'Bytes an entry costs beyond its key and value',
  figures: {
    overhead: 'bytes of overhead',
    each: 'bytes an entry in all',
    bare: 'bytes of key and value alone',
    counted: 'bytes counted by the cache',
  },
  rounds: 2,
  variants: [
    variant('number-key', 'number key, number value, two tags', { keyOf: (n) => n }),
    variant('text-key', 'text key, number value, two tags', { keyOf: idOf, value: () => 1 }),
    variant('no-tags', 'text key, number value, no tags', { keyOf: idOf, value: () => 1, options: { tags: [] } }),
    variant('ten-tags', 'text key, number value, ten tags of its own', {
      keyOf: idOf,
      value: () => 1,
      options: { tags: (key) => Array.from({ length: 10 }, (_, n) => `tag${n}:${key}`) },
    }),
    variant('frozen-record', 'text key, record of three fields, frozen, two tags', { keyOf: idOf, value: record }),
    variant('shared-record', 'the same, shared', { keyOf: idOf, value: record, options: { isolation: 'shared' } }),
    variant('copy-record', 'the same, copy (kept as bytes)', {
      keyOf: idOf,
      value: record,
      options: { isolation: 'copy' },
    }),
  ],
};
