import { openClient, redisAddress, redisUrl } from './redis.mjs';

const TTL_MS = 300_000;
const MAX = 10_000;

/** A loader that asks a source for one or for many. Its items come in any order, so they are put in theirs. */
async function layeredLoader({ source, memory }) {
  const { Loader, RedisCache } = await import('layered-loader');
  const loader = new Loader({
    inMemoryCache: memory ? { cacheType: 'lru-object', ttlInMsecs: TTL_MS, maxItems: MAX } : false,
    ...(memory ? {} : { asyncCache: new RedisCache(await openClient(), { json: true, ttlInMsecs: TTL_MS }) }),
    dataSources: [{ name: 'users', get: source.one, getMany: source.many }],
    cacheKeyFromLoadParamsResolver: (id) => id,
    cacheKeyFromValueResolver: (user) => user.id,
  });
  return loader;
}

async function cachifiedCache({ memory }) {
  if (memory) {
    const { totalTtl } = await import('@epic-web/cachified');
    const { LRUCache } = await import('lru-cache');
    const entries = new LRUCache({ max: MAX });
    return {
      set: (key, value) =>
        entries.set(key, value, { ttl: totalTtl(value?.metadata), start: value?.metadata?.createdTime }),
      get: (key) => entries.get(key),
      delete: (key) => entries.delete(key),
    };
  }
  const { createClient } = await import('@redis/client');
  const { redisCacheAdapter } = await import('cachified-redis-adapter');
  const client = createClient({ url: redisUrl(redisAddress()) });
  client.on('error', () => {});
  await client.connect();
  return redisCacheAdapter(client);
}

/** Other caches that read many at once, each as its documentation says, and the same one by one. */
export const createBatchPeers = (variant) => [
  variant('peer-layered-loader', 'layered-loader `getMany`', async (given) => {
    const loader = await layeredLoader(given);
    return {
      read: async (ids) => {
        const byId = new Map((await loader.getMany(ids)).map((user) => [user.id, user]));
        return ids.map((id) => byId.get(id));
      },
    };
  }),
  variant('peer-layered-loader-one', 'layered-loader, 1,000 calls of `get` at once', async (given) => {
    const loader = await layeredLoader(given);
    return { read: (ids) => Promise.all(ids.map((id) => loader.get(id))) };
  }),
  variant(
    'peer-cachified',
    '@epic-web/cachified with `createBatch`, over cachified-redis-adapter or lru-cache',
    async (given) => {
      const { cachified, createBatch } = await import('@epic-web/cachified');
      const cache = await cachifiedCache(given);
      return {
        read: (ids) => {
          const batch = createBatch(given.source.many);
          return Promise.all(ids.map((id) => cachified({ key: id, cache, ttl: TTL_MS, getFreshValue: batch.add(id) })));
        },
      };
    },
  ),
  variant('peer-cachified-one', '@epic-web/cachified, 1,000 calls at once', async (given) => {
    const { cachified } = await import('@epic-web/cachified');
    const cache = await cachifiedCache(given);
    return {
      read: (ids) =>
        Promise.all(
          ids.map((id) => cachified({ key: id, cache, ttl: TTL_MS, getFreshValue: () => given.source.one(id) })),
        ),
    };
  }),
];
