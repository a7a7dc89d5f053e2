import { describe, expect, it } from 'vitest';
import { bloomPlace, bloomShape, falsePositiveRateOf, type BloomShape } from '../../../lib/policy/bloom.js';

/** A filter in the plainest form there is. */
function filterOf(shape: BloomShape, seed: string, ids: Iterable<string>): (id: string) => boolean {
  const parts = Array.from({ length: shape.parts }, () => new Uint8Array(shape.bits));
  const place = (id: string) => bloomPlace(shape, seed, id);
  for (const id of ids) {
    const { part, positions } = place(id);
    for (const position of positions) parts[part]![position] = 1;
  }
  return (id) => {
    const { part, positions } = place(id);
    return positions.every((position) => parts[part]![position] === 1);
  };
}

const ids = (count: number, prefix: string): string[] => Array.from({ length: count }, (_, id) => `${prefix}${id}`);

describe('the shape of a Bloom filter', () => {
  it.each([
    [1_000, 0.01],
    [100_000, 0.01],
    [100_000, 0.001],
    [1_000_000, 0.000_001],
    [10_000_000, 0.01],
    [50, 0.5],
    [1, 0.01],
  ])('for %d ids at %d is one whose rate is no higher, and hardly larger than needed', (capacity, rate) => {
    const shape = bloomShape(capacity, rate);
    expect(falsePositiveRateOf(shape, capacity)).toBeLessThanOrEqual(rate * (1 + 1e-9));
    const ideal = (-capacity * Math.log(rate)) / Math.LN2 ** 2;
    expect(shape.bits * shape.parts).toBeLessThanOrEqual(Math.max(64, ideal * 1.03));
  });

  it('is split into parts of 4 MB at most', () => {
    const shape = bloomShape(100_000_000, 0.001);
    expect(shape.parts).toBeGreaterThan(40);
    expect(shape.bits).toBeLessThanOrEqual(2 ** 25 * 1.01);
  });
});

describe('a Bloom filter', () => {
  it.each([0.01, 0.001])('of 100,000 ids has the rate of false positives that was asked for, %d', (rate) => {
    const has = filterOf(bloomShape(100_000, rate), 'seed', ids(100_000, 'id-'));
    const trials = 200_000;
    const wrong = ids(trials, 'other-').filter(has).length;
    // four standard deviations of chance above what was asked for
    expect(wrong).toBeLessThanOrEqual(trials * rate + 4 * Math.sqrt(trials * rate));
    expect(wrong).toBeGreaterThan((trials * rate) / 2);
  });

  it('has it with numbers for ids, and with several parts', () => {
    const shape: BloomShape = { ...bloomShape(25_000 + 3 * Math.sqrt(25_000), 0.01), parts: 4 };
    const has = filterOf(shape, 'seed', ids(100_000, ''));
    const wrong = ids(100_000, '7').filter((id) => Number(id) >= 100_000 && has(id)).length;
    expect(wrong).toBeLessThanOrEqual(1_000 + 4 * Math.sqrt(1_000));
  });

  it('never misses an id it was given', () => {
    const given = ids(20_000, 'id-');
    const has = filterOf(bloomShape(20_000, 0.1), 'seed', given);
    expect(given.every(has)).toBe(true);
  });

  it('has other false positives with another seed', () => {
    const shape = bloomShape(10_000, 0.01);
    const [one, other] = ['one', 'other'].map((seed) => filterOf(shape, seed, ids(10_000, 'id-')));
    const wrong = ids(50_000, 'other-').filter(one!);
    expect(wrong.length).toBeGreaterThan(300);
    expect(wrong.filter(other!).length).toBeLessThan(wrong.length / 10);
  });

  it('has positions within its bits', () => {
    const shape = { bits: 67, parts: 3, hashes: 9 };
    for (const id of ids(1_000, 'id')) {
      const { part, positions } = bloomPlace(shape, 's', id);
      expect(part).toBeLessThan(3);
      expect(positions).toHaveLength(9);
      expect(positions.every((position) => Number.isInteger(position) && position >= 0 && position < 67)).toBe(true);
    }
  });
});
