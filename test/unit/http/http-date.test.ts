import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHttpDate } from '../../../lib/http/http-date.js';

const NOW = Date.UTC(2026, 10, 20);
const EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37);

describe('an HTTP-date', () => {
  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    'is read in the form of %s',
    (text) => {
      expect(parseHttpDate(text, NOW)).toBe(EXAMPLE);
    },
  );

  it('is what toUTCString writes', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }), (date) => {
        expect(parseHttpDate(date.toUTCString(), NOW)).toBe(Math.floor(date.getTime() / 1_000) * 1_000);
      }),
    );
  });

  it('has a leap second', () => {
    expect(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT', NOW)).toBe(Date.UTC(2017, 0, 1));
  });

  it('of two digits is at most 50 years ahead', () => {
    expect(parseHttpDate('Friday, 20-Nov-76 00:00:00 GMT', NOW)).toBe(Date.UTC(2076, 10, 20));
    expect(parseHttpDate('Friday, 20-Nov-77 00:00:00 GMT', NOW)).toBe(Date.UTC(1977, 10, 20));
  });

  it('has its year even if that is an early one', () => {
    expect(parseHttpDate('Sun, 06 Nov 0050 08:49:37 GMT', NOW)).toBe(new Date('0050-11-06T08:49:37Z').getTime());
  });

  it.each([
    '',
    '0',
    'yesterday',
    '1994-11-06T08:49:37Z',
    'sun, 06 nov 1994 08:49:37 gmt',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 GMT ',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
    'Wed, 31 Feb 2024 08:49:37 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    'Sun, 06 Nov 1994 08:00:61 GMT',
    'Sun Nov 6 08:49:37 1994',
    'Sun, 06-Nov-94 08:49:37 GMT',
    ' '.repeat(1_000_000),
  ])('isn’t %j', (text) => {
    expect(parseHttpDate(text, NOW)).toBeUndefined();
  });
});
