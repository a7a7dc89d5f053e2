import { describe, expect, it } from 'vitest';
import type { ResponseHeaders } from '../../../lib/http/header-fields.js';
import { unstorable, type StorePolicy } from '../../../lib/http/storable.js';

const reason = (headers: ResponseHeaders, more: Partial<StorePolicy> = {}, status = 200) =>
  unstorable({ status, headers }, { scoped: false, vary: [], ...more });

describe('a response', () => {
  it.each([200, 201, 203, 204, 299])('of status %i is stored', (status) => {
    expect(reason({}, {}, status)).toBeUndefined();
  });

  it.each([100, 103, 199, 206, 300, 301, 304, 404, 500])('of status %i isn’t', (status) => {
    expect(reason({}, {}, status)).toBe('status');
  });

  it('of a status that is asked for is stored, besides the successful', () => {
    expect(reason({}, { statuses: [301, 404] }, 404)).toBeUndefined();
    expect(reason({}, { statuses: [301, 404] }, 200)).toBeUndefined();
    expect(reason({}, { statuses: [301, 404] }, 410)).toBe('status');
  });

  it.each([103, 206, 304])('that isn’t whole is never stored: %i', (status) => {
    expect(reason({}, { statuses: [103, 206, 304] }, status)).toBe('status');
  });

  it.each<[string, ResponseHeaders, string | undefined]>([
    ['a cookie', { 'set-cookie': 'a=b' }, 'set-cookie'],
    ['cookies', { 'set-cookie': ['a=b', 'c=d'] }, 'set-cookie'],
    ['a range', { 'content-range': 'bytes 0-1/2' }, 'content-range'],
    ['no-store', { 'cache-control': 'max-age=60, No-Store' }, 'no-store'],
    ['no-cache', { 'cache-control': 'no-cache' }, 'no-cache'],
    ['no-cache for a field', { 'cache-control': 'no-cache="x"' }, 'no-cache'],
    ['private', { 'cache-control': 'private, max-age=60' }, 'private'],
    ['a lifetime', { 'cache-control': 'public, max-age=60' }, undefined],
    ['what it varies by', { vary: 'Accept' }, 'vary'],
    ['that it varies by anything', { vary: '*' }, 'vary'],
    ['other things', { 'content-type': 'text/html', etag: '"a"' }, undefined],
  ])('that says %s', (_what, headers, expected) => {
    expect(reason(headers)).toBe(expected);
  });

  it('that is private is stored for the one it belongs to', () => {
    expect(reason({ 'cache-control': 'private' }, { scoped: true })).toBeUndefined();
    expect(reason({ 'cache-control': 'private, no-store' }, { scoped: true })).toBe('no-store');
  });

  it('that varies by what is in the key is stored', () => {
    expect(reason({ vary: 'Accept' }, { vary: ['accept', 'x-b'] })).toBeUndefined();
    expect(reason({ vary: ['Accept', 'Cookie'] }, { vary: ['accept'] })).toBe('vary');
    expect(reason({ vary: '*' }, { vary: ['accept'] })).toBe('vary');
  });
});
