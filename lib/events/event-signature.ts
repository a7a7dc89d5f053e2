import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { InvalidationEvent } from './event-format.js';
import type { EventSecret } from './events-options.interface.js';

/** Secrets by their ids: all are good for what arrives, the current one for what is sent. */
export interface SigningKeys {
  readonly current: string;
  readonly keys: ReadonlyMap<string, KeyObject>;
}

const VERSION = 'v1';
const SHORTEST_SECRET = 16;
const KEY_ID = /^[\w-]{1,32}$/;
/** The id of a secret that was given without one. */
const ONLY = '0';

const TAKES = `takes a text of at least ${SHORTEST_SECRET} characters, or { current, keys } with such texts by ids of letters, digits, _ and -`;

/** The keys, or what is wrong with them; what was given isn't repeated. */
export function readSigningKeys(given: EventSecret): SigningKeys | string {
  const isSingle = typeof given === 'string';
  const { current, keys } = (isSingle ? { current: ONLY, keys: { [ONLY]: given } } : (given ?? {})) as {
    readonly current?: unknown;
    readonly keys?: unknown;
  };
  if (typeof keys !== 'object' || keys === null || Array.isArray(keys)) return `got something else; ${TAKES}`;
  const entries = Object.entries(keys as Record<string, unknown>);
  if (!entries.every(([id, secret]) => KEY_ID.test(id) && isLongEnough(secret))) return `got something else; ${TAKES}`;
  if (typeof current !== 'string' || !Object.hasOwn(keys, current)) return `\`current\` is none of the keys; ${TAKES}`;
  return {
    current,
    keys: new Map(entries.map(([id, secret]) => [id, createSecretKey(Buffer.from(secret as string))])),
  };
}

const isLongEnough = (secret: unknown): boolean =>
  typeof secret === 'string' && secret.trim().length >= SHORTEST_SECRET;

export function signEvent(event: InvalidationEvent, { current, keys }: SigningKeys): InvalidationEvent {
  return { ...event, signature: `${VERSION}.${current}.${digestOf(event, keys.get(current)!).toString('base64url')}` };
}

/**
 * What is wrong with the signature, if anything.
 *
 * @param withinMs how old the event may be, and how far ahead: nobody without a key can choose its time, and dropping what
 *   a service with a fast clock said would leave an old value
 */
export function verifyEvent(
  event: InvalidationEvent,
  { keys }: SigningKeys,
  now: number,
  withinMs: number,
): 'unsigned' | 'forged' | 'expired' | undefined {
  const { id, at, signature } = event;
  // without them it could be sent again at any time
  if (signature === undefined || id === undefined || at === undefined) return 'unsigned';
  const [, version, keyId, digest] = /^(\w+)\.([\w-]+)\.([\w-]+)=?$/.exec(signature) ?? [];
  const key = keys.get(keyId ?? '');
  if (version !== VERSION || key === undefined) return 'forged';
  const given = Buffer.from(digest!, 'base64url');
  const expected = digestOf(event, key);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'forged';
  return Math.abs(now - at) > withinMs ? 'expired' : undefined;
}

/**
 * HMAC-SHA-256 (RFC 2104) over the UTF-8 of a JSON list without spaces, which other languages can make as well. In Python:
 *
 *     text = json.dumps(['v1', id, source, at, tags, keys, caches, all, mode], separators=(',', ':'), ensure_ascii=False)
 *     digest = hmac.new(secret.encode(), text.encode(), 'sha256').digest()
 *     signature = f'v1.{key_id}.' + base64.urlsafe_b64encode(digest).decode()
 *
 * `None` for an id, a source or a time that is missing, `[]` for lists. Numbers, the time too, have to be whole and at most
 * 2^53: languages write others differently. Objects in the arguments of a key keep the order of their fields, except that
 * JavaScript puts names that are whole numbers first, in their order.
 */
function digestOf({ id, source, at, tags, keys, caches, all, mode }: InvalidationEvent, key: KeyObject): Buffer {
  const said = [VERSION, id ?? null, source ?? null, at ?? null, tags, keys, caches, all, mode];
  return createHmac('sha256', key).update(JSON.stringify(said)).digest();
}
