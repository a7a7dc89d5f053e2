import { describe, expect, it } from 'vitest';
import { HotCalls } from '../../../lib/warmup/hot-calls.js';
import { MethodSampler } from '../../../lib/warmup/call-sampler.js';
import { packArguments, unpackArguments } from '../../../lib/warmup/plain-arguments.js';
import { mergeHotRecord, packHotRecord, unpackHotRecord, EMPTY_RECORD } from '../../../lib/warmup/hot-record.js';
import { withScope } from '../../../lib/flow/scope.js';
import { TestClock } from '../../../lib/testing/test-clock.js';
import { seededRandom, zipf } from '../../support/seeded-random.js';

const hottest = (counts: readonly (readonly [string, number])[], most: number): string[] =>
  [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([call]) => call);

describe('what is counted of calls', () => {
  it('is bounded, and holds those that are made most', () => {
    const calls = new HotCalls(100);
    const draw = zipf(100_000, 1, seededRandom(1));
    let most = 0;
    for (let index = 0; index < 200_000; index++) {
      calls.add(`call ${draw()}`, 1);
      most = Math.max(most, calls.size);
    }
    expect(most).toBeLessThanOrEqual(200);
    expect(hottest(calls.drain(), 20).sort()).toEqual(Array.from({ length: 20 }, (_, rank) => `call ${rank}`).sort());
    expect(calls.size).toBe(0);
  });

  it('never misses what makes up more than its share, in whatever order it comes', () => {
    const calls = new HotCalls(10);
    for (let index = 0; index < 200; index++) calls.add('hot', 1);
    for (let index = 0; index < 1_500; index++) calls.add(`cold ${index}`, 1);
    expect(hottest(calls.drain(), 1)).toEqual(['hot']);
  });
});

describe('a sampler', () => {
  it('looks at every call while there are few, at about a thousand a second when there are many, and weighs them', () => {
    const clock = new TestClock({ random: seededRandom(3) });
    const calls = new HotCalls(1_000);
    const sampler = new MethodSampler('Products.find', false, calls, clock);
    const draw = zipf(5_000, 1, seededRandom(4));
    let looks = 0;
    const call = (id: number): void => {
      if (--sampler.left > 0) return;
      looks++;
      sampler.take([id]);
    };
    for (let id = 0; id < 10; id++) call(id);
    expect(looks).toBe(10);
    looks = 0;
    const perSecond = 100_000;
    for (let second = 0; second < 20; second++) {
      for (let index = 0; index < perSecond; index++) {
        call(draw());
        if (index % 100 === 0) clock.time += 1;
      }
    }
    expect(looks / 20).toBeLessThan(2_500);
    const counts = calls.drain();
    const total = counts.reduce((sum, [, count]) => sum + count, 0);
    expect(total / (20 * perSecond)).toBeGreaterThan(0.5);
    expect(total / (20 * perSecond)).toBeLessThan(1.5);
    expect(hottest(counts, 3)).toContain('Products.find\n[0]');
    expect(hottest(counts, 20).filter((text) => Number(/\[(\d+)\]/.exec(text)![1]) < 60).length).toBeGreaterThan(12);
  });

  it('takes a list of keys for so many calls, and what is warmed for none', () => {
    const calls = new HotCalls(10);
    const sampler = new MethodSampler('Products.many', true, calls, new TestClock());
    sampler.take([['a', 'b']]);
    sampler.take([['b']]);
    sampler.take(['no list']);
    withScope({ tally: () => undefined }, () => sampler.take([['c', 'c', 'c']]));
    expect(calls.drain()).toEqual([
      ['Products.many\n["a"]', 1],
      ['Products.many\n["b"]', 2],
    ]);
  });
});

describe('arguments', () => {
  const undef = undefined;
  it.each([
    [[]],
    [['a', 7, true, null]],
    [[{ b: [1, { c: '' }], __proto__: Object.prototype }]],
    [['\ud800', 'ü', '\u0000']],
    [[0, 1.5e300]],
  ])('%j come back as they were', (args) => {
    expect(unpackArguments(packArguments(args)!)).toEqual(args);
  });

  it('end where only undefined follows', () => {
    expect(packArguments(['a', undef, undef])).toBe('["a"]');
    expect(packArguments([undef])).toBe('[]');
  });

  class Own {}
  const circle: unknown[] = [];
  circle.push(circle);
  it.each([
    ['undefined in the middle', [undef, 1]],
    ['undefined in a field', [{ a: undef }]],
    ['-0', [-0]],
    ['NaN', [Number.NaN]],
    ['a bigint', [7n]],
    ['a date', [new Date()]],
    ['a map', [new Map()]],
    ['an instance', [new Own()]],
    ['a function', [{ toJSON: () => 'x' }]],
    ['a symbol', [{ [Symbol('a')]: 1 }]],
    ['a list with holes', [Array.from({ length: 2 })]],
    ['a circle', [circle]],
    ['a text that is too long', ['x'.repeat(1_000)]],
  ])('with %s can’t be kept', (_what, args) => {
    expect(packArguments(args)).toBeUndefined();
  });

  it.each(['', '{}', '7', '[1'])('%j are none', (text) => {
    expect(unpackArguments(text)).toBeUndefined();
  });
});

describe('the record of a fleet', () => {
  const minutes = (count: number): number => count * 60_000;

  it('adds up what processes counted, and lets what is old count less and less', () => {
    const first = mergeHotRecord(EMPTY_RECORD, {
      now: 0,
      counted: [
        ['old', 100],
        ['b', 10],
      ],
      schema: 1,
      most: 10,
    });
    const second = mergeHotRecord(first, { now: minutes(10), counted: [['b', 60]], schema: 1, most: 10 });
    expect(second.calls).toEqual([
      ['b', 65],
      ['old', 50],
    ]);
    const third = mergeHotRecord(second, { now: minutes(10 + 200), counted: [['new', 1]], schema: 1, most: 10 });
    expect(third.calls).toEqual([['new', 1]]);
  });

  it('keeps the hottest, and nothing else', () => {
    const counted = Array.from({ length: 50 }, (_, index) => [`call ${index}`, index] as const);
    const { calls } = mergeHotRecord(EMPTY_RECORD, { now: 0, counted, schema: 1, most: 3 });
    expect(calls.map(([call]) => call)).toEqual(['call 49', 'call 48', 'call 47']);
  });

  it('knows when each schema was last seen, and of one that isn’t settled nothing', () => {
    let record = mergeHotRecord(EMPTY_RECORD, { now: 1, counted: [], schema: 1, most: 3 });
    record = mergeHotRecord(record, { now: 2, counted: [], schema: 2, most: 3 });
    record = mergeHotRecord(record, { now: 3, counted: [], schema: 1, most: 3 });
    record = mergeHotRecord(record, { now: 4, counted: [], schema: undefined, most: 3 });
    expect(record.schemas).toEqual([
      [1, 3],
      [2, 2],
    ]);
  });

  it('survives its bytes, and isn’t made of others', () => {
    const record = mergeHotRecord(EMPTY_RECORD, { now: 1, counted: [['a', 1.25]], schema: 1, most: 3 });
    expect(unpackHotRecord(packHotRecord(record))).toEqual(record);
    for (const bytes of [undefined, Buffer.from('x'), Buffer.from('null'), Buffer.from('{"at":1}')])
      expect(unpackHotRecord(bytes)).toBeUndefined();
    const odd = Buffer.from('{"at":1,"schemas":[7,[1,2]],"calls":[null,["a",1],["b"],[1,1]]}');
    expect(unpackHotRecord(odd)).toEqual({ at: 1, schemas: [[1, 2]], calls: [['a', 1]] });
  });
});
