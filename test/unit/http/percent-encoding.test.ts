import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percentEncode } from '../../../lib/http/percent-encoding.js';

const unsafe = /[^A-Za-z0-9\-_.!~*'()]/gu;

describe('percent-encoding', () => {
  it('is that of encodeURIComponent for whole characters', () => {
    const codePoint = fc.oneof(
      ...[0x80, 0x800, 0xd800].map((end) => fc.nat(end - 1)),
      fc.integer({ min: 0xe000, max: 0x10ffff }),
    );
    fc.assert(
      fc.property(fc.array(codePoint), (codes) => {
        const text = String.fromCodePoint(...codes);
        expect(percentEncode(text, unsafe)).toBe(encodeURIComponent(text));
      }),
    );
  });

  it('gets longer where UTF-8 does', () => {
    const ends = ['\u007f', '\u0080', '\u07ff', '\u0800', '\uffff', '\u{10000}', '\u{10ffff}'];

    expect(ends.map((text) => percentEncode(text, unsafe))).toEqual(ends.map(encodeURIComponent));
  });

  it('keeps lone surrogates apart, from each other and from what stands for them elsewhere', () => {
    const texts = ['\ud800', '\udbff', '\udc00', '\udfff', '\ufffd', '\udc00\ud800'];

    expect(texts.map((text) => percentEncode(text, unsafe))).toEqual([
      '%ED%A0%80',
      '%ED%AF%BF',
      '%ED%B0%80',
      '%ED%BF%BF',
      '%EF%BF%BD',
      '%ED%B0%80%ED%A0%80',
    ]);
  });
});
