import { describe, expect, it } from 'vitest';
import { httpTtl } from '../../../lib/http/response-ttl.js';

const NOW = Date.parse('2026-11-26T15:00:00Z');
const ttl = (headers: Record<string, unknown>, options = {}): number | undefined =>
  httpTtl({ headers }, { now: NOW, ...options });

describe('httpTtl', () => {
  it.each<[string, Record<string, string>, number | undefined]>([
    ['nothing is said', {}, undefined],
    ['only a date is', { date: 'Thu, 26 Nov 2026 14:00:00 GMT' }, undefined],
    ['max-age', { 'cache-control': 'max-age=60' }, 60_000],
    ['s-maxage goes before max-age', { 'cache-control': 'max-age=60, s-maxage=10' }, 10_000],
    ['the age is taken off', { 'cache-control': 'max-age=60', age: '45' }, 15_000],
    ['no more than all of it', { 'cache-control': 'max-age=60', age: '90' }, 0],
    ['without an age, by the date', { 'cache-control': 'max-age=60', date: 'Thu, 26 Nov 2026 14:59:40 GMT' }, 40_000],
    [
      'Expires, by its own clock',
      { expires: 'Thu, 26 Nov 2026 10:00:30 GMT', date: 'Thu, 26 Nov 2026 10:00:00 GMT', age: '0' },
      30_000,
    ],
    ['Expires, by ours', { expires: 'Thu, 26 Nov 2026 15:01:00 GMT' }, 60_000],
    ['max-age goes before Expires', { 'cache-control': 'max-age=5', expires: 'Thu, 26 Nov 2026 15:01:00 GMT' }, 5_000],
    ['an Expires that is no date', { expires: '0' }, 0],
    ['no-store', { 'cache-control': 'no-store, max-age=60' }, 0],
    ['no-cache', { 'cache-control': 'no-cache, max-age=60' }, 0],
    ['private', { 'cache-control': 'private, max-age=60' }, 0],
    ['Vary: *', { 'cache-control': 'max-age=60', vary: '*' }, 0],
    ['what is no number', { 'cache-control': 'max-age=soon' }, 0],
  ])('%s', (_what, headers, expected) => {
    expect(ttl(headers)).toBe(expected);
  });

  it('keeps what is private for somebody by himself, and goes by max-age then', () => {
    const headers = { 'cache-control': 'private, max-age=60, s-maxage=10' };
    expect(ttl(headers, { shared: false })).toBe(60_000);
  });

  it('reads headers of fetch, and names in any case', () => {
    expect(httpTtl({ headers: new Headers({ 'Cache-Control': 'max-age=7' }) })).toBe(7_000);
    expect(ttl({ 'Cache-Control': ['public', 'max-age=7'] })).toBe(7_000);
    expect(httpTtl({ headers: new Headers() })).toBeUndefined();
  });
});
