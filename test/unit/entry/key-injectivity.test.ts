import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TypeRegistry } from '../../../lib/entry/cacheable-types.js';
import { boundedKey, keyOf, keyOfArguments, scopedKey } from '../../../lib/entry/key-encoding.js';
import { argumentList, withoutTrailingUndefined } from '../../support/key-arguments.js';
import { isSame } from '../../support/same.js';

const types = new TypeRegistry([]);
const keyOfCall = (args: readonly unknown[]): string => keyOfArguments(args, types, () => 'test');
const sameCall = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  isSame(withoutTrailingUndefined(a), withoutTrailingUndefined(b));

/** Every two of them are different calls. */
const EASILY_CONFUSED: readonly (readonly unknown[])[] = [
  [],
  [''],
  [null],
  [1],
  ['1'],
  [1n],
  [true],
  ['true'],
  [0],
  [-0],
  ['0'],
  [NaN],
  ['NaN'],
  [false],
  [[]],
  [{}],
  ['a,b'],
  ['a', 'b'],
  [['a', 'b']],
  [['a'], 'b'],
  [['a,b']],
  [[['a', 'b']]],
  ['ab', ''],
  ['', 'ab'],
  ['a', 'b', ''],
  ['a', 'b', 'c'],
  ['as1:b', 'c'],
  ['as:b', 'c'],
  ['a', 'bs:c'],
  ['a', 'bs1:c'],
  [{ a: 1 }],
  [{ a: '1' }],
  [{ a: 1, b: undefined }],
  [{ a: { b: 1 } }],
  [{ 'a.b': 1 }],
  [[['a', 1]]],
  [new Map([['a', 1]])],
  [new Set(['a', 1])],
  [new Set([['a', 1]])],
  [new Map([['a', new Map()]])],
  [new Date(1)],
  [new Date(NaN)],
  ['1970-01-01T00:00:00.001Z'],
  [/a/],
  [/a/g],
  ['/a/'],
  [Buffer.from('a')],
  [new Uint8Array([97])],
  [new Uint8Array([97]).buffer],
  ['YQ=='],
  [new URL('https://a.example/')],
  ['https://a.example/'],
  [undefined, undefined, 1],
  [undefined, 1],
  [null, 1],
  ['#n1'],
  ['#a'],
  ['\ud800'],
  ['\udc00'],
  ['\ufffd'],
];

describe('keys of calls', () => {
  it('differ for calls that are easily confused', () => {
    const keys = EASILY_CONFUSED.map(keyOfCall);

    expect(new Set(keys).size).toBe(EASILY_CONFUSED.length);
  });

  it('differ for any two calls that differ, and are the same for the same call', () => {
    fc.assert(
      fc.property(argumentList, argumentList, (a, b) => {
        if (sameCall(a, b)) return;
        expect(keyOfCall(a)).not.toBe(keyOfCall(b));
      }),
      { numRuns: 5_000 },
    );
  });

  it('differ for every two of many calls', () => {
    fc.assert(
      fc.property(fc.array(argumentList, { minLength: 20, maxLength: 40 }), (calls) => {
        const byKey = new Map<string, readonly unknown[]>();
        for (const args of calls) {
          const key = keyOfCall(args);
          const other = byKey.get(key);
          expect(other === undefined || sameCall(args, other)).toBe(true);
          byKey.set(key, args);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('are the same for a copy of the arguments, and for trailing undefined ones', () => {
    fc.assert(
      fc.property(fc.clone(argumentList, 2), fc.nat(3), ([a, b], undefineds) => {
        expect(keyOfCall([...b, ...Array.from({ length: undefineds }, () => undefined)])).toBe(keyOfCall(a));
      }),
      { numRuns: 1_000 },
    );
  });

  it('are the same whatever the order of fields', () => {
    expect(keyOfCall([{ a: 1, b: { c: 2, d: 3 } }])).toBe(keyOfCall([{ b: { d: 3, c: 2 }, a: 1 }]));
  });
});

describe('keys that somebody wrote', () => {
  it('never meet keys made of several arguments, numbers, hashes or scopes', () => {
    fc.assert(
      fc.property(argumentList, fc.string(), fc.string(), (args, scope, written) => {
        const isText = args.length > 0 && typeof withoutTrailingUndefined(args)[0] === 'string';
        const made = keyOfCall(args);
        const hashed = boundedKey('x'.repeat(100), 64);
        for (const text of [made, hashed, scopedKey(scope, written), written]) {
          const key = keyOf(text, types, () => 'test');
          expect(isText || key !== made).toBe(true);
          expect(key).not.toBe(hashed);
          expect(key).not.toBe(scopedKey(scope, written));
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('in different scopes never meet', () => {
    fc.assert(
      fc.property(fc.tuple(fc.string(), fc.string()), fc.tuple(fc.string(), fc.string()), (a, b) => {
        fc.pre(!isDeepStrictEqual(a, b));
        expect(scopedKey(...a)).not.toBe(scopedKey(...b));
      }),
      { numRuns: 1_000 },
    );
    expect(scopedKey('a', '1:b')).not.toBe(scopedKey('a1:', 'b'));
  });
});
