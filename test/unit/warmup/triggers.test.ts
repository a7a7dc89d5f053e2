import { describe, expect, it } from 'vitest';
import { TestClock } from '../../../lib/testing/test-clock.js';
import { schedule, triggers, type Tick, type Trigger } from '../../../lib/warmup/triggers.js';

type Timed = Exclude<Trigger, { kind: 'start' }>;
const timed = (given: unknown): Timed => triggers.read(given)![0] as Timed;

/** What is called when, from midnight UTC on, in seconds. */
function follow(given: unknown, clock = new TestClock({ at: Date.UTC(2026, 0, 1) })) {
  const begun = clock.time;
  const ticks: { at: number; tick: Tick }[] = [];
  const timer = schedule(timed(given), clock, (tick) => ticks.push({ at: (clock.time - begun) / 1_000, tick }));
  return { clock, ticks, timer };
}

describe('the occasions of a warmer', () => {
  it('are one or several', () => {
    expect(triggers.read('start')).toEqual([{ kind: 'start' }]);
    expect(triggers.read(['start', '1h30m', 5_000])).toEqual([
      { kind: 'start' },
      { kind: 'every', text: '1h30m', ms: 5_400_000 },
      { kind: 'every', text: '5000', ms: 5_000 },
    ]);
    expect(triggers.read('0 6 * * *')).toMatchObject([{ kind: 'cron', text: '0 6 * * *' }]);
    for (const wrong of [undefined, null, {}, 'Start', 999, '0s', [[]], ['start', 7]])
      expect(triggers.read(wrong)).toBeUndefined();
  });

  it('come every so long, and are remembered a little less long than that, from their begin', async () => {
    const { clock, ticks, timer } = follow('10m');
    await clock.advance('35m');
    expect(ticks.map(({ at }) => at)).toEqual([600, 1_200, 1_800]);
    expect(ticks[0]!.tick).toMatchObject({ id: 'every 600000', text: '10m' });
    expect(ticks[0]!.tick.doneForMs(120_000)).toBe(420_000);
    timer.cancel();
    expect(clock.pendingTimers).toBe(0);
  });

  it('come by the clock, under the same name in every process', async () => {
    const one = follow('*/10 * * * *');
    const other = follow('*/10 * * * *', new TestClock({ at: Date.UTC(2026, 0, 1) + 3_210 }));
    await one.clock.advance('25m');
    await other.clock.advance('25m');
    expect(one.ticks.map(({ at }) => at)).toEqual([600, 1_200]);
    expect(other.ticks.map(({ tick: { id } }) => id)).toEqual(one.ticks.map(({ tick: { id } }) => id));
    expect(new Set(one.ticks.map(({ tick: { id } }) => id)).size).toBe(2);
    one.timer.cancel();
    other.timer.cancel();
  });

  it('come by the clock even when it is set', async () => {
    const { clock, ticks, timer } = follow('0 * * * *');
    await clock.advance('10m');
    clock.wallOffset = 40 * 60_000;
    await clock.advance('11m');
    expect(ticks.map(({ at }) => at)).toEqual([20 * 60]);
    clock.wallOffset = -5 * 3_600_000;
    await clock.advance('40m');
    expect(ticks).toHaveLength(2);
    timer.cancel();
  });

  it('that are far away are waited for', async () => {
    const { clock, ticks, timer } = follow('0 0 1 3 *');
    await clock.advance('58d');
    expect(ticks).toHaveLength(0);
    await clock.advance('2d');
    expect(ticks).toHaveLength(1);
    timer.cancel();
  });
});
