import { parse } from 'node:querystring';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalTarget } from '../../../lib/http/request-target.js';

describe('the path of a request', () => {
  it.each([
    ['/a', '/a'],
    ['/%61%2D%5f%7E', '/a-_~'],
    ['/a%2fb', '/a%2Fb'],
    ['/a/%2e%2e/b', '/a/../b'],
    ['//a//', '//a//'],
    ['/a/../b', '/a/../b'],
    ['/%c3%a4', '/%C3%A4'],
    ['/%2541', '/%2541'],
    ['/A', '/A'],
    ['/{a}|^"', '/{a}|^"'],
  ])('%s is %s', (url, expected) => {
    expect(canonicalTarget(url)).toBe(expected);
  });

  it.each(['/%zz', '/%', '/%4', '/%%411', '/%61%zz', '/a%'])('%s stays as it is', (url) => {
    expect(canonicalTarget(url)).toBe(url);
  });

  it('is the same for equivalent ones, and for no others', () => {
    const token = fc.constantFrom('a', '%61', '4', '1', '/', '%2f', '%2F', '%', '%25', '%zz', '%41', 'A', '.', '%2e');
    // token by token: an escape of what is reserved, or no text at all, is something else than the sign itself
    const meaning = (path: string): string => {
      if (/%(?![0-9a-f]{2})/i.test(path)) return JSON.stringify(['as it is', path]);
      return JSON.stringify(
        path.match(/%[0-9a-f]{2}|./gi)!.map((one) => {
          const byte = one.length === 1 ? one.charCodeAt(0) : Number.parseInt(one.slice(1), 16);
          return one.length === 1 || /[\w.~-]/.test(String.fromCharCode(byte)) ? byte : [byte];
        }),
      );
    };
    const path = fc.array(token, { maxLength: 3 }).map((tokens) => `/${tokens.join('')}`);
    let same = 0;
    fc.assert(
      fc.property(path, path, (one, other) => {
        const isSame = meaning(one) === meaning(other);
        if (isSame && one !== other) same++;
        expect(canonicalTarget(one) === canonicalTarget(other)).toBe(isSame);
      }),
      { numRuns: 20_000 },
    );
    expect(same).toBeGreaterThan(50);
  });
});

describe('the query of a request', () => {
  it.each([
    ['none', '/a?', '/a'],
    ['none in it', '/a?&&', '/a'],
    ['sorted by name', '/a?b=2&a=1&B=3', '/a?B=3&a=1&b=2'],
    ['the order of equal names', '/a?b=1&a=2&a=1', '/a?a=2&a=1&b=1'],
    ['what is given twice', '/a?a=1&a=1', '/a?a=1&a=1'],
    ['the order of what becomes one list', '/a?b=0&a[]=2&a%5b0%5d=1', '/a?a%5B%5D=2&a%5B0%5D=1&b=0'],
    ['no value, and an empty one', '/a?b=&a', '/a?a&b='],
    ['no name', '/a?=1&=', '/a?=1&='],
    ['escapes of what needs none', '/a?%61=%62', '/a?a=b'],
    ['spaces', '/a?a=1+2&b=1%202', '/a?a=1%202&b=1%202'],
    ['a plus', '/a?a=1%2b2', '/a?a=1%2B2'],
    ['separators that are escaped', '/a?a=1%26b%3d2', '/a?a=1%26b%3D2'],
    ['signs in a value', '/a?a=b=c?d/e', '/a?a=b%3Dc%3Fd%2Fe'],
    ['a value that doesn’t decode', '/a?b=1+%zz&a=%FF', '/a?a=%FF&b=1+%zz'],
    ['a semicolon', '/a?a=1;b=2', '/a?a=1%3Bb%3D2'],
  ])('keeps %s', (_what, url, expected) => {
    expect(canonicalTarget(url)).toBe(expected);
  });

  it.each([
    ['those that are allowed', '/a?c=1&b=2&a=3', ['b', 'a'], '/a?a=3&b=2'],
    ['none', '/a?c=1&b=2', [], '/a'],
    ['one under its escaped name', '/a?%70age=2', ['page'], '/a?page=2'],
    [
      'what a parser puts into an allowed one',
      '/a?page[]=2&page%5bx%5d=1&pages=1',
      ['page'],
      '/a?page%5B%5D=2&page%5Bx%5D=1',
    ],
    ['a part of one', '/a?f[a]=1&f[b]=2&f[a][]=3', ['f[a]'], '/a?f%5Ba%5D=1&f%5Ba%5D%5B%5D=3'],
    ['a name with a space', '/a?a+b=1&a%20b=2', ['a b'], '/a?a%20b=1&a%20b=2'],
    ['a name nobody can write', '/a?a=1', ['\ud800', 'a'], '/a?a=1'],
  ])('leaves of parameters %s', (_what, url, allowed, expected) => {
    expect(canonicalTarget(url, allowed)).toBe(expected);
  });

  it('of equal targets looks the same to a handler', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      '%61',
      '=',
      '=',
      '&',
      '&',
      '+',
      '%20',
      '1',
      '%zz',
      '%',
      '%26',
      '?',
      '[',
      '%5B',
    );
    const query = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    const seen = (text: string, allowed?: readonly string[]): string =>
      JSON.stringify(
        Object.entries(parse(text))
          .filter(([name]) => allowed === undefined || allowed.includes(name))
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      );
    let same = 0;
    fc.assert(
      fc.property(query, query, fc.constantFrom(undefined, ['a'], ['a', 'b'], []), (one, other, allowed) => {
        if (canonicalTarget(`/?${one}`, allowed) !== canonicalTarget(`/?${other}`, allowed)) return;
        if (one !== other) same++;
        expect(seen(one, allowed)).toBe(seen(other, allowed));
      }),
      { numRuns: 30_000 },
    );
    expect(same).toBeGreaterThan(100);
  });

  it('of equal lists of parameters is the same', () => {
    const name = fc.constantFrom('a', 'b', 'c d', 'ä', '&', '=', '');
    const parameter = fc.tuple(name, fc.constantFrom('', '1', '+', ' ', '%', 'é'));
    fc.assert(
      fc.property(fc.uniqueArray(parameter, { selector: ([name]) => name, maxLength: 5 }), (parameters) => {
        const plain = parameters.map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`);
        const form = new URLSearchParams([...parameters].reverse());
        expect(canonicalTarget(`/a?${form.toString()}`)).toBe(canonicalTarget(`/a?${plain.join('&')}`));
      }),
    );
  });
});

describe('a request target that servers don’t agree about', () => {
  it.each([
    ['a fragment, which find-my-way takes for the query', '/a#page=2'],
    ['a fragment behind a query', '/a?b=1#c'],
    ['a semicolon, where Fastify 4 begins the query', '/a;page=2?x=1'],
    ['the whole URL', 'http://a.example/a?b=1'],
    ['an asterisk', '*'],
    ['nothing', ''],
    ['a space', '/a b'],
    ['bytes beyond ASCII', '/\xe4'],
    ['a control character', '/a\0'],
    ['half a surrogate pair', '/\ud800'],
    ['a line break at its end', '/a\n'],
    ['the name of a parameter that doesn’t decode', '/a?b=2&%zz=1&a=1'],
    ['more parameters than a parser may read', `/a?${'x&'.repeat(100)}page=2`],
  ])('is its own: %s', (_what, url) => {
    expect(canonicalTarget(url)).toBe(`!${url}`);
    expect(canonicalTarget(url, [])).toBe(`!${url}`);
  });

  it('is one with 101 parameters, not with 100', () => {
    expect(canonicalTarget(`/a?${'x&'.repeat(99)}page=2`, ['page'])).toBe('/a?page=2');
  });
});

describe('a megabyte', () => {
  it.each(['a', '%61', '%zz', '%', '&', 'a=&', '=', '+', '[', '%5B', '/', '?', '#', ';', '%c3%a4', '\xe4', '&a=1'])(
    'of %j is taken',
    (text) => {
      const long = text.repeat(1_000_000 / text.length);
      for (const url of [`/${long}`, `/a?${long}`, `/a?a=${long}`, long]) {
        expect(canonicalTarget(url, ['a', 'b']).length).toBeLessThanOrEqual(3 * url.length + 1);
      }
    },
  );
});
