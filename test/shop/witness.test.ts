import { describe, expect, it } from 'vitest';
import { readCommandLine } from '../../sample-app/src/command-line.js';
import { breaksPromise, type Outage } from '../../sample-app/src/driver/promise.js';
import { Traffic } from '../../sample-app/src/driver/traffic.js';
import { versionsIn } from '../../sample-app/src/driver/versions.js';
import { Witness, type LateRead } from '../../sample-app/src/driver/witness.js';

describe('the witness', () => {
  it('reports a read that shows less than was acknowledged before it began', () => {
    const witness = new Witness();
    witness.written([['price 7', 3]]);
    witness.check(witness.now(), [['price 7', 2]]);

    expect(witness.lateReads).toMatchObject([{ subject: 'price 7', acknowledged: 3, answered: 2 }]);
  });

  it('accepts a read that was overtaken by the write, but not one older than the write before', () => {
    const witness = new Witness();
    witness.written([['price 7', 3]]);
    const begin = witness.now();
    witness.written([['price 7', 4]]);
    witness.check(begin, [['price 7', 3]]);
    expect(witness.lateReads).toEqual([]);

    witness.check(begin, [['price 7', 2]]);
    expect(witness.lateReads).toMatchObject([{ subject: 'price 7', acknowledged: 3, answered: 2 }]);
  });

  it('is not misled by acknowledgements that arrive out of order', () => {
    const witness = new Witness();
    witness.written([['stock 1', 5]]);
    witness.written([['stock 1', 4]]);
    witness.check(witness.now(), [['stock 1', 4]]);

    expect(witness.lateReads).toHaveLength(1);
  });

  it('tells a write through the process that was asked from one through another', () => {
    const witness = new Witness();
    witness.written([['price 7', 2]], 1);
    witness.check(witness.now(), [['price 7', 1]], 0);
    witness.written([['price 7', 3]], 0);
    witness.check(witness.now(), [['price 7', 1]], 0);

    expect(witness.lateReads).toMatchObject([
      { acknowledged: 2, ownWrite: false },
      { acknowledged: 3, ownWrite: true },
    ]);
  });

  it('takes the age of an answer from the first write that it doesn’t show', () => {
    const witness = new Witness();
    witness.written([['price 7', 2]], 1);
    const { at } = witness.now();
    witness.written([['price 7', 3]], 1);
    witness.check(witness.now(), [['price 7', 1]], 0);

    expect(witness.lateReads[0]).toMatchObject({ acknowledged: 2 });
    expect(witness.lateReads[0]?.writtenAt).toBeLessThanOrEqual(at);
  });

  it('looks at every part of a page', () => {
    const page = {
      product: { version: 1 },
      related: [
        { id: 8, version: 2, stock: { version: 6 } },
        { id: 9, version: 3, stock: { version: 7 } },
      ],
      reviews: { version: 4 },
      stock: { version: 5 },
    };

    expect(versionsIn('product page', 7, page)).toEqual([
      ['price 7', 1],
      ['price 8', 2],
      ['stock 8', 6],
      ['price 9', 3],
      ['stock 9', 7],
      ['reviews 7', 4],
      ['stock 7', 5],
    ]);
  });
});

describe('the promise', () => {
  const read = (times: Partial<LateRead>): LateRead => ({
    subject: 'price 7',
    acknowledged: 2,
    answered: 1,
    ownWrite: false,
    writtenAt: 0,
    begunAt: 500,
    endedAt: 510,
    ...times,
  });
  const outage: Outage = { what: 'frozen', beganAt: 10_000, endedAt: 12_000, overAt: 12_400 };

  it('allows a second after a write through another process, and nothing after one through the same', () => {
    expect(breaksPromise(read({ begunAt: 1_000 }))).toBe(false);
    expect(breaksPromise(read({ begunAt: 1_001 }))).toBe(true);
    expect(breaksPromise(read({ begunAt: 1, ownWrite: true }))).toBe(true);
  });

  it.each([
    ['while it lasts', { writtenAt: 10_300, begunAt: 11_500, endedAt: 11_900 }, true],
    ['as it ends', { writtenAt: 10_300, begunAt: 11_500, endedAt: 12_100 }, false],
    ['until the others have been told', { writtenAt: 10_300, begunAt: 12_300, endedAt: 12_310 }, false],
    ['and the second after that', { writtenAt: 10_300, begunAt: 13_400, endedAt: 13_410 }, false],
    ['but no longer', { writtenAt: 10_300, begunAt: 13_401, endedAt: 13_410 }, true],
    ['nor of a write from before it', { writtenAt: 9_999, begunAt: 12_100, endedAt: 12_110 }, true],
  ])('about writes during an outage: %s', (_when, times, broken) => {
    expect(breaksPromise(read(times), [outage])).toBe(broken);
    expect(breaksPromise(read({ ...times, ownWrite: true }), [outage])).toBe(true);
  });
});

describe('the traffic', () => {
  const first = (seed: number, count: number) => {
    const traffic = new Traffic(seed);
    return Array.from({ length: count }, () => traffic.next());
  };

  it('is the same for the same seed, and other for another', () => {
    expect(first(1, 500)).toEqual(first(1, 500));
    expect(first(1, 500)).not.toEqual(first(2, 500));
  });

  it('reads four times of five, and some things much more than others', () => {
    const requests = first(1, 20_000);
    const pages = requests.filter(({ kind }) => kind === 'product page');
    const reads = requests.filter(({ method }) => method === 'GET').length;
    const views = countBy(pages.map(({ id }) => id));
    const popular = [...views.values()].sort((a, b) => b - a);

    expect(reads / requests.length).toBeCloseTo(0.8, 1);
    expect((popular[0] ?? 0) / pages.length).toBeGreaterThan(0.1);
    expect(views.size).toBeGreaterThan(400);
  });
});

describe('the command line', () => {
  it('has defaults for everything', () => {
    expect(readCommandLine([])).toMatchObject({ seed: 1, port: 3_000, once: false, json: undefined });
  });

  it.each([
    [['--sed', '7'], /Unknown option '--sed'/],
    [['--seed', 'x'], /--seed takes a whole number/],
    [['--port', '65536'], /--port takes a whole number from 0 to 65535/],
    [['--json'], /--json/],
    [['now'], /Unexpected argument 'now'/],
  ])('refuses %j', (args, message) => {
    expect(() => readCommandLine(args)).toThrow(message);
  });
});

function countBy(values: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
