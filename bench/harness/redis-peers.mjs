import { openClient, redisUrl } from './redis.mjs';

/**
 * Other caches over Redis, each set up as its documentation says, with one load for concurrent callers where there is
 * such a thing. All of them, and ours, use one copy of ioredis with the same options, but for keyv, whose adapter
 * brings the client of node-redis.
 *
 * `create({ load, address, memory, tags })` gives `get(key)`, and with tags `invalidateTag(tag)`. `memory: true` puts
 * memory in front of Redis where the cache has that.
 */
const TTL_MS = 300_000;
const MAX = 10_000;

export const REDIS_PEERS = [
  {
    id: 'peer-bentocache',
    label: 'bentocache',
    hasTags: true,
    async create({ load, address, memory, tags }) {
      const { BentoCache, bentostore } = await import('bentocache');
      const { memoryDriver } = await import('bentocache/drivers/memory');
      const { redisDriver, redisBusDriver } = await import('bentocache/drivers/redis');
      let users = bentostore();
      if (memory) users = users.useL1Layer(memoryDriver({ maxItems: MAX }));
      users = users.useL2Layer(redisDriver({ connection: address }));
      if (memory) users = users.useBus(redisBusDriver({ connection: address }));
      const cache = new BentoCache({ default: 'users', stores: { users }, ttl: TTL_MS });
      return {
        get: (key) => cache.getOrSet({ key, factory: () => load(key), tags }),
        remove: (key) => cache.delete({ key }),
        invalidateTag: (tag) => cache.deleteByTag({ tags: [tag] }),
      };
    },
  },
  {
    id: 'peer-cache-manager',
    label: 'cache-manager over @keyv/redis',
    hasTags: false,
    async create({ load, address, memory }) {
      const { createCache } = await import('cache-manager');
      const { Keyv } = await import('keyv');
      const { createKeyv } = await import('@keyv/redis');
      const cache = createCache({
        ttl: TTL_MS,
        stores: [...(memory ? [new Keyv()] : []), createKeyv(redisUrl(address))],
      });
      return { get: (key) => cache.wrap(key, () => load(key)) };
    },
  },
  {
    id: 'peer-cacheable',
    label: 'cacheable over @keyv/redis',
    hasTags: true,
    async create({ load, address, memory, tags }) {
      const { Cacheable } = await import('cacheable');
      const { createKeyv } = await import('@keyv/redis');
      const store = createKeyv(redisUrl(address));
      const layers = memory ? { secondary: store } : { primary: store };
      const cache = new Cacheable({ ...layers, ttl: TTL_MS, tags: tags !== undefined });
      cache.on('error', () => {});
      return {
        get: (key) => cache.getOrSet(key, () => load(key), { ttl: TTL_MS }),
        // its `getOrSet` takes no tags
        fill: async (key) => cache.set(key, await load(key), { ttl: TTL_MS, ...(tags === undefined ? {} : { tags }) }),
        invalidateTag: (tag) => cache.tags.invalidateTag(tag),
      };
    },
  },
  {
    id: 'peer-async-cache-dedupe',
    label: 'async-cache-dedupe',
    hasTags: true,
    async create({ load, address, tags }) {
      const { createCache } = await import('async-cache-dedupe');
      const client = await openClient(address);
      const invalidation = tags === undefined ? false : { referencesTTL: TTL_MS / 1000 };
      const cache = createCache({ ttl: TTL_MS / 1000, storage: { type: 'redis', options: { client, invalidation } } });
      cache.define('find', tags === undefined ? {} : { references: () => tags }, load);
      return { get: (key) => cache.find(key), invalidateTag: (tag) => cache.invalidateAll(tag) };
    },
  },
  {
    id: 'peer-layered-loader',
    label: 'layered-loader',
    // a group instead of a tag: an entry is in one
    hasTags: false,
    async create({ load, address, memory }) {
      const { createNotificationPair, Loader, RedisCache } = await import('layered-loader');
      const asyncCache = new RedisCache(await openClient(address), { json: true, ttlInMsecs: TTL_MS });
      const bus = memory
        ? createNotificationPair({ channel: 'users', consumerRedis: { ...address }, publisherRedis: { ...address } })
        : {};
      const inMemoryCache = memory ? { cacheType: 'lru-object', ttlInMsecs: TTL_MS, maxItems: MAX } : false;
      const loader = new Loader({
        inMemoryCache,
        asyncCache,
        ...(memory ? { notificationConsumer: bus.consumer, notificationPublisher: bus.publisher } : {}),
        dataSourceGetOneFn: load,
      });
      if (memory) await loader.init();
      return { get: (key) => loader.get(key), remove: (key) => loader.invalidateCacheFor(key) };
    },
  },
  {
    id: 'peer-layered-loader-group',
    label: 'layered-loader, groups',
    hasTags: true,
    onlyTagged: true,
    async create({ load, address, tags: [group] }) {
      const { GroupLoader, RedisGroupCache } = await import('layered-loader');
      const asyncCache = new RedisGroupCache(await openClient(address), { json: true, ttlInMsecs: TTL_MS });
      const source = { name: 'rows', getFromGroup: load, getManyFromGroup: (keys) => Promise.all(keys.map(load)) };
      const loader = new GroupLoader({ inMemoryCache: false, asyncCache, dataSources: [source] });
      return { get: (key) => loader.get(key, group), invalidateTag: (tag) => loader.invalidateCacheForGroup(tag) };
    },
  },
];
