import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyByArguments, keyByFunction, type CallKey } from '../../../lib/bindings/call-key.js';
import { CacheKeyError } from '../../../lib/cache.errors.js';
import { TypeRegistry } from '../../../lib/entry/cacheable-types.js';
import { keyOf, localKey } from '../../../lib/entry/key-encoding.js';
import { argumentList } from '../../support/key-arguments.js';

const types = new TypeRegistry([]);
const describeIt = (): string => 'UserService.findOne';
const byArguments = keyByArguments(types, describeIt);
const byFunction = (make: (...args: never[]) => unknown): CallKey =>
  keyByFunction(make as (...args: unknown[]) => unknown, cache, describeIt);

/** The place in memory where the entry of the call lies, if the call has a key. */
const placeOf = (callKey: CallKey, args: readonly unknown[]): string | number | undefined => {
  try {
    return localKey(callKey.of(args));
  } catch {
    return undefined;
  }
};

const cache = { plainKey: (key: unknown, describe: () => string): string => keyOf(key, types, describe) };

describe('a key made of the arguments', () => {
  it('is guessed right, or not at all, for any arguments', () => {
    fc.assert(
      fc.property(argumentList, (args) => {
        const guess = byArguments.guess(args);
        expect(guess === undefined || Object.is(guess, placeOf(byArguments, args))).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it('never leads to the entry of another call', () => {
    fc.assert(
      fc.property(argumentList, argumentList, (args, others) => {
        const [place, guess] = [placeOf(byArguments, others), byArguments.guess(args)];
        fc.pre(place !== undefined && placeOf(byArguments, args) !== place);
        expect(new Map([[place, 'of another call']]).get(guess!)).toBeUndefined();
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ['a'],
    [''],
    [7],
    [-1.5],
    [0],
    ['a', 'b'],
    ['a', undefined],
    [{ id: 1 }],
    [null],
    [],
    [undefined],
    [true],
    [7n],
  ])('of (%o, %o) is guessed, so that a hit needs nothing more', (...args) => {
    expect(byArguments.guess(args)).toBe(placeOf(byArguments, args));
  });

  it('leaves texts that begin with # to `of`', () => {
    expect(byArguments.guess(['#a'])).toBeUndefined();
    expect(byArguments.of(['#a'])).toBe('##a');
  });

  it('leaves what can’t be a key to `of`, which refuses it', () => {
    expect(byArguments.guess([() => 1])).toBeUndefined();
    expect(() => byArguments.of([() => 1])).toThrow(CacheKeyError);
    expect(() => byArguments.of([() => 1])).toThrow('UserService.findOne: argument 1');
  });

  it('takes the arguments object of a call', () => {
    const call = (function (..._args: unknown[]) {
      // eslint-disable-next-line prefer-rest-params -- what the wrapper of a method passes
      return arguments;
    })('a', 1);

    expect(byArguments.of(call)).toBe(byArguments.of(['a', 1]));
    expect(byArguments.guess(call)).toBe(byArguments.of(['a', 1]));
  });
});

describe('a key made by a function', () => {
  it('is guessed right, or not at all, for whatever the function returns', () => {
    const returned = fc.oneof(
      fc.string(),
      fc.double(),
      fc.integer(),
      fc.bigInt(),
      fc.constantFrom('#', '#n1', '', NaN, -0, null, undefined, true),
    );
    fc.assert(
      fc.property(returned, (value) => {
        const callKey = byFunction(() => value);
        const guess = callKey.guess([]);
        expect(guess === undefined || guess === placeOf(callKey, [])).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('gets all arguments', () => {
    const callKey = byFunction((a: string, b: number) => `${a}:${b}`);

    expect([callKey.of(['x', 1]), callKey.guess(['x', 1])]).toEqual(['x:1', 'x:1']);
  });

  it('is a text, a number or a bigint, all alike', () => {
    expect(['7', 7, 7n].map((key) => byFunction(() => key).of([]))).toEqual(['7', '7', '7']);
    expect(byFunction(() => '#7').of([])).toBe('##7');
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['NaN', NaN],
    ['Infinity', Infinity],
    ['an object', { id: 7 }],
    ['a list', ['7']],
    ['a promise', Promise.resolve('7')],
    ['true', true],
  ])('is refused when it is %s, rather than shared by all such calls', (_what, key) => {
    const callKey = byFunction(() => key);

    expect(() => callKey.of([])).toThrow(CacheKeyError);
    expect(() => callKey.of([])).toThrow('UserService.findOne');
    expect(callKey.guess([])).toBeUndefined();
  });

  it('that throws is no guess, and throws again where the caller sees it', () => {
    const callKey = byFunction((user: { id: string }) => user.id);

    expect(callKey.guess([undefined])).toBeUndefined();
    expect(() => callKey.of([undefined])).toThrow(TypeError);
  });
});
