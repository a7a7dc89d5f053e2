import { describe, expect, it } from 'vitest';
import { RefreshLimit } from '../../../lib/policy/refresh-limit.js';

const NONE = Number.POSITIVE_INFINITY;

describe('the limit of refreshes', () => {
  it('lets so many begin in a second, after a burst of one second’s worth', () => {
    const limit = new RefreshLimit({ concurrency: NONE, perSecond: 10 });
    let taken = 0;
    for (let now = 0; now < 10_000; now++) if (limit.take(now)) taken++;
    expect(taken).toBe(109);
  });

  it('takes less than one a second', () => {
    const limit = new RefreshLimit({ concurrency: NONE, perSecond: 0.5 });
    expect([0, 1, 1_999, 2_000, 2_001].filter((now) => limit.take(now))).toEqual([0, 2_000]);
  });

  it('saves up no more than a second', () => {
    const limit = new RefreshLimit({ concurrency: NONE, perSecond: 2 });
    limit.take(0);
    expect([1, 2, 3, 4].filter(() => limit.take(3_600_000))).toEqual([1, 2]);
  });

  it('has no room while so many are running', () => {
    const limit = new RefreshLimit({ concurrency: 2, perSecond: NONE });
    limit.running = 1;
    expect(limit.hasRoom(0)).toBe(true);
    limit.running = 2;
    expect(limit.hasRoom(0)).toBe(false);
    expect(limit.take(0)).toBe(true);
  });

  it('isn’t thrown by a clock that stands still or is the same twice', () => {
    const limit = new RefreshLimit({ concurrency: NONE, perSecond: 1 });
    expect([5, 5, 4, 5].map((now) => limit.take(now))).toEqual([true, false, false, false]);
  });
});
