import { describe, expect, it } from 'vitest';
import { Bulkhead, type Place } from '../../../lib/coalescing/bulkhead.js';
import { Flight } from '../../../lib/coalescing/single-flight.js';
import { TestClock } from '../../../lib/testing/test-clock.js';
import { settle } from '../../support/engine.js';

function bench(options: { concurrency?: number; queue?: number; waitMs?: number } = {}) {
  const clock = new TestClock();
  const limits = { concurrency: 2, queue: 2, waitMs: 1_000, ...options };
  const bulkhead = new Bulkhead(limits, clock, (why) => new Error(why));
  const entered: Place[] = [];
  /** What became of each attempt, in the order of their ends. */
  const ends: string[] = [];
  const enter = (name: string, outer: Flight<unknown>[] = []) => {
    const flight = new Flight<unknown>();
    let waiting: Place | undefined;
    void (async () => {
      try {
        const place = await bulkhead.enter([flight], outer, (queued) => (waiting = queued));
        entered.push(place);
        ends.push(name);
      } catch (error) {
        ends.push(`${name} ${(error as Error).message}`);
      }
    })();
    return { flight, waiting: () => waiting };
  };
  return { clock, bulkhead, entered, ends, enter };
}

describe('the bulkhead', () => {
  it('lets so many in, queues so many, and refuses the rest at once', async () => {
    const { bulkhead, ends, enter, entered } = bench();
    for (const name of ['a', 'b', 'c', 'd', 'e']) enter(name);
    await settle();
    expect(ends).toEqual(['e full', 'a', 'b'].sort((x, y) => ends.indexOf(x) - ends.indexOf(y)));
    expect([bulkhead.running, bulkhead.queued, bulkhead.isFull]).toEqual([2, 2, true]);
    for (const place of entered.splice(0)) place.leave();
    await settle();
    expect(ends.slice(-2)).toEqual(['c', 'd']);
    for (const place of entered) place.leave();
    expect([bulkhead.running, bulkhead.queued, bulkhead.isFree]).toEqual([0, 0, true]);
  });

  it('refuses who has waited too long, and nobody leaves a timer behind', async () => {
    const { clock, ends, enter, entered } = bench({ concurrency: 1 });
    enter('a');
    enter('b');
    await clock.advance(500);
    enter('c');
    await clock.advance(500);
    expect(ends).toEqual(['a', 'b waited']);
    entered[0]!.leave();
    await settle();
    expect(ends).toEqual(['a', 'b waited', 'c']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives a place that is left twice to one', async () => {
    const { bulkhead, ends, enter, entered } = bench({ concurrency: 1 });
    for (const name of ['a', 'b', 'c']) enter(name);
    await settle();
    const [first] = entered;
    first!.leave();
    first!.leave();
    await settle();
    expect(ends).toEqual(['a', 'b']);
    expect(bulkhead.running).toBe(1);
    entered[1]!.leave();
    await settle();
    entered[2]!.leave();
  });

  it('has no place for what can wait while somebody has to', () => {
    const { bulkhead } = bench({ concurrency: 1 });
    const place = bulkhead.tryEnter([]);
    expect(bulkhead.tryEnter([])).toBeUndefined();
    place!.leave();
    expect(bulkhead.tryEnter([])).toBeDefined();
  });

  it('never makes a load wait that one of its holders asks for', async () => {
    const { bulkhead, ends, enter } = bench({ concurrency: 1, queue: 0 });
    const outer = enter('outer');
    enter('inner', [outer.flight]);
    enter('stranger', [new Flight()]);
    await settle();
    expect(ends.toSorted()).toEqual(['inner', 'outer', 'stranger full']);
    expect(bulkhead.running).toBe(2);
  });

  it('nor one that a holder comes to wait for later, by whatever detour', async () => {
    const { ends, enter } = bench({ concurrency: 1 });
    const holder = enter('holder');
    const queued = enter('queued');
    queued.waiting()!.hurry();
    await settle();
    expect(ends).toEqual(['holder']);
    const between = new Flight<unknown>();
    holder.flight.beginWaitingFor(between);
    between.beginWaitingFor(queued.flight);
    queued.waiting()!.hurry();
    await settle();
    expect(ends).toEqual(['holder', 'queued']);
  });

  it('counts those beyond the bound, so that others wait the longer', async () => {
    const { ends, enter, entered } = bench({ concurrency: 1 });
    const holder = enter('holder');
    enter('inner', [holder.flight]);
    enter('next');
    await settle();
    entered[0]!.leave();
    await settle();
    expect(ends).not.toContain('next');
    entered[1]!.leave();
    await settle();
    expect(ends).toContain('next');
  });
});
