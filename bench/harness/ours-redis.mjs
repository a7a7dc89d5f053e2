import { redisAddress } from './redis.mjs';

/** An application with the cache `users` in Redis; `read` reads by hand, `loads` counts. */
export async function startSharedShop({ find, tags = [], users = {}, module = {}, address = redisAddress() }) {
  const { startShop } = await import('./ours.mjs');
  const counted = { loads: 0 };
  const load = async (key) => (counted.loads++, find(key));
  const { cache, app } = await startShop({
    find: load,
    module: { namespace: 'bench', redis: { ...address }, caches: { users }, ...module },
  });
  const options = { tags };
  return { app, cache, counted, read: (key) => cache.getOrLoad('users', key, () => load(key), options) };
}
