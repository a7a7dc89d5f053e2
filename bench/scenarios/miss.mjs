import { PEERS } from '../harness/peers.mjs';
import { awaitedNs } from '../harness/timing.mjs';

// every key is new: what is measured is the way through the cache, the load, the store and, once it is full, an eviction
const user = { id: 'id1', name: 'Ada' };
const load = async () => user;

async function measure(find, quick) {
  let next = 0;
  const awaited = await awaitedNs(() => find(`id${next++}`), [0], quick);
  return { awaited };
}

const ours = (id, label, options) => ({
  id,
  label,
  async run({ quick }) {
    const { startShop } = await import('../harness/ours.mjs');
    const cacheable = { tags: (key) => [`user:${key}`, 'users'], ...options };
    const { users } = await startShop({ find: load, cacheable });
    return measure((key) => users.find(key), quick);
  },
});

export default {
  name: 'miss',
  title: 'A miss with a loader that answers at once',
  figures: { awaited: 'ns awaited' },
  base: 'cacheable',
  rounds: 3,
  variants: [
    ours('cacheable', '`@Cacheable`, frozen, two tags, `nested: false`', { isolation: 'frozen', nested: false }),
    ours('cacheable-nested', 'the same, `nested: true`', { isolation: 'frozen', nested: true }),
    ours('cacheable-copy', '`@Cacheable` as it comes: copy, `nested: true`', {}),
    ours('cacheable-shared', '`@Cacheable`, shared, `nested: false`', { isolation: 'shared', nested: false }),
    ...PEERS.map(({ id, label, create }) => ({
      id,
      label,
      run: async ({ quick }) => measure(await create(load), quick),
    })),
  ],
};
