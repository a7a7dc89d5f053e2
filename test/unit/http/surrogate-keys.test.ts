import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { surrogateKey, surrogateKeys } from '../../../lib/http/surrogate-keys.js';
import { anyUnit } from './any-text.js';

const FIELDS = ['surrogate-key', 'cache-tag', 'xkey'] as const;
const SEPARATORS = { 'surrogate-key': ' ', 'cache-tag': ',', xkey: ' ' };
describe('the key of a tag', () => {
  it.each([
    ['user:7', 'user:7'],
    ['User-7_a.b~/c@d=e', 'User-7_a.b~/c@d=e'],
    ['a b,c', 'a%20b%2Cc'],
    ['a\r\nSet-Cookie: x', 'a%0D%0ASet-Cookie:%20x'],
    ['100%', '100%25'],
    ['a%20b', 'a%2520b'],
    ['ä😀', '%C3%A4%F0%9F%98%80'],
    ['\ud800', '%ED%A0%80'],
    ['*"\\;', '%2A%22%5C%3B'],
  ])('of %j is %s', (tag, key) => {
    expect(surrogateKey(tag)).toBe(key);
  });

  it('is nobody else’s', () => {
    const texts = fc.string({ unit: fc.constantFrom('%', '2', '5', ' ', '0', 'a'), maxLength: 5 });
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        expect(surrogateKey(one) === surrogateKey(other)).toBe(one === other);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the tags of a response', () => {
  it.each([
    ['surrogate-key', 'a%20b c'],
    ['cache-tag', 'a%20b,c'],
    ['xkey', 'a%20b c'],
  ] as const)('in %s are %s', (field, value) => {
    expect(surrogateKeys(field, ['a b', 'c'])).toEqual({ value, complete: true });
  });

  it('are nothing where there are none', () => {
    expect(surrogateKeys('xkey', [])).toEqual({ value: undefined, complete: true });
  });

  it('are there once', () => {
    expect(surrogateKeys('cache-tag', ['a', 'a', 'b'])).toEqual({ value: 'a,b', complete: true });
  });

  it.each(['surrogate-key', 'cache-tag'] as const)('in %s are at most 1,024 bytes each, as they are sent', (field) => {
    const longest = `${'x'.repeat(1_021)} `;

    expect(surrogateKeys(field, [longest, 'x'.repeat(1_024)]).complete).toBe(true);
    expect(surrogateKeys(field, ['a', `${longest}x`, 'b'])).toEqual({
      value: ['a', 'b'].join(SEPARATORS[field]),
      complete: false,
    });
  });

  it.each([
    ['surrogate-key', 16_384],
    ['cache-tag', 16_000],
    ['xkey', 8_000],
  ] as const)('in %s are at most %i bytes together', (field, limit) => {
    const tags = Array.from({ length: limit / 8 }, (_, index) => String(index).padStart(7, '0'));
    const full = surrogateKeys(field, tags);
    const last = tags.pop()!;

    expect(full.complete).toBe(true);
    expect(full.value).toHaveLength(limit - 1);
    expect(surrogateKeys(field, [...tags, `${last}x`])).toEqual({ value: `${full.value}x`, complete: true });
    expect(surrogateKeys(field, [...tags, `${last}xx`]).complete).toBe(false);
    expect(surrogateKeys(field, [...tags, last, 'x'])).toEqual({ value: full.value, complete: false });
  });

  it('aren’t complete with one that has no key', () => {
    expect(surrogateKeys('xkey', ['', 'a'])).toEqual({ value: 'a', complete: false });
  });

  it.each(FIELDS)('in %s are those that were given, whatever they are', (field) => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: anyUnit, minLength: 1 }), { maxLength: 5 }), (tags) => {
        const { value, complete } = surrogateKeys(field, tags);
        expect(complete).toBe(true);
        expect(value ?? '').toMatch(/^[\x20-\x7e]*$/);
        expect(value?.split(SEPARATORS[field]) ?? []).toEqual(tags.map(surrogateKey));
      }),
    );
  });

  it.each(FIELDS)('in %s of a megabyte are left out', (field) => {
    expect(surrogateKeys(field, ['\ud800'.repeat(1_000_000)])).toEqual({ value: undefined, complete: false });
  });
});
