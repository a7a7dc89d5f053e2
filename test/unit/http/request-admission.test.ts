import { describe, expect, it } from 'vitest';
import { requestDirectives } from '../../../lib/http/cache-control.js';
import type { RequestHeaders } from '../../../lib/http/header-fields.js';
import { admit, satisfies } from '../../../lib/http/request-admission.js';

const policy = { scoped: false, public: false, honourRequestCacheControl: false };
const pass = (headers: RequestHeaders, more: Partial<typeof policy> = {}, method = 'GET') =>
  admit({ method, headers }, { ...policy, ...more }).pass;

describe('a request', () => {
  it.each(['GET', 'HEAD'])('of the method %s is admitted', (method) => {
    expect(pass({}, {}, method)).toBeUndefined();
  });

  it.each(['POST', 'PUT', 'OPTIONS', 'QUERY', 'get', ''])('of the method %j passes', (method) => {
    expect(pass({}, {}, method)).toBe('method');
  });

  it.each<[string, RequestHeaders]>([
    ['a length', { 'content-length': '1' }],
    ['a length that is none', { 'content-length': 'x' }],
    ['chunks', { 'transfer-encoding': 'chunked' }],
  ])('with a body passes: %s', (_what, headers) => {
    expect(pass(headers, { public: true })).toBe('body');
  });

  it('with a body of no length is admitted', () => {
    expect(pass({ 'content-length': '0' })).toBeUndefined();
  });

  it.each(['bytes=0-1', 'nonsense', ''])('for a range passes: %j', (range) => {
    expect(pass({ range }, { public: true, scoped: true })).toBe('range');
  });

  it.each(['authorization', 'cookie'])('with %s passes unless it is said whose answer it is', (name) => {
    for (const value of ['x', '']) {
      expect(pass({ [name]: value })).toBe(name);
      expect(pass({ [name]: value }, { scoped: true })).toBeUndefined();
      expect(pass({ [name]: value }, { public: true })).toBeUndefined();
    }
  });

  it('isn’t asked what it wants unless that is honoured', () => {
    const request = {
      method: 'GET',
      headers: { 'cache-control': 'no-store, no-cache, max-age=1', pragma: 'no-cache' },
    };

    expect(admit(request, policy)).toEqual({
      pass: undefined,
      directives: { noCache: false, noStore: false, onlyIfCached: false },
    });
  });

  it('that wants nothing stored passes where that is honoured', () => {
    expect(pass({ 'cache-control': 'no-store' }, { honourRequestCacheControl: true })).toBe('no-store');
  });

  it('gets its wishes on the way where they are honoured', () => {
    expect(
      admit(
        { method: 'GET', headers: { 'cache-control': 'max-age=1' } },
        { ...policy, honourRequestCacheControl: true },
      ),
    ).toEqual({
      pass: undefined,
      directives: { noCache: false, noStore: false, onlyIfCached: false, maxAgeMs: 1_000 },
    });
  });
});

describe('an entry', () => {
  const NOW = 1_800_000_000_000;
  const fresh = { asOf: NOW - 10_000, staleAt: NOW + 10_000 };
  const stale = { asOf: NOW - 20_000, staleAt: NOW - 10_000 };
  const wanted = (field: string) => requestDirectives({ 'cache-control': field });

  it.each([
    ['', true],
    ['no-cache', false],
    ['max-age=10', true],
    ['max-age=9', false],
    ['max-age=0', false],
    ['min-fresh=10', true],
    ['min-fresh=11', false],
    ['max-stale=1', true],
    ['only-if-cached', true],
    ['max-age=60, min-fresh=11', false],
  ])('that is fresh satisfies %j: %s', (field, expected) => {
    expect(satisfies(fresh, wanted(field), NOW)).toBe(expected);
  });

  it.each([
    // whether it may be stale at all is for the cache to say
    ['', true],
    ['max-stale', true],
    ['max-stale=10', true],
    ['max-stale=9', false],
    ['max-stale=x', false],
    ['max-age=60', false],
    ['max-age=60, max-stale', true],
    ['max-age=19, max-stale', false],
    ['min-fresh=1', false],
    ['min-fresh=1, max-stale', false],
  ])('that is stale satisfies %j: %s', (field, expected) => {
    expect(satisfies(stale, wanted(field), NOW)).toBe(expected);
  });

  it('that expires at this very moment is stale', () => {
    expect(satisfies({ asOf: NOW - 1, staleAt: NOW }, wanted('max-age=60'), NOW)).toBe(false);
    expect(satisfies({ asOf: NOW - 1, staleAt: NOW + 1 }, wanted('max-age=60'), NOW)).toBe(true);
  });

  it('of this very moment satisfies whoever wants none older', () => {
    expect(satisfies({ asOf: NOW, staleAt: NOW + 1 }, wanted('max-age=0'), NOW)).toBe(true);
  });
});
