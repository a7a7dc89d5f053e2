import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestDirectives, responseDirectives } from '../../../lib/http/cache-control.js';

const NOTHING_ASKED = { noCache: false, noStore: false, onlyIfCached: false };
const NOTHING_SAID = { noCache: false, noStore: false, private: false, public: false, mustRevalidate: false };
const LONGEST_MS = 2_147_483_648_000;

const asked = (field: string | string[]) => requestDirectives({ 'cache-control': field });
const said = (field: string | string[]) => responseDirectives({ 'cache-control': field });

describe('what a request asks for', () => {
  it.each([
    ['nothing', '', {}],
    ['no-cache', 'no-cache', { noCache: true }],
    ['no-store', 'no-store', { noStore: true }],
    ['only-if-cached', 'only-if-cached', { onlyIfCached: true }],
    ['max-age', 'max-age=60', { maxAgeMs: 60_000 }],
    ['max-stale', 'max-stale=60', { maxStaleMs: 60_000 }],
    ['max-stale of any length', 'max-stale', { maxStaleMs: LONGEST_MS }],
    ['min-fresh', 'min-fresh=60', { minFreshMs: 60_000 }],
    ['in capitals', 'No-Cache, MAX-AGE=1', { noCache: true, maxAgeMs: 1_000 }],
    ['a quoted number', 'max-age="60"', { maxAgeMs: 60_000 }],
    ['with spaces around the sign', 'max-age = 60', { maxAgeMs: 60_000 }],
    ['what nobody knows', 'foo, bar="no-store, no-cache", baz=1', {}],
    ['the strictest of a double', 'max-age=9, max-age=1, max-age=5', { maxAgeMs: 1_000 }],
    ['the strictest of a double max-stale', 'max-stale, max-stale=5', { maxStaleMs: 5_000 }],
    ['the strictest of a double min-fresh', 'min-fresh=1, min-fresh=5', { minFreshMs: 5_000 }],
    ['an age that is no number', 'max-age=soon', { maxAgeMs: 0 }],
    ['an age that isn’t there', 'max-age', { maxAgeMs: 0 }],
    ['a negative age', 'max-age=-1', { maxAgeMs: 0 }],
    ['a broken age', 'max-age=1.5', { maxAgeMs: 0 }],
    ['an age with a stray quotation mark', 'max-age="60', { maxAgeMs: 0 }],
    ['staleness that is no number', 'max-stale=long', { maxStaleMs: 0 }],
    ['more than there is', `max-age=${'9'.repeat(400)}`, { maxAgeMs: LONGEST_MS }],
  ])('is %s', (_what, field, expected) => {
    expect(asked(field)).toEqual({ ...NOTHING_ASKED, ...expected });
  });

  it('is spread over several lines', () => {
    expect(asked(['no-cache', 'max-age=1'])).toEqual({ ...NOTHING_ASKED, noCache: true, maxAgeMs: 1_000 });
  });

  it('is that of the old days only without the new', () => {
    expect(requestDirectives({ pragma: 'foo, No-Cache' }).noCache).toBe(true);
    expect(requestDirectives({ pragma: 'foo' }).noCache).toBe(false);
    expect(requestDirectives({ pragma: 'no-cache', 'cache-control': 'max-age=1' }).noCache).toBe(false);
    expect(requestDirectives({ pragma: 'no-cache', 'cache-control': '' }).noCache).toBe(false);
  });

  it('is found in anything', () => {
    const field = fc.string({ unit: fc.constantFrom('max-age', '=', '"', '\\', ',', ' ', '1', 'no-store', 'ä', '\0') });
    fc.assert(
      fc.property(field, (text) => {
        const { maxAgeMs, noStore } = asked(text);
        expect(maxAgeMs === undefined || (maxAgeMs >= 0 && maxAgeMs <= LONGEST_MS)).toBe(true);
        expect(noStore && !text.includes('no-store')).toBe(false);
      }),
    );
  });

  it.each(['max-age="', 'max-age=1,', '"\\', '=', '9'])('is found in a megabyte of %j', (text) => {
    expect(asked(`no-store,${text.repeat(1_000_000 / text.length)}`).noStore).toBe(true);
  });
});

describe('what a response says', () => {
  it.each([
    ['nothing', '', {}],
    ['no-store', 'no-store', { noStore: true }],
    ['no-cache', 'no-cache', { noCache: true }],
    ['no-cache, be it for some fields', 'no-cache="set-cookie, a"', { noCache: true }],
    ['private', 'private', { private: true }],
    ['private, be it for some fields', 'private="a", max-age=1', { private: true, maxAgeMs: 1_000 }],
    ['public', 'public', { public: true }],
    ['must-revalidate', 'must-revalidate', { mustRevalidate: true }],
    ['lifetimes', 'max-age=1, s-maxage=2', { maxAgeMs: 1_000, sMaxAgeMs: 2_000 }],
    ['the strictest of a double', 's-maxage=9, s-maxage=1', { sMaxAgeMs: 1_000 }],
    ['a lifetime that is none: stale', 'max-age=forever', { maxAgeMs: 0 }],
    ['no-store behind a stray quotation mark', 'a="b, no-store', { noStore: true }],
  ])('is %s', (_what, field, expected) => {
    expect(said(field)).toEqual({ ...NOTHING_SAID, ...expected });
  });
});
