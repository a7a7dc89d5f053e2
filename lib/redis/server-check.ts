import type { RedisBackend } from './redis-commands.interface.js';
import { RedisFault } from './redis-fault.js';
import type { RedisKeys } from './redis-keys.js';
import { releaseLock } from './scripts.js';

/** The oldest servers whose scripts can say that they may run when memory is full. */
const OLDEST = { redis: [7, 0], valkey: [7, 2] } as const;

/** What is to be allowed, and something that needs it. */
export type RightsTrials = Readonly<Record<string, () => Promise<unknown>>>;

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

/** One field of the server's answer to INFO. https://redis.io/docs/latest/commands/info/ */
export const infoField = (info: string, name: string): string | undefined =>
  new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];

/** @param info the server's answer to INFO */
export function warningsAbout(info: string): readonly string[] {
  return [versionWarning(info), policyWarning(info)].filter((warning) => warning !== undefined);
}

/** Scripts declare flags, which older servers don't know. */
export function versionWarning(info: string): string | undefined {
  const valkey = infoField(info, 'valkey_version');
  const version = valkey ?? infoField(info, 'redis_version');
  if (version === undefined || !isOlder(version, valkey === undefined ? OLDEST.redis : OLDEST.valkey)) return undefined;
  const name = valkey === undefined ? 'Redis 7.0' : 'Valkey 7.2';
  return `the server has version ${version}; at least ${name} is needed, because scripts declare flags`;
}

/** Some policies remove what has no expiry: the journal. */
export function policyWarning(info: string): string | undefined {
  const policy = infoField(info, 'maxmemory_policy');
  if (policy?.startsWith('allkeys-') !== true) return undefined;
  const risk = 'may drop the journal of invalidations: then every entry is a miss at once';
  return `maxmemory-policy ${policy} ${risk}. Use a volatile-… policy: entries have an expiry, the journal has none`;
}

const isOlder = (version: string, [major, minor]: readonly [number, number]): boolean => {
  const [own, ownMinor] = version.split('.').map(Number);
  return own! < major || (own === major && ownMinor! < minor);
};

/** What is tried at the start, on keys nobody uses; but not the feed, whose connection waits for records already. */
export function trialsOfRights({ commands }: Pick<RedisBackend, 'commands'>, keys: RedisKeys): RightsTrials {
  const entry = keys.entry('~check', 0, 'rights');
  const address = keys.lock(entry);
  const token = 'check';
  return {
    'read entries (GET, MGET)': () => commands.get(entry).then(() => commands.getMany([entry, entry])),
    'store entries (SET)': () => commands.set(entry, Buffer.alloc(0), 1_000),
    'remove entries (UNLINK)': () => commands.unlink(entry),
    'prolong entries (PEXPIRE)': () => commands.expire(entry, 1_000),
    'hold load locks (SET, GET)': () => commands.acquire(address, token, 1_000),
    'give load locks back (EVALSHA, EVAL)': () => commands.run(releaseLock, [address.lock], [token]),
    'learn old invalidations (XREVRANGE)': () => commands.readBack(keys.journal, '1-1', 1),
  };
}

/** @returns the server's words, for a right that isn't there; `undefined` for one that is, and while nobody answers */
export async function refusalOf(attempt: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof RedisFault && error.kind === 'refused') return error.message;
  }
  return undefined;
}

async function checkRights(backend: RedisBackend, keys: RedisKeys): Promise<readonly string[]> {
  const warnings: string[] = [];
  for (const [what, attempt] of Object.entries(trialsOfRights(backend, keys))) {
    const refusal = await refusalOf(attempt);
    if (refusal !== undefined) warnings.push(`the server doesn't let this application ${what}: ${refusal}`);
  }
  return warnings;
}
