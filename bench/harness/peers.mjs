/**
 * Other caches, each set up as its documentation says for the same job: in this process only, 5 minutes, room for
 * 10,000 entries where that can be said, one load for concurrent callers where there is such a thing. `create(load)` returns the function
 * that users of that cache would call.
 */
const TTL_MS = 300_000;
const MAX = 10_000;

export const PEERS = [
  {
    id: 'peer-lru-cache',
    label: 'lru-cache, `fetch`',
    packages: ['lru-cache'],
    create: async (load) => {
      const { LRUCache } = await import('lru-cache');
      const cache = new LRUCache({ max: MAX, ttl: TTL_MS, fetchMethod: (key) => load(key) });
      return (key) => cache.fetch(key);
    },
  },
  {
    id: 'peer-layered-loader',
    label: 'layered-loader, `get`',
    packages: ['layered-loader'],
    create: async (load) => {
      const { Loader } = await import('layered-loader/core');
      const loader = new Loader({
        inMemoryCache: { cacheType: 'lru-object', ttlInMsecs: TTL_MS, maxItems: MAX },
        dataSourceGetOneFn: load,
      });
      return (key) => loader.get(key);
    },
  },
  {
    id: 'peer-async-cache-dedupe',
    label: 'async-cache-dedupe',
    packages: ['async-cache-dedupe'],
    create: async (load) => {
      const { createCache } = await import('async-cache-dedupe');
      const cache = createCache({ ttl: TTL_MS / 1000, storage: { type: 'memory', options: { size: MAX } } });
      cache.define('find', load);
      return (key) => cache.find(key);
    },
  },
  {
    id: 'peer-cachified',
    label: '@epic-web/cachified over lru-cache',
    packages: ['@epic-web/cachified', 'lru-cache'],
    create: async (load) => {
      const { cachified, totalTtl } = await import('@epic-web/cachified');
      const { LRUCache } = await import('lru-cache');
      const entries = new LRUCache({ max: MAX });
      const cache = {
        set(key, value) {
          const ttl = totalTtl(value?.metadata);
          const start = value?.metadata?.createdTime;
          return entries.set(key, value, { ttl: ttl === Infinity ? undefined : ttl, start });
        },
        get: (key) => entries.get(key),
        delete: (key) => entries.delete(key),
      };
      return (key) => cachified({ key, cache, ttl: TTL_MS, getFreshValue: () => load(key) });
    },
  },
  {
    id: 'peer-type-cacheable',
    label: '@type-cacheable over lru-cache',
    packages: ['@type-cacheable/core', '@type-cacheable/lru-cache-adapter'],
    create: async (load) => {
      const { default: core } = await import('@type-cacheable/core');
      const { default: adapter } = await import('@type-cacheable/lru-cache-adapter');
      const { LRUCache } = await import('lru-cache');
      adapter.useAdapter(new LRUCache({ max: MAX, ttl: TTL_MS }));
      class Users {
        find(key) {
          return load(key);
        }
      }
      const descriptor = Object.getOwnPropertyDescriptor(Users.prototype, 'find');
      const options = { cacheKey: ([key]) => key, ttlSeconds: TTL_MS / 1000 };
      const decorated = core.Cacheable(options)(Users.prototype, 'find', descriptor) ?? descriptor;
      Object.defineProperty(Users.prototype, 'find', decorated);
      const users = new Users();
      return (key) => users.find(key);
    },
  },
  {
    id: 'peer-cache-manager',
    label: 'cache-manager over keyv (copies through JSON)',
    packages: ['cache-manager', 'keyv'],
    create: async (load) => {
      const { createCache } = await import('cache-manager');
      const { Keyv } = await import('keyv');
      const cache = createCache({ ttl: TTL_MS, stores: [new Keyv()] });
      return (key) => cache.wrap(key, () => load(key));
    },
  },
  {
    id: 'peer-cacheable',
    label: 'cacheable, `getOrSet`',
    packages: ['cacheable'],
    create: async (load) => {
      const { Cacheable } = await import('cacheable');
      const cache = new Cacheable({ ttl: TTL_MS });
      return (key) => cache.getOrSet(key, () => load(key), { ttl: TTL_MS });
    },
  },
  {
    id: 'peer-bentocache',
    label: 'bentocache (copies through JSON, its default)',
    packages: ['bentocache'],
    create: (load) => bentocache(load, true),
  },
  {
    id: 'peer-bentocache-shared',
    label: 'bentocache, `serialize: false`',
    packages: ['bentocache'],
    create: (load) => bentocache(load, false),
  },
];

async function bentocache(load, serialize) {
  const { BentoCache, bentostore } = await import('bentocache');
  const { memoryDriver } = await import('bentocache/drivers/memory');
  const users = bentostore().useL1Layer(memoryDriver({ maxItems: MAX, serialize }));
  const cache = new BentoCache({ default: 'users', stores: { users } });
  return (key) => cache.getOrSet({ key, ttl: TTL_MS, factory: () => load(key) });
}
