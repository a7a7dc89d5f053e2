import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { Deadlines } from '../../../lib/redis/deadlines.js';
import { TestClock } from '../../../lib/testing/test-clock.js';

const AFTER_MS = 500;

function begun(): {
  clock: TestClock;
  deadlines: Deadlines;
  expired: string[];
  begin: (name: string) => { over: boolean };
} {
  const clock = new TestClock();
  const deadlines = new Deadlines(clock, AFTER_MS);
  const expired: string[] = [];
  return { clock, deadlines, expired, begin: (name) => deadlines.begin(() => expired.push(name)) };
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Stops the process: no timer runs, though the clocks go on. */
const stop = (clock: TestClock, ms: number): void => void (clock.time += ms);

describe('deadlines', () => {
  it('expire in the order of their beginnings, each at its time', async () => {
    const { clock, expired, begin } = begun();
    for (const name of ['a', 'b', 'c']) {
      begin(name);
      await clock.advance(100);
    }
    await clock.advance(199);
    expect(expired).toEqual([]);
    await clock.advance(1);
    expect(expired).toEqual(['a']);
    await clock.advance(200);
    expect(expired).toEqual(['a', 'b', 'c']);
    await clock.advance(10_000);
    expect(expired).toHaveLength(3);
    expect(clock.pendingTimers).toBe(0);
  });

  it('need one timer, however many there are', async () => {
    const { clock, expired, begin } = begun();
    for (let n = 0; n < 1_000; n++) {
      begin(`${n}`);
      if (n % 100 === 0) await clock.advance(1);
      expect(clock.pendingTimers).toBe(1);
    }
    await clock.advance(AFTER_MS);
    expect([expired.length, clock.pendingTimers]).toEqual([1_000, 0]);
  });

  it('don’t expire for what is over, and keep no timer for it', async () => {
    const { clock, expired, begin } = begun();
    const awaited = [1, 2, 3].map((n) => begin(`${n}`));
    awaited[0]!.over = true;
    awaited[2]!.over = true;
    await clock.advance(AFTER_MS);
    expect([expired, clock.pendingTimers]).toEqual([['2'], 0]);
  });

  it('mark what expires as over before anybody is told', async () => {
    const clock = new TestClock();
    const seen: boolean[] = [];
    const awaited: { over: boolean } = new Deadlines(clock, AFTER_MS).begin(() => seen.push(awaited.over));
    await clock.advance(AFTER_MS);
    expect(seen).toEqual([true]);
  });

  it('may be begun while others expire', async () => {
    const clock = new TestClock();
    const deadlines = new Deadlines(clock, AFTER_MS);
    let rounds = 0;
    const again = (): void => {
      if (++rounds < 5) deadlines.begin(again);
    };
    deadlines.begin(again);
    await clock.advance(5 * AFTER_MS - 1);
    expect(rounds).toBe(4);
    await clock.advance(1);
    expect([rounds, clock.pendingTimers]).toEqual([5, 0]);
  });

  it('let go what is over: nothing of thousands is kept when the next one is due', async () => {
    const { clock, begin, expired } = begun();
    const alive: WeakRef<object>[] = [];
    for (let burst = 0; burst < 20; burst++) {
      for (let n = 0; n < 2_000; n++) {
        const awaited = begin('answered');
        if (n % 500 === 0) alive.push(new WeakRef(awaited));
        awaited.over = true;
      }
      begin(`unanswered ${burst}`);
      await clock.advance(AFTER_MS / 4);
    }
    await clock.advance(AFTER_MS);
    expect(expired).toHaveLength(20);
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(alive.filter((ref) => ref.deref() !== undefined)).toHaveLength(0);
  });
});

describe('a timer that comes too late', () => {
  it('gives a respite: the answers may lie there unread', async () => {
    const { clock, expired, begin } = begun();
    const answered = begin('answered');
    begin('unanswered');
    stop(clock, 5_000);
    await clock.advance(0);
    expect(expired).toEqual([]);
    answered.over = true;
    await clock.advance(19);
    expect(expired).toEqual([]);
    await clock.advance(1);
    expect(expired).toEqual(['unanswered']);
  });

  it('gives none where it is hardly late', async () => {
    const { clock, expired, begin } = begun();
    begin('a');
    stop(clock, AFTER_MS + 50);
    await clock.advance(0);
    expect(expired).toEqual(['a']);
  });

  it('gives no second one: in a process that is always late things expire, too', async () => {
    const { clock, expired, begin } = begun();
    begin('a');
    for (let times = 0; times < 2; times++) {
      stop(clock, 1_000);
      await clock.advance(0);
    }
    expect(expired).toEqual(['a']);
  });

  it('leaves later ones their own time', async () => {
    const { clock, expired, begin } = begun();
    begin('early');
    stop(clock, 5_000);
    begin('late');
    await clock.advance(20);
    expect(expired).toEqual(['early']);
    await clock.advance(AFTER_MS - 21);
    expect(expired).toEqual(['early']);
    await clock.advance(1);
    expect(expired).toEqual(['early', 'late']);
  });
});
