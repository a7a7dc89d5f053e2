import { describe, expect, it } from 'vitest';
import { Breaker } from '../../../lib/policy/breaker.js';

const PROBE_EVERY_MS = 100;

/** Opened at a moment by three failures. */
function openedAt(now: number): Breaker {
  const breaker = new Breaker({ failures: 3, probeEveryMs: PROBE_EVERY_MS });
  for (let failure = 0; failure < 3; failure++) breaker.failed(now);
  return breaker;
}

describe('the breaker', () => {
  it('opens at the last of so many failures in a row, and says so once', () => {
    const breaker = new Breaker({ failures: 3, probeEveryMs: PROBE_EVERY_MS });
    expect([1, 2, 3, 4].map(() => [breaker.failed(0), breaker.isOpen])).toEqual([
      [false, false],
      [false, false],
      [true, true],
      [false, true],
    ]);
  });

  it('doesn’t open while there are successes in between', () => {
    const breaker = new Breaker({ failures: 2, probeEveryMs: PROBE_EVERY_MS });
    for (let round = 0; round < 5; round++) {
      expect(breaker.failed(0)).toBe(false);
      expect(breaker.succeeded()).toBe(false);
    }
    expect(breaker.admits(false, 0)).toBe(true);
  });

  it('lets everything through while it is closed', () => {
    const breaker = new Breaker({ failures: 2, probeEveryMs: PROBE_EVERY_MS });
    expect([breaker.admits(false, 0), breaker.admits(true, 0), breaker.admits(true, 0)]).toEqual([true, true, true]);
  });

  it('lets one probe an interval through while it is open, the first one after an interval', () => {
    const breaker = openedAt(1_000);
    const admitted = [1_000, 1_050, 1_099, 1_100, 1_101, 1_199, 1_200, 1_500, 1_599].filter((now) =>
      breaker.admits(true, now),
    );
    expect(admitted).toEqual([1_100, 1_200, 1_500]);
    expect(breaker.admits(false, 10_000)).toBe(false);
  });

  it('isn’t kept from probing by failures that come in late', () => {
    const breaker = openedAt(1_000);
    breaker.failed(1_090);
    expect(breaker.admits(true, 1_100)).toBe(true);
  });

  it('needn’t wait for the next probe when it is invited, whatever the clock began at', () => {
    for (const now of [0, 1_000]) {
      const breaker = openedAt(now);
      breaker.invite();
      expect([breaker.admits(false, now), breaker.admits(true, now), breaker.admits(true, now)]).toEqual([
        false,
        true,
        false,
      ]);
    }
  });

  it('is closed by the first success, which is said once, and counts from the beginning again', () => {
    const breaker = openedAt(1_000);
    expect([breaker.succeeded(), breaker.isOpen, breaker.succeeded()]).toEqual([true, false, false]);
    expect([1, 2, 3].map(() => breaker.failed(2_000))).toEqual([false, false, true]);
  });
});
