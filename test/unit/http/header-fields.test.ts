import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldValue, isFieldName, listMembers } from '../../../lib/http/header-fields.js';

describe('the value of a field', () => {
  it.each([
    ['a text', 'x', 'x'],
    ['an empty text', '', ''],
    ['a number', 7, '7'],
    ['several lines', ['a', 'b'], 'a, b'],
    ['nothing', undefined, undefined],
  ])('of %s', (_what, value, expected) => {
    expect(fieldValue({ field: value }, 'field')).toBe(expected);
  });

  it.each(['constructor', '__proto__', 'toString'])('is none for %s, which every object has', (name) => {
    expect(fieldValue({}, name)).toBeUndefined();
  });
});

describe('the name of a field', () => {
  it.each(['accept', 'X-A_b.1', '*', "!#$%&'+^`|~"])('can be %s', (name) => {
    expect(isFieldName(name)).toBe(true);
  });

  it.each(['', ' ', 'a b', 'a:', 'a\r\nb', 'ä', 'a,b', '"a"'])('can’t be %j', (name) => {
    expect(isFieldName(name)).toBe(false);
  });
});

describe('the members of a list', () => {
  it.each([
    ['none', undefined, []],
    ['none of an empty field', '', []],
    ['trimmed', ' a ,\tb', ['a', 'b']],
    ['without the empty ones', ',a,, ,b,', ['a', 'b']],
    ['with commas in quotation marks', 'a="1,2", b', ['a="1,2"', 'b']],
    ['with escaped quotation marks', 'a="1\\",2", b', ['a="1\\",2"', 'b']],
    ['with an escaped backslash before the last quotation mark', 'a="1\\\\", b', ['a="1\\\\"', 'b']],
    ['parted by all commas behind a quotation mark that stays open', 'x, a="1, no-store', ['x', 'a="1', 'no-store']],
  ])('are %s', (_what, field, members) => {
    expect(listMembers(field)).toEqual(members);
  });

  it('are found in anything', () => {
    const field = fc.string({ unit: fc.constantFrom(',', '"', '\\', ' ', 'a') });
    fc.assert(
      fc.property(field, (text) => {
        const members = listMembers(text);
        expect(members.every((member) => member !== '' && member === member.trim())).toBe(true);
        expect(members.join('').length).toBeLessThanOrEqual(text.length);
      }),
    );
  });

  it.each([',', '"', '\\', '",', 'a,', '\\"'])('are found in a megabyte of %j', (text) => {
    expect(listMembers(text.repeat(1_000_000 / text.length)).length).toBeLessThanOrEqual(1_000_000);
  });
});
