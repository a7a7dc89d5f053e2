import { describe, expect, it } from 'vitest';
import { ClockWatch, ServerClock } from '../../../lib/journal/server-clock.js';
import { TestClock } from '../../../lib/testing/test-clock.js';

describe('how far the server’s clock is ahead', () => {
  it('is told by an answer, as of the middle of its way', () => {
    const clock = new ServerClock();
    expect(clock.offsetMs).toBe(0);
    clock.note(5_000, 1_000, 1_010);
    expect(clock.offsetMs).toBe(3_995);
    clock.note(500, 2_000, 2_010);
    expect(clock.offsetMs).toBe(-1_505);
  });

  it('is told best by the quickest of the last answers', () => {
    const clock = new ServerClock();
    clock.note(1_100, 1_000, 1_002);
    clock.note(3_000, 2_000, 2_500);
    expect(clock.offsetMs).toBe(99);
  });

  it('is told by later answers in the end, however slow', () => {
    const clock = new ServerClock();
    clock.note(1_100, 1_000, 1_002);
    for (let n = 0; n < 8; n++) clock.note(2_700, 2_000, 2_400);
    expect(clock.offsetMs).toBe(500);
  });

  it('isn’t told by what was said before a clock was set', () => {
    const clock = new ServerClock();
    clock.note(1_100, 1_000, 1_002);
    clock.forget();
    clock.note(3_000, 2_000, 2_500);
    expect(clock.offsetMs).toBe(750);
  });

  it('isn’t told by an answer that seems to have come before it was asked for', () => {
    const clock = new ServerClock();
    clock.note(1_100, 1_000, 1_002);
    clock.note(1_200, 1_000, 400);
    expect(clock.offsetMs).toBe(99);
  });
});

describe('the watch over the clocks', () => {
  it.each([
    [60, true],
    [-60, true],
    [50, false],
    [-50, false],
  ])('notices that the wall clock was set by %d ms: %s', async (ms, isNoticed) => {
    const clock = new TestClock();
    const watch = new ClockWatch(clock, 50);
    await clock.advance(10_000);
    clock.wallOffset = ms;
    expect([watch.hasJumped(), watch.hasJumped()]).toEqual([isNoticed, false]);
  });

  it('takes no offence at time that passes', async () => {
    const clock = new TestClock();
    const watch = new ClockWatch(clock, 50);
    await clock.advance('10h');
    expect(watch.hasJumped()).toBe(false);
  });
});
