import type { Twin } from './journal-twins.js';

/** release-lock.lua */
export const releaseLock: Twin = (redis, KEYS, ARGV) => {
  if (redis.get(KEYS[0]!)?.toString() === ARGV[0]) return redis.del(KEYS[0]!);
  return 0;
};

/** renew-lock.lua */
export const renewLock: Twin = (redis, KEYS, ARGV) => {
  if (redis.get(KEYS[0]!)?.toString() === ARGV[0]) return redis.pexpire(KEYS[0]!, Number(ARGV[1]));
  return 0;
};
