import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import type { Compression, CompressionAlgorithm } from '../entry/compression.js';
import { ENCRYPTION_KEY_BYTES, EntryCipher, type EncryptionKeys } from '../entry/entry-cipher.js';
import type { EntryEncryption } from '../entry/entry-codec.js';
import { DEFAULTS } from './cache-options.defaults.js';
import type {
  CacheModuleOptions,
  CacheOptions,
  CompressionOptions,
  EncryptionOptions,
} from './cache-options.interface.js';
import { join, oneOf, OptionReader, record, show, size, type Problems, type Rule } from './option-reader.js';

const compressionObject = record<CompressionOptions>('{ threshold, algorithm }, or false');

/** How payloads of a cache are compressed, what it doesn't say itself as in `base`. `undefined`: not at all. */
export function readCompression(
  said: CacheOptions['compression'],
  base: Compression | undefined,
  where: string,
  problems: Problems,
): Compression | undefined {
  if (said === undefined) return base;
  if (said === false) return undefined;
  const place = join(where, 'compression');
  const given = compressionObject.read(said);
  if (given === undefined) problems.add(place, `got ${show(said)}; takes ${compressionObject.takes}`);
  const reader = new OptionReader(given ?? {}, place, problems);
  reader.refuseUnknown(['threshold', 'algorithm']);
  return {
    thresholdBytes: reader.take('threshold', size) ?? base?.thresholdBytes ?? DEFAULTS.compressionThreshold,
    algorithm: reader.take('algorithm', algorithm) ?? base?.algorithm ?? DEFAULTS.compressionAlgorithm,
  };
}

const algorithm: Rule<CompressionAlgorithm> = oneOf('gzip', 'brotli');

// Whatever is given where a key could be, by mistake too, isn't shown.

export const encryptFlag: Rule<boolean> = {
  takes: 'true or false; keys go under `encryption` of CacheModule.forRoot()',
  read: (given) => (typeof given === 'boolean' ? given : undefined),
  secret: true,
};

export const NEEDS_KEYS =
  'is true, and there are no keys: give CacheModule.forRoot() `encryption: { keys: { <id>: <32 bytes as base64> }, current: <id> }`';

const encryptionObject: Rule<Partial<EncryptionOptions>> = { ...record('{ keys, current }'), secret: true };
const keysObject: Rule<EncryptionOptions['keys']> = { ...record('an object of keys by their ids'), secret: true };

/** Too short for a key that ends up in its place. */
const KEY_ID = /^[\w.-]{1,32}$/;

const keyRule: Rule<KeyObject> = {
  takes: `${ENCRYPTION_KEY_BYTES} random bytes, as base64 (openssl rand -base64 ${ENCRYPTION_KEY_BYTES}) or a Uint8Array`,
  read: (given) => {
    const isText = typeof given === 'string' && /^[\w+/-]{43}=?$/.test(given);
    const isBytes = given instanceof Uint8Array && given.byteLength === ENCRYPTION_KEY_BYTES;
    if (!isText && !isBytes) return undefined;
    return createSecretKey(isText ? Buffer.from(given, 'base64') : Buffer.from(given as Uint8Array));
  },
  secret: true,
};

/** What stands in for keys that can't be right, so that nothing is written in clear or under half a key. */
const randomKeys = (): EncryptionKeys => ({
  keys: new Map([['random', createSecretKey(randomBytes(ENCRYPTION_KEY_BYTES))]]),
  current: 'random',
});

/** The keys of a registration; `undefined` when nothing is said of them. */
export function readEncryption(
  options: Pick<CacheModuleOptions, 'encryption'>,
  problems: Problems,
): EncryptionKeys | undefined {
  if (options.encryption === undefined) return undefined;
  const given = new OptionReader(options, '', problems).take('encryption', encryptionObject);
  if (given === undefined) return randomKeys();
  const { keys: _keys, current: _current, ...others } = given;
  if (Object.keys(others).length > 0) problems.add('encryption', 'takes `keys` and `current`, and nothing else');
  const listed = need(given, 'keys', keysObject, 'encryption', problems) ?? {};
  const current = need(given, 'current', currentOf(listed), 'encryption', problems);
  const keys = readKeys(listed, problems);
  return current !== undefined && keys.has(current) ? { keys, current } : randomKeys();
}

function readKeys(listed: EncryptionOptions['keys'], problems: Problems): ReadonlyMap<string, KeyObject> {
  const keys = new Map<string, KeyObject>();
  for (const id of Object.keys(listed)) {
    const key = KEY_ID.test(id) ? need(listed, id, keyRule, 'encryption.keys', problems) : undefined;
    if (key !== undefined) keys.set(id, key);
  }
  if (!Object.keys(listed).every((id) => KEY_ID.test(id))) {
    problems.add('encryption.keys', 'holds a key whose id is not 1 to 32 letters, digits, dots, dashes, underscores');
  }
  return keys;
}

const currentOf = (listed: EncryptionOptions['keys']): Rule<string> => ({
  takes: 'the id of one of `keys`: the one that new values are encrypted with',
  read: (id) => Object.keys(listed).find((known) => known === id),
  secret: true,
});

/** An option that can't be left out. */
function need<O extends object, T>(
  options: O,
  field: keyof O & string,
  rule: Rule<T>,
  where: string,
  problems: Problems,
): T | undefined {
  if (options[field] === undefined) problems.add(join(where, field), `is missing; takes ${rule.takes}`);
  return new OptionReader(options, where, problems).take(field, rule);
}

/** What encrypts and reads entries of one cache. */
export function encryptionOf(
  cache: string,
  { encrypt, keys, namespace }: { encrypt: boolean; keys: EncryptionKeys | undefined; namespace: string },
): EntryEncryption | undefined {
  if (keys === undefined && !encrypt) return undefined;
  return { cipher: new EntryCipher(keys ?? randomKeys(), namespace, cache), required: encrypt };
}
