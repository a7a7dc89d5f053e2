import { describe, expect, it } from 'vitest';
import type { Marks } from '../../../lib/coalescing/marks.interface.js';
import { Once, type Deed } from '../../../lib/coalescing/once.js';
import { TestClock } from '../../../lib/testing/test-clock.js';

const MINUTE = 60_000;

/** What processes remember together, and who is at what. */
class SharedMarks implements Marks {
  readonly done_ = new Set<string>();
  readonly busy = new Set<string>();
  isAway = false;

  async begin(id: string): Promise<'mine' | 'busy' | 'done' | 'unreachable'> {
    if (this.isAway) return 'unreachable';
    if (this.done_.has(id)) return 'done';
    if (this.busy.has(id)) return 'busy';
    this.busy.add(id);
    return 'mine';
  }

  async done(id: string): Promise<void> {
    if (this.isAway) return;
    this.done_.add(id);
    this.busy.delete(id);
  }

  async failed(id: string): Promise<void> {
    this.busy.delete(id);
  }

  async isDone(id: string): Promise<boolean | undefined> {
    return this.isAway ? undefined : this.done_.has(id);
  }
}

function work(deed: Deed = 'done') {
  const state = { runs: 0, finish: (): void => undefined };
  const run = async (): Promise<Deed> => {
    state.runs++;
    await new Promise<void>((resolve) => (state.finish = resolve));
    return deed;
  };
  return { state, run, quick: async (): Promise<Deed> => (state.runs++, deed) };
}

describe('in one process, something that is to be done once', () => {
  it('is done by the first who is told, and by nobody after it', async () => {
    const once = new Once(new TestClock());
    const { state, quick } = work();
    expect(await once.run('a', MINUTE, quick)).toBe(true);
    expect(await once.run('a', MINUTE, quick)).toBe(false);
    expect(state.runs).toBe(1);
  });

  it('is done once by those who are told while it is done', async () => {
    const once = new Once(new TestClock());
    const { state, run } = work();
    const told = [once.run('a', MINUTE, run), once.run('a', MINUTE, run), once.run('a', MINUTE, run)];
    await Promise.resolve();
    state.finish();
    expect(await Promise.all(told)).toEqual([true, false, false]);
    expect(state.runs).toBe(1);
  });

  it('is done again by who was told meanwhile, when it failed', async () => {
    const once = new Once(new TestClock());
    const failing = work('failed');
    const { state, quick } = work();
    const first = once.run('a', MINUTE, failing.run);
    const second = once.run('a', MINUTE, quick);
    await Promise.resolve();
    failing.state.finish();
    expect(await Promise.all([first, second])).toEqual([true, true]);
    expect(state.runs).toBe(1);
  });

  it('is nothing else’s business', async () => {
    const once = new Once(new TestClock());
    const { state, quick } = work();
    expect([await once.run('a', MINUTE, quick), await once.run('b', MINUTE, quick)]).toEqual([true, true]);
    expect(state.runs).toBe(2);
  });

  it('is forgotten after its time', async () => {
    const clock = new TestClock();
    const once = new Once(clock);
    const { quick } = work();
    await once.run('a', MINUTE, quick);
    await clock.advance(MINUTE - 1);
    expect(await once.run('a', MINUTE, quick)).toBe(false);
    await clock.advance(1);
    expect(await once.run('a', MINUTE, quick)).toBe(true);
  });

  it('takes no more memory than for 100,000', async () => {
    const once = new Once(new TestClock());
    const { quick } = work();
    for (let id = 0; id < 100_100; id++) await once.run(String(id), MINUTE, quick);
    expect(once.size).toBe(100_000);
    expect(await once.run('0', MINUTE, quick)).toBe(true);
    expect(await once.run('100099', MINUTE, quick)).toBe(false);
  });

  it('may be done already by somebody who only says so', async () => {
    const once = new Once(new TestClock());
    const { quick } = work();
    await once.note('a', MINUTE, 'everybody');
    expect(await once.run('a', MINUTE, quick)).toBe(false);
  });
});

describe('between processes, something that is to be done once', () => {
  function processes() {
    const clock = new TestClock();
    const marks = new SharedMarks();
    return { clock, marks, one: new Once(clock, marks), other: new Once(clock, marks) };
  }

  it('is noted for everybody, or here alone while the others know nothing of it', async () => {
    const { one, other } = processes();
    const { state, quick } = work();
    await one.note('known', MINUTE, 'everybody');
    await one.note('queued', MINUTE, 'here');
    expect([await other.run('known', MINUTE, quick), await one.run('queued', MINUTE, quick)]).toEqual([false, false]);
    expect(await other.run('queued', MINUTE, quick)).toBe(true);
    expect(state.runs).toBe(1);
  });

  it('is done by one of them', async () => {
    const { one, other } = processes();
    const { state, quick } = work();
    expect([await one.run('a', MINUTE, quick), await other.run('a', MINUTE, quick)]).toEqual([true, false]);
    expect(state.runs).toBe(1);
  });

  it('is waited for by the others, until it is done', async () => {
    const { clock, one, other } = processes();
    const { state, run, quick } = work();
    const first = one.run('a', MINUTE, run);
    const second = other.run('a', MINUTE, quick);
    await clock.advance(500);
    expect(state.runs).toBe(1);
    state.finish();
    await first;
    await clock.advance(500);
    expect(await second).toBe(false);
    expect(state.runs).toBe(1);
  });

  it('is done by another when the one that was at it died', async () => {
    const { clock, marks, other } = processes();
    const { state, quick } = work();
    marks.busy.add('a');
    const told = other.run('a', MINUTE, quick);
    await clock.advance(1_000);
    expect(state.runs).toBe(0);
    marks.busy.delete('a'); // its life has ended
    await clock.advance(1_000);
    expect(await told).toBe(true);
  });

  it('is done by another when it failed', async () => {
    const { one, other } = processes();
    await one.run('a', MINUTE, work('failed').quick);
    expect(await other.run('a', MINUTE, work().quick)).toBe(true);
  });

  it('is done again elsewhere when it counts in one process alone', async () => {
    const { one, other } = processes();
    await one.run('a', MINUTE, work('done-here').quick);
    expect(await one.run('a', MINUTE, work().quick)).toBe(false);
    expect(await other.run('a', MINUTE, work().quick)).toBe(true);
  });

  it('is done by everybody while they can’t reach what they share', async () => {
    const { marks, one, other } = processes();
    marks.isAway = true;
    expect([await one.run('a', MINUTE, work().quick), await other.run('a', MINUTE, work().quick)]).toEqual([
      true,
      true,
    ]);
    expect(await one.run('a', MINUTE, work().quick)).toBe(false);
  });
});
