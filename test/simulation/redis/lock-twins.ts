import type { Twin } from './journal-twins.js';

/** acquire-locks.lua */
export const acquireLocks: Twin = (redis, KEYS, ARGV) => {
  const count = KEYS.length / 2;
  const [token, lifeMs] = ARGV as [string, string];
  const taken = KEYS.slice(0, count).map((lock) =>
    redis.set(lock, Buffer.from(token), Number(lifeMs), { onlyIfAbsent: true }) ? 1 : 0,
  );
  return [...taken, ...KEYS.slice(count).map((entry) => redis.get(entry) ?? null)];
};

/** release-lock.lua */
export const releaseLock: Twin = (redis, KEYS, ARGV) => {
  const own = KEYS.filter((lock) => redis.get(lock)?.toString() === ARGV[0]);
  for (const lock of own) redis.del(lock);
  return own.length;
};

/** renew-lock.lua */
export const renewLock: Twin = (redis, KEYS, ARGV) => {
  let held = 0;
  for (const lock of KEYS) if (redis.get(lock)?.toString() === ARGV[0]) held += redis.pexpire(lock, Number(ARGV[1]));
  return held;
};
