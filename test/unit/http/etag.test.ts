import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entityTag, namesEntityTag } from '../../../lib/http/etag.js';
import type { ResponseHeaders } from '../../../lib/http/header-fields.js';

const tagOf = (body: string | Uint8Array | undefined, headers: ResponseHeaders = {}, status = 200) =>
  entityTag({ status, body, headers }, 'strong');

describe('the tag of a response', () => {
  it('has at least 128 bits and nothing that has to be escaped', () => {
    expect(tagOf('a')).toMatch(/^"[\w-]{22}"$/);
  });

  it('is marked when it is weak, and the same otherwise', () => {
    expect(entityTag({ status: 200, body: 'a', headers: {} }, 'weak')).toBe(`W/${tagOf('a')}`);
  });

  it('is that of the bytes, however they come', () => {
    expect(tagOf(Buffer.from('ä'))).toBe(tagOf('ä'));
    expect(tagOf(undefined)).toBe(tagOf(''));
  });

  it('differs by what the response is', () => {
    const tags = [
      tagOf('a'),
      tagOf('b'),
      tagOf(''),
      tagOf('a', {}, 404),
      tagOf('a', { 'content-type': 'text/html' }),
      tagOf('a', { 'content-type': 'text/plain' }),
      tagOf('a', { 'content-encoding': 'gzip' }),
      tagOf('a', { 'content-language': 'text/plain' }),
      tagOf('', { location: '/a' }),
      tagOf('', { location: '/b' }),
      tagOf('', { 'content-type': 'a', 'content-encoding': 'b' }),
      tagOf('', { 'content-type': 'ab' }),
      tagOf('["content-type","a"];'),
      tagOf('', { 'content-type': 'a' }),
    ];

    expect(new Set(tags).size).toBe(tags.length);
  });

  it('doesn’t differ by the order of its fields, nor by those about something else', () => {
    const headers = { 'content-type': 'a', 'content-language': 'b' };

    expect(tagOf('a', { 'content-language': 'b', 'content-type': 'a' })).toBe(tagOf('a', headers));
    expect(
      tagOf('a', {
        ...headers,
        age: '1',
        date: 'x',
        'x-request-id': '7',
        'content-length': 1,
        'content-md5': undefined,
      }),
    ).toBe(tagOf('a', headers));
  });
});

describe('a list of tags', () => {
  it.each([
    ['the tag', '"a"', '"a"', true],
    ['another', '"b"', '"a"', false],
    ['it among others', '"b", "a" ,\t"c"', '"a"', true],
    ['it between empty members', ', ,"a", ,', '"a"', true],
    ['one with a comma in it', '"b,a"', '"a"', false],
    ['itself with a comma in it', '"x", "b, a"', '"b, a"', false],
    ['itself with a comma and no space in it', '"x", "b,a"', '"b,a"', true],
    ['one with a backslash at its end', '"a\\", "b"', '"b"', true],
    ['an empty one', '""', '""', true],
    ['one with bytes beyond ASCII', '"\xe4"', '"\xe4"', true],
    ['any', '*', '"a"', true],
    ['any, with spaces', ' * ', '"a"', true],
    ['any, of what has no tag', '*', undefined, true],
    ['a tag, of what has none', '"a"', undefined, false],
    ['a tag, of what has a broken one', 'a', 'a', false],
    ['nothing', '', '""', false],
    ['the tag without quotation marks', 'a', '"a"', false],
    ['a tag that stays open', '"a', '"a"', false],
    ['the tag and something broken', '"a", b', '"a"', false],
    ['something broken and the tag', 'b, "a"', '"a"', false],
    ['two without a comma', '"a" "b"', '"a"', false],
    ['any among others', '"a", *', '"a"', false],
    ['a small w', 'w/"a"', '"a"', false],
    ['a control character', '"a\u0001"', '"a\u0001"', false],
  ])('names %s', (_what, field, current, named) => {
    expect(namesEntityTag(field, current, 'weak')).toBe(named);
    expect(namesEntityTag(field, current, 'strong')).toBe(named);
  });

  // the table of https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.2
  it.each([
    ['W/"1"', 'W/"1"', false, true],
    ['W/"1"', 'W/"2"', false, false],
    ['W/"1"', '"1"', false, true],
    ['"1"', 'W/"1"', false, true],
    ['"1"', '"1"', true, true],
  ])('is compared strongly and weakly: %s and %s', (one, other, strong, weak) => {
    expect(namesEntityTag(one, other, 'strong')).toBe(strong);
    expect(namesEntityTag(one, other, 'weak')).toBe(weak);
  });

  it('names the one it has strongly and weakly', () => {
    expect(namesEntityTag('W/"1", "1"', '"1"', 'strong')).toBe(true);
  });

  it('is looked at up to the 256th', () => {
    const others = (count: number) => '"x",'.repeat(count);

    expect(namesEntityTag(`${others(255)}"a"`, '"a"', 'weak')).toBe(true);
    expect(namesEntityTag(`${others(256)}"a"`, '"a"', 'weak')).toBe(false);
    expect(namesEntityTag(`"a",${others(1_000)}broken`, '"a"', 'weak')).toBe(true);
  });

  it('names what was put into it, and only that', () => {
    const opaque = fc.string({ unit: fc.constantFrom(',', 'a', 'W/', '*', '\\', '\xe4'), maxLength: 4 });
    const tag = fc.tuple(fc.constantFrom('', 'W/'), opaque).map(([weak, text]) => `${weak}"${text}"`);
    let named = 0;
    fc.assert(
      fc.property(fc.array(tag, { maxLength: 6 }), tag, fc.constantFrom(',', ' , ', ',\t,'), (tags, current, comma) => {
        const isNamed = tags.some((one) => one.replace('W/"', '"') === current.replace('W/"', '"'));
        // the mark only goes off where it is one: at the beginning
        fc.pre(tags.every((one) => !one.slice(1).includes('W/"')) && !current.slice(1).includes('W/"'));
        if (isNamed) named++;
        expect(namesEntityTag(tags.join(comma), current, 'weak')).toBe(isNamed);
      }),
      { numRuns: 1_000 },
    );
    expect(named).toBeGreaterThan(50);
  });

  it('is taken whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', ',', ' ', 'W/', '*', 'a', '\0', '\ud800') }), (field) => {
        // a named one has to be in there
        expect(namesEntityTag(field, '"a"', 'weak') && !field.includes('"a"') && field.trim() !== '*').toBe(false);
      }),
    );
  });

  it.each([',', '"', ' ', '"a" ', 'W/"', '"a",', '"a', '\t,'])('of a megabyte of %j is taken', (text) => {
    expect(namesEntityTag(text.repeat(1_000_000 / text.length), '"b"', 'weak')).toBe(false);
  });
});
