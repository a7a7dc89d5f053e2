import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TypeRegistry } from '../../../lib/entry/cacheable-types.js';
import { boundedKey, isPlainText, keyOfArguments, localKey } from '../../../lib/entry/key-encoding.js';

const types = new TypeRegistry([]);
const keyOfCall = (...args: unknown[]): string => keyOfArguments(args, types, () => 'test');

describe('boundedKey', () => {
  it('leaves a key within the bound as it is, counted in bytes of UTF-8', () => {
    expect(boundedKey('abcd', 4)).toBe('abcd');
    expect(boundedKey('ää', 4)).toBe('ää');
    expect(boundedKey('', 0)).toBe('');
  });

  it('hashes a longer one with 256 bits', () => {
    const key = boundedKey('x'.repeat(1_025), 1_024);

    expect(key).toMatch(/^#h[\w-]{43}$/);
    expect(boundedKey('äää', 4)).toMatch(/^#h/);
  });

  it('counts and hashes keys of a megabyte too', () => {
    const [longest, longer] = [524_288, 524_289].map((length) => 'ä'.repeat(length));

    expect(boundedKey(longest!, 1024 ** 2) === longest).toBe(true);
    expect(boundedKey(longer!, 1024 ** 2)).toMatch(/^#h[\w-]{43}$/);
    expect(boundedKey(longest!, 1_024)).not.toBe(boundedKey(longer!, 1_024));
  });

  it('keeps the hash of a key the same from version to version', () => {
    expect(boundedKey('user:1', 1)).toBe('#hr7WNJwYKZMNhGlCDjSOzFW6iMnyu1qKP_oeEK-7D0bc');
  });

  it('hashes what is no well-formed Unicode, and keeps such keys apart', () => {
    const keys = ['a\ud800', 'a\udc00', 'a\ufffd', '\ud800a'].map((key) => boundedKey(key, 1_024));

    expect(keys[2]).toBe('a\ufffd');
    expect(new Set(keys).size).toBe(4);
    expect(keys.filter((key) => key.startsWith('#h'))).toHaveLength(3);
  });

  it('keeps different long keys apart', () => {
    const keys = Array.from({ length: 1_000 }, (_, index) => boundedKey(`${'x'.repeat(50)}${index}`, 16));

    expect(new Set(keys).size).toBe(1_000);
  });
});

describe('localKey', () => {
  it('is the number behind the key of a single number', () => {
    expect([7, -7, 1.5, 1e21, 5e-324, Number.MAX_SAFE_INTEGER].map((value) => localKey(keyOfCall(value)))).toEqual([
      7,
      -7,
      1.5,
      1e21,
      5e-324,
      Number.MAX_SAFE_INTEGER,
    ]);
  });

  it('gives every number one place in a map, and different numbers different ones', () => {
    const values = [0, -0, NaN, Infinity, -Infinity, 1, -1, 1e21, 1e-7];
    const map = new Map(values.map((value) => [localKey(keyOfCall(value)), value]));

    expect([...map.values()]).toEqual(values);
  });

  it('goes there and back for any number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        fc.pre(value !== 0);
        expect(localKey(keyOfCall(value))).toBe(value);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is the key itself for everything else', () => {
    const keys = ['7', '', '##n7', '#a', '#an7;', '#at', '#hn7', '#@1:n7'];

    expect(keys.map(localKey)).toEqual(keys);
  });

  it('never mixes up a text that looks like a number with that number', () => {
    expect(localKey(keyOfCall('7'))).toBe('7');
    expect(localKey(keyOfCall('#n7'))).toBe('##n7');
  });
});

describe('isPlainText', () => {
  it('is true for texts that are keys as they stand', () => {
    expect(['', 'a', ' #', '7'].map(isPlainText)).toEqual([true, true, true, true]);
    expect(['#', '#n7'].map(isPlainText)).toEqual([false, false]);
  });
});
