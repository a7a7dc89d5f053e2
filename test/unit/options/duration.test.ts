import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseByteSize, parseDuration } from '../../../lib/options/duration.js';

describe('a duration', () => {
  it.each([
    [0, 0],
    [250, 250],
    [0.5, 0.5],
    ['0s', 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1h30m', 5_400_000],
    ['1d12h', 129_600_000],
    ['1m1ms', 60_001],
    ['7d', 604_800_000],
  ])('%o is %i ms', (given, ms) => {
    expect(parseDuration(given)).toBe(ms);
  });

  it.each([
    '',
    ' ',
    '5',
    '5 minutes',
    '5 m',
    ' 5m',
    '5m ',
    '5M',
    '-1s',
    '+1s',
    '1e3s',
    '.5s',
    '5.s',
    's',
    '1h-5m',
    '1h,5m',
    '١s',
    '9'.repeat(400) + 's',
    '5mm',
    '1y',
    'Infinity',
    'NaN',
    NaN,
    Infinity,
    -Infinity,
    -1,
    -0.001,
    null,
    undefined,
    true,
    5n,
    [],
    ['5m'],
    {},
    new Date(5),
  ])('%o is none', (given) => {
    expect(parseDuration(given)).toBeUndefined();
  });

  it('is a finite number of zero or more, or nothing, for any text', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom('1', '9', '.', 'm', 's', 'h', 'd', 'ms', '-', ' ')).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (given) => {
        const ms = parseDuration(given);
        expect(ms === undefined || (Number.isFinite(ms) && ms >= 0)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a size', () => {
  it.each([
    [0, 0],
    [1.9, 1],
    ['0b', 0],
    ['512b', 512],
    ['1kb', 1_024],
    ['1.5kb', 1_536],
    ['64mb', 67_108_864],
    ['64MB', 67_108_864],
    ['1gb', 1_073_741_824],
  ])('%o is %i bytes', (given, bytes) => {
    expect(parseByteSize(given)).toBe(bytes);
  });

  it.each([
    '',
    '64',
    '64 mb',
    '-1kb',
    '1tb',
    'mb',
    '1kb1b',
    '9'.repeat(400) + 'gb',
    NaN,
    Infinity,
    -1,
    null,
    undefined,
    true,
    {},
  ])('%o is none', (given) => {
    expect(parseByteSize(given)).toBeUndefined();
  });
});
