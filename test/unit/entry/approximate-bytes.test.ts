import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { approximateBytes } from '../../../lib/entry/value-codec.js';
import { cacheable } from '../../support/values.js';

describe('approximateBytes', () => {
  it('grows with what a value holds', () => {
    const sizes = [1, 'a', [1, 2], 'a'.repeat(100), Array.from({ length: 1_000 }, () => 'abc'), Buffer.alloc(50_000)];

    const bytes = sizes.map(approximateBytes);

    expect(bytes).toEqual(bytes.toSorted((a, b) => a - b));
    expect(new Set(bytes).size).toBe(bytes.length);
  });

  it('counts bytes of buffers and what Maps and Sets hold', () => {
    expect(approximateBytes(Buffer.alloc(10_000))).toBeGreaterThanOrEqual(10_000);
    expect(approximateBytes(new Map([['k'.repeat(500), 'v'.repeat(500)]]))).toBeGreaterThan(1_000);
    expect(approximateBytes(new Set(['v'.repeat(500)]))).toBeGreaterThan(500);
  });

  it('counts an object that is in two places once, and a cycle', () => {
    const shared = { text: 'x'.repeat(1_000) };
    const cyclic: { text: string; self?: unknown } = { ...shared };
    cyclic.self = cyclic;

    expect(approximateBytes([shared, shared])).toBeLessThan(1_500);
    expect(approximateBytes(cyclic)).toBeLessThan(1_500);
  });

  it('looks at part of a large value and guesses the rest within a factor of two', () => {
    const item = { id: 1, name: 'x'.repeat(20) };
    const one = approximateBytes([item]) - approximateBytes([]);
    const many = Array.from({ length: 100_000 }, () => ({ ...item }));

    const bytes = approximateBytes(many);

    expect(bytes / (one * many.length)).toBeGreaterThan(0.5);
    expect(bytes / (one * many.length)).toBeLessThan(2);
  });

  it('is a whole number above zero for everything', () => {
    fc.assert(
      fc.property(cacheable, (value) => {
        const bytes = approximateBytes(value);
        expect(Number.isSafeInteger(bytes) && bytes > 0).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(Number.isSafeInteger(approximateBytes(Array.from({ length: 33_333 }, (_, n) => [n])))).toBe(true);
  });
});
