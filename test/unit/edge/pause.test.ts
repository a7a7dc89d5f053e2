import { describe, expect, it } from 'vitest';
import { Pause } from '../../../lib/edge/pause.js';
import { TestClock } from '../../../lib/testing/test-clock.js';

function pauseOf(ms: number) {
  const clock = new TestClock();
  const pause = new Pause(clock, ms);
  let isOver = false;
  void pause.over.then(() => (isOver = true));
  const isOverAfter = async (passedMs: number): Promise<boolean> => {
    await clock.advance(passedMs);
    return isOver;
  };
  return { clock, pause, isOverAfter };
}

describe('a pause', () => {
  it('is over when its time has passed', async () => {
    const { isOverAfter } = pauseOf(100);
    expect([await isOverAfter(99), await isOverAfter(1)]).toEqual([false, true]);
  });

  it('can be made shorter, not longer', async () => {
    const { clock, pause, isOverAfter } = pauseOf(100);
    pause.shortenTo(20);
    expect(await isOverAfter(10)).toBe(false);
    pause.shortenTo(50);
    expect([await isOverAfter(9), await isOverAfter(1), clock.pendingTimers]).toEqual([false, true, 0]);
  });

  it('can be ended, and leaves no timer then', async () => {
    const { clock, pause } = pauseOf(100);
    pause.end();
    await pause.over;
    expect(clock.pendingTimers).toBe(0);
  });
});
