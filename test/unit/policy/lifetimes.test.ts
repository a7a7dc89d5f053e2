import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lifetimeOf } from '../../../lib/policy/lifetimes.js';

const options = { ttlMs: 1_000, jitter: 0.1, graceMs: 500, expiresBy: Infinity };

describe('lifetimeOf', () => {
  it('counts from the begin of the load', () => {
    expect(lifetimeOf(5_000, { ...options, jitter: 0 }, 0.7)).toEqual({ staleAt: 6_000, graceUntil: 6_500 });
  });

  it('shortens the ttl by at most the jitter, and never prolongs it', () => {
    expect(lifetimeOf(0, options, 0).staleAt).toBe(1_000);
    expect(lifetimeOf(0, options, 0.5).staleAt).toBe(950);
    expect(lifetimeOf(0, options, 0.999_999).staleAt).toBeGreaterThan(900);
  });

  it('spreads entries that were written together', () => {
    const ends = Array.from({ length: 10 }, (_, index) => lifetimeOf(0, options, index / 10).staleAt);

    expect(new Set(ends).size).toBe(10);
  });

  it('never outlives what it was made from', () => {
    expect(lifetimeOf(0, { ...options, expiresBy: 300 }, 0)).toEqual({ staleAt: 300, graceUntil: 800 });
  });

  it('is never negative, and keeps these bounds for all values', () => {
    const ms = fc.nat(1e12);
    fc.assert(
      fc.property(
        ms,
        ms,
        fc.double({ min: 0, max: 1, noNaN: true }),
        ms,
        ms,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (begin, ttlMs, jitter, graceMs, lifeOfChild, random) => {
          const expiresBy = begin + lifeOfChild;
          const { staleAt, graceUntil } = lifetimeOf(begin, { ttlMs, jitter, graceMs, expiresBy }, random);
          expect(staleAt).toBeGreaterThanOrEqual(begin);
          expect(staleAt).toBeLessThanOrEqual(Math.min(begin + ttlMs, expiresBy));
          expect(graceUntil - staleAt).toBeCloseTo(graceMs, 1);
        },
      ),
      { numRuns: 500 },
    );
  });
});
