import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Problems } from '../../../lib/options/option-reader.js';
import { resolveModuleOptions } from '../../../lib/options/resolve-options.js';
import { DEFAULTS } from '../../../lib/options/cache-options.defaults.js';
import { resolved, resolvedCache } from '../../support/options.js';

const KEY = 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ=';
const encryption = { keys: { k1: KEY }, current: 'k1' };

describe('`compression`', () => {
  const byDefault = { thresholdBytes: DEFAULTS.compressionThreshold, algorithm: DEFAULTS.compressionAlgorithm };

  it('is off unless it is asked for', () => {
    expect(DEFAULTS.compression).toBe(false);
    expect(resolvedCache({}).compression).toBeUndefined();
    expect(resolvedCache({ compression: {} }).compression).toEqual(byDefault);
    expect(resolvedCache({}, { compression: {} }).compression).toEqual(byDefault);
  });

  it('of a cache stands over that of the module, field by field', () => {
    const module = { compression: { threshold: '4kb', algorithm: 'gzip' } };

    expect(resolvedCache({ compression: { algorithm: 'brotli', threshold: undefined } }, module).compression).toEqual({
      thresholdBytes: 4_096,
      algorithm: 'brotli',
    });
    expect(resolvedCache({ compression: false }, module).compression).toBeUndefined();
    expect(resolvedCache({ compression: {} }, { compression: false }).compression).toEqual(byDefault);
  });

  it('that is wrong on the module is told once, and a misspelt field by its name', () => {
    const { problems } = resolved({
      compression: { treshold: 1, algorithm: 'zip' },
      caches: { a: {}, b: { compression: { threshold: 5 } } },
    });

    expect(problems).toEqual([
      'compression.treshold: there is no such option; did you mean `threshold`?',
      "compression.algorithm: got 'zip'; takes 'gzip' or 'brotli'",
    ]);
  });
});

describe('`encrypt`', () => {
  it('is off unless it is asked for, but what is encrypted can be read where there are keys', () => {
    expect(resolvedCache({}).encryption).toBeUndefined();
    expect(resolvedCache({}, { encryption }).encryption).toMatchObject({ required: false });
    expect(resolvedCache({ encrypt: true }, { encryption })).toMatchObject({
      problems: [],
      encryption: { required: true },
    });
  });

  it('of a cache stands over that of the module', () => {
    const module = { encryption, encrypt: true };

    expect(resolvedCache({}, module).encryption?.required).toBe(true);
    expect(resolvedCache({ encrypt: false }, module).encryption?.required).toBe(false);
  });

  it('without keys is refused where it was said, and once', () => {
    const remedy = /is true, and there are no keys: give CacheModule\.forRoot\(\) `encryption: \{ keys: /;
    const ofCache = resolved({ caches: { users: { encrypt: true }, bills: { encrypt: false } } }).problems;
    const ofModule = resolved({ encrypt: true, caches: { users: {}, bills: {} } }).problems;

    expect(ofCache).toEqual([expect.stringMatching(remedy)]);
    expect(ofCache[0]).toMatch('caches.users.encrypt: ');
    expect(ofModule).toEqual([expect.stringMatching(remedy)]);
    expect(ofModule[0]).toMatch(/^encrypt: /);
  });

  it('without keys leaves nothing in clear all the same', () => {
    expect(resolvedCache({ encrypt: true }).encryption).toMatchObject({ required: true });
  });
});

describe('`encryption`', () => {
  it.each([
    ['base64', KEY],
    ['base64 without padding', KEY.slice(0, -1)],
    ['base64url', Buffer.alloc(32, 0xfb).toString('base64url')],
    ['a Buffer', Buffer.alloc(32, 1)],
    ['a Uint8Array', new Uint8Array(32)],
  ])('takes keys as %s', (_what, key) => {
    expect(resolved({ encryption: { keys: { '2026-11': key }, current: '2026-11' } }).problems).toEqual([]);
  });

  it.each([
    ['something else', 'a text', 'encryption: got something else; takes { keys, current }'],
    ['no keys', { current: 'k1' }, 'encryption.keys: is missing; takes an object of keys by their ids'],
    ['a list of keys', { keys: [KEY], current: '0' }, 'encryption.keys: got something else; takes an object of keys'],
    ['no current key', { keys: { k1: KEY } }, 'encryption.current: is missing; takes the id of one of `keys`'],
    [
      'an unknown current key',
      { ...encryption, current: 'k2' },
      'encryption.current: got something else; takes the id',
    ],
    [
      'a current key from a prototype',
      { ...encryption, current: 'toString' },
      'encryption.current: got something else',
    ],
    ['a key that isn’t set', { keys: { k1: undefined }, current: 'k1' }, 'encryption.keys.k1: is missing; takes 32'],
    [
      'a key that is too short',
      { keys: { k1: KEY.slice(4) }, current: 'k1' },
      'encryption.keys.k1: got something else',
    ],
    ['hex', { keys: { k1: 'ab'.repeat(32) }, current: 'k1' }, 'openssl rand -base64 32'],
    ['a passphrase', { keys: { k1: 'correct horse battery staple' }, current: 'k1' }, 'encryption.keys.k1: got'],
    ['bytes that are too few', { keys: { k1: new Uint8Array(31) }, current: 'k1' }, 'encryption.keys.k1: got'],
    ['an id that can’t be one', { keys: { 'k 1': KEY, k1: KEY }, current: 'k1' }, 'encryption.keys: holds a key whose'],
    ['a key for an id', { keys: { [KEY]: 'k1', k1: KEY }, current: 'k1' }, 'encryption.keys: holds a key whose'],
    ['another field', { ...encryption, rotate: true }, 'encryption: takes `keys` and `current`, and nothing else'],
  ])('is refused with %s', (_what, given, problem) => {
    const { problems } = resolved({ encryption: given });

    expect(problems.join('\n')).toContain(problem);
  });

  it.each([
    ['`encryption`', { encryption: KEY }],
    ['`encrypt`', { encrypt: KEY }],
    ['`encrypt` of a cache', { caches: { users: { encrypt: KEY } } }],
    ['`current`', { encryption: { keys: { k1: KEY }, current: KEY } }],
    ['an id', { encryption: { keys: { [KEY]: KEY }, current: KEY } }],
    ['an id of something else', { encryption: { keys: { [KEY]: 'k1' }, current: 'k1' } }],
    ['a longer key', { encryption: { keys: { k1: `${KEY}${KEY}` }, current: 'k1' } }],
    ['`keys`', { encryption: { keys: KEY, current: 'k1' } }],
    ['a list', { encryption: { keys: [KEY], current: 'k1' } }],
    ['a field', { encryption: { [KEY]: true } }],
  ])('never shows a key that was given as %s', (_what, options) => {
    const { problems } = resolved(options);

    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('\n')).not.toContain(KEY.slice(0, 10));
  });

  it('is not shown by what the options become', () => {
    const { base } = resolveModuleOptions({ encryption, encrypt: true }, [], new Problems());

    expect(inspect(base, { depth: Infinity, showHidden: true })).not.toContain(KEY.slice(0, 10));
  });

  it('belongs to the module', () => {
    expect(resolvedCache({ encryption }).problems.join()).toMatch(
      /^caches\.users\.encryption: there is no such option/,
    );
  });
});
