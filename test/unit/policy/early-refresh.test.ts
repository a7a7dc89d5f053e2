import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { earlyRefreshBegins, refreshesEarly } from '../../../lib/policy/early-refresh.js';
import { seededRandom } from '../../support/seeded-random.js';

const entry = { staleAt: 100_000, costMs: 100 };

/** Which part of many readers at that moment refreshes. */
const share = (now: number, beta = 1): number => {
  const random = seededRandom(42);
  const readers = 20_000;
  let refreshing = 0;
  for (let reader = 0; reader < readers; reader++) if (refreshesEarly(now, entry, beta, random())) refreshing++;
  return refreshing / readers;
};

describe('early refresh', () => {
  it('is as likely as XFetch says: e to the minus of how many loads away the expiry is', () => {
    for (const loads of [0.1, 0.5, 1, 2, 4]) {
      expect(share(entry.staleAt - loads * entry.costMs)).toBeCloseTo(Math.exp(-loads), 1);
    }
  });

  it('gets likelier towards the expiry', () => {
    const shares = [8, 4, 2, 1, 0.5, 0.1].map((loads) => share(entry.staleAt - loads * entry.costMs));

    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(new Set(shares).size).toBe(shares.length);
  });

  it('is earlier with a higher beta, and with a dearer load', () => {
    const at = entry.staleAt - 400;

    expect(share(at, 4)).toBeGreaterThan(10 * share(at, 1));
    expect(earlyRefreshBegins(entry.staleAt, 200, 1)).toBeLessThan(earlyRefreshBegins(entry.staleAt, 100, 1));
  });

  it('is certain once the entry has expired', () => {
    expect(share(entry.staleAt)).toBe(1);
    expect(share(entry.staleAt + 1)).toBe(1);
  });

  it('begins where hardly any draw would come out', () => {
    const begins = earlyRefreshBegins(entry.staleAt, entry.costMs, 1);

    expect(begins).toBe(entry.staleAt - 1_000);
    expect(share(begins)).toBeLessThan(0.001);
    expect(share(begins + 500)).toBeGreaterThan(0);
  });

  it('is never drawn for a load that cost nothing', () => {
    fc.assert(
      fc.property(fc.nat(99_999), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (now, random) => {
        expect(refreshesEarly(now, { staleAt: 100_000, costMs: 0 }, 1, random)).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});
