import { startSharedShop } from './ours-redis.mjs';
import { REDIS_PEERS } from './redis-peers.mjs';
import { redisAddress } from './redis.mjs';

/** Caches with memory that learn of what other processes invalidate: `get(key)`, and `drop(key)` in the other process. */
export const PUSHERS = [
  {
    id: 'ours',
    label: '`invalidate` of a tag',
    async create(load) {
      const { cache } = await startSharedShop({ find: load });
      const get = (key) => cache.getOrLoad('users', key, load, { tags: [`user:${key}`] });
      return { get, drop: (key) => cache.invalidate({ tags: [`user:${key}`] }) };
    },
  },
  ...['peer-bentocache', 'peer-layered-loader'].map((id) => {
    const { label, create } = REDIS_PEERS.find((peer) => peer.id === id);
    return {
      id,
      label: `${label}, deleting a key`,
      async create(load) {
        const { get, remove } = await create({ load, address: redisAddress(), memory: true });
        return { get, drop: remove };
      },
    };
  }),
];
