import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeVary, undeclaredVary, variesByAnything, varyKey, varyNames } from '../../../lib/http/vary.js';

describe('the names a response varies by', () => {
  it('are lower-case, sorted, each once', () => {
    expect(varyNames(['X-B', ' accept ', 'x-b', 'Accept'])).toEqual(['accept', 'x-b']);
  });
});

describe('the part of the key', () => {
  it.each([
    ['absent and empty', {}, { accept: '' }],
    ['this and that', { accept: 'a' }, { accept: 'b' }],
    ['the same in another field', { accept: 'a' }, { 'accept-language': 'a' }],
    ['a value that looks like the rest of a key', { accept: 'a15:accept-language-' }, { accept: 'a' }],
  ])('differs for %s', (_what, one, other) => {
    const names = varyNames(['accept', 'accept-language']);

    expect(varyKey(names, one)).not.toBe(varyKey(names, other));
  });

  it('differs for other names', () => {
    expect(varyKey(['a'], {})).not.toBe(varyKey(['b'], {}));
  });

  it('doesn’t differ for several lines and one', () => {
    expect(varyKey(['accept'], { accept: ['a', 'b'] })).toBe(varyKey(['accept'], { accept: 'a, b' }));
  });

  it('doesn’t differ by other fields', () => {
    expect(varyKey(['accept'], { accept: 'a', cookie: 'b' })).toBe(varyKey(['accept'], { accept: 'a' }));
  });

  it('is injective', () => {
    const value = fc.option(fc.string({ unit: fc.constantFrom('1', ':', '-', ',', 'a', 'b'), maxLength: 5 }), {
      nil: undefined,
    });
    const request = fc.record({ a: value, b: value, '1:a': value });
    const names = fc.subarray(['1:a', 'a', 'b']);
    let same = 0;
    fc.assert(
      fc.property(names, request, names, request, (some, one, others, other) => {
        const said = JSON.stringify(some.map((name) => [name, one[name as 'a'] ?? null]));
        const isSame = said === JSON.stringify(others.map((name) => [name, other[name as 'a'] ?? null]));
        if (isSame) same++;
        expect(varyKey(some, one) === varyKey(others, other)).toBe(isSame);
      }),
      { numRuns: 3_000 },
    );
    expect(same).toBeGreaterThan(50);
  });

  it('is as long as what it is made of', () => {
    const long = 'x'.repeat(1_000_000);

    expect(varyKey(['accept'], { accept: long }).length).toBeLessThan(long.length + 50);
  });
});

describe('a Vary of the handler', () => {
  it.each([
    ['*', true],
    ['accept, *', true],
    ['accept', false],
    ['x-*', false],
    [undefined, false],
  ])('varies by anything: %s', (field, expected) => {
    expect(variesByAnything(field)).toBe(expected);
  });

  it.each([
    ['nothing where there is none', undefined, []],
    ['nothing that is declared', 'Accept, X-B', []],
    ['what isn’t declared', 'Accept, X-C, cookie', ['cookie', 'x-c']],
    ['anything', '*', ['*']],
  ])('has undeclared %s', (_what, field, expected) => {
    expect(undeclaredVary(field, ['accept', 'x-b'])).toEqual(expected);
  });

  it.each([
    ['nothing to nothing', undefined, [], undefined],
    ['nothing to an empty one', ' , ', [], undefined],
    ['names to nothing', undefined, ['accept', 'x-b'], 'accept, x-b'],
    ['nothing to names', 'Accept', [], 'Accept'],
    ['what is missing', 'Accept,X-B', ['accept', 'cookie'], 'Accept, X-B, cookie'],
    ['nothing to a field that says a thing twice', 'Accept, accept', [], 'Accept'],
    ['nothing to one that says it in capitals then', 'accept, Accept', [], 'accept'],
    ['anything to it', '*', ['accept'], '*'],
    ['anything by itself', 'accept', ['*'], '*'],
    ['nothing that is no name', undefined, ['a\r\nset-cookie: x', '', 'a b'], undefined],
  ])('is merged: %s', (_what, field, names, expected) => {
    expect(mergeVary(field, names)).toBe(expected);
  });
});
