import { describe, expect, it } from 'vitest';
import { sharedReading, type Figures } from '../../../lib/metrics/figures.js';
import { BUCKETS_MS, Histogram } from '../../../lib/policy/histogram.js';

describe('a reading', () => {
  it('is one for all who ask in a turn, and another one in the next', async () => {
    let readings = 0;
    const read = sharedReading(() => ({ registration: String(++readings) }) as Figures);

    expect([read(), read()].map(({ registration }) => registration)).toEqual(['1', '1']);
    await Promise.resolve();
    expect(read().registration).toBe('2');
  });
});

describe('a histogram', () => {
  it('puts a duration into the first bucket whose bound it doesn’t exceed, and the longest beyond all bounds', () => {
    const histogram = new Histogram();
    for (const ms of [0, 0.1, 0.11, 1, 10_000, 10_001]) histogram.note(ms);
    const { buckets, count, sumMs } = histogram.snapshot();

    expect(buckets).toHaveLength(BUCKETS_MS.length + 1);
    expect(
      buckets.flatMap((inBucket, index) => Array.from({ length: inBucket }, () => BUCKETS_MS[index] ?? '+Inf')),
    ).toEqual([0.1, 0.1, 0.25, 1, 10_000, '+Inf']);
    expect(count).toBe(6);
    expect(sumMs).toBeCloseTo(20_002.21);
  });

  it('counts what nobody has timed in the lowest bucket, with no time', () => {
    const histogram = new Histogram();
    histogram.note(3);

    expect(histogram.snapshot(7)).toMatchObject({ count: 8, sumMs: 3 });
    expect(histogram.snapshot(7).buckets[0]).toBe(7);
    expect(histogram.snapshot().count).toBe(1);
  });
});
