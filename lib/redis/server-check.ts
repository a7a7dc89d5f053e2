import type { RedisBackend } from './redis-commands.interface.js';
import { RedisFault } from './redis-fault.js';
import type { RedisKeys } from './redis-keys.js';
import { releaseLock } from './scripts.js';

/** The oldest servers whose scripts can say that they may run when memory is full. */
const OLDEST = { redis: [7, 0], valkey: [7, 2] } as const;

/** What is likely to hurt with this server, in words for its operators. */
export async function checkServer(backend: RedisBackend, keys: RedisKeys): Promise<readonly string[]> {
  const [settings, rights] = await Promise.all([checkSettings(backend), checkRights(backend, keys)]);
  return [...settings, ...rights];
}

async function checkSettings(backend: RedisBackend): Promise<readonly string[]> {
  try {
    const info = await backend.info?.();
    return info === undefined ? [] : warningsAbout(info);
  } catch {
    return []; // whoever may not ask isn't warned
  }
}

/** @param info the server's answer to INFO. https://redis.io/docs/latest/commands/info/ */
export function warningsAbout(info: string): readonly string[] {
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  const valkey = field('valkey_version');
  const version = valkey ?? field('redis_version');
  const policy = field('maxmemory_policy');
  const warnings: string[] = [];
  if (version !== undefined && isOlder(version, valkey === undefined ? OLDEST.redis : OLDEST.valkey)) {
    const name = valkey === undefined ? 'Redis 7.0' : 'Valkey 7.2';
    warnings.push(`the server has version ${version}; at least ${name} is needed, because scripts declare flags`);
  }
  if (policy?.startsWith('allkeys-') === true) {
    const risk = 'may drop the journal of invalidations: then every entry is a miss at once';
    warnings.push(
      `maxmemory-policy ${policy} ${risk}. Use a volatile-… policy: entries have an expiry, the journal has none`,
    );
  }
  return warnings;
}

const isOlder = (version: string, [major, minor]: readonly [number, number]): boolean => {
  const [own, ownMinor] = version.split('.').map(Number);
  return own! < major || (own === major && ownMinor! < minor);
};

/** Tries what will be needed, on keys nobody uses; but not the feed, whose connection waits for records already. */
async function checkRights({ commands }: RedisBackend, keys: RedisKeys): Promise<readonly string[]> {
  const entry = keys.entry('~check', 0, 'rights');
  const address = keys.lock(entry);
  const token = 'check';
  const trials: Readonly<Record<string, () => Promise<unknown>>> = {
    'read entries (GET, MGET)': () => commands.get(entry).then(() => commands.getMany([entry, entry])),
    'store entries (SET)': () => commands.set(entry, Buffer.alloc(0), 1_000),
    'remove entries (UNLINK)': () => commands.unlink(entry),
    'prolong entries (PEXPIRE)': () => commands.expire(entry, 1_000),
    'hold load locks (SET, GET)': () => commands.acquire(address, token, 1_000),
    'give load locks back (EVALSHA, EVAL)': () => commands.run(releaseLock, [address.lock], [token]),
    'learn old invalidations (XREVRANGE)': () => commands.readBack(keys.journal, '1-1', 1),
  };
  const warnings: string[] = [];
  for (const [what, attempt] of Object.entries(trials)) {
    try {
      await attempt();
    } catch (error) {
      if (error instanceof RedisFault && error.kind === 'refused') {
        warnings.push(`the server doesn't let this application ${what}: ${error.message}`);
      }
    }
  }
  return warnings;
}
