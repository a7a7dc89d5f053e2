import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  sfDictionary,
  sfInteger,
  sfList,
  sfParameters,
  sfString,
  sfTokenOrString,
} from '../../../lib/http/structured-fields.js';
import { anyText } from './any-text.js';

describe('a structured string', () => {
  it.each([
    ['', '""'],
    ['a b', '"a b"'],
    ['say "a\\b"', '"say \\"a\\\\b\\""'],
    ['a\r\nSet-Cookie: x', '"a%0D%0ASet-Cookie: x"'],
    ['ä\u0000\u007f', '"%C3%A4%00%7F"'],
    ['\ud800', '"%ED%A0%80"'],
  ])('of %j is %s', (text, expected) => {
    expect(sfString(text)).toBe(expected);
  });

  it('is one whatever the text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(sfString(text)).toMatch(/^"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"$/);
      }),
    );
  });
});

describe('a structured token', () => {
  it.each(['a', '*', 'memory', 'a:b/c', 'A1!#$%&*+-.^_`|~', "a'"])('%s stays one', (text) => {
    expect(sfTokenOrString(text)).toBe(text);
  });

  it.each(['', '1a', 'a b', 'ä', '-', 'a"', 'a\n'])('%j is a string instead', (text) => {
    expect(sfTokenOrString(text)).toBe(sfString(text));
  });
});

describe('a structured integer', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [7.9, '7'],
    [-7.9, '-7'],
    [Infinity, '999999999999999'],
    [-Infinity, '-999999999999999'],
    [1e21, '999999999999999'],
    [NaN, '0'],
  ])('of %d is %s', (value, expected) => {
    expect(sfInteger(value)).toBe(expected);
  });
});

describe('what structured items are put together to', () => {
  it('is parameters, in their order, without those that aren’t given', () => {
    expect(sfParameters({ hit: true, ttl: sfInteger(-3), stored: false, fwd: undefined, key: sfString('a') })).toBe(
      '; hit; ttl=-3; stored=?0; key="a"',
    );
  });

  it('is lists', () => {
    expect(sfList([sfString('a'), sfString('b')])).toBe('"a", "b"');
  });

  it('is dictionaries, without what isn’t so', () => {
    expect(sfDictionary({ private: true, public: false, 'max-age': 0, immutable: undefined, 's-maxage': 1.5 })).toBe(
      'private, max-age=0, s-maxage=1',
    );
  });
});
