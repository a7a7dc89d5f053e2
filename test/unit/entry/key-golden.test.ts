import { describe, expect, it } from 'vitest';
import { TypeRegistry } from '../../../lib/entry/cacheable-types.js';
import { keyOfArguments } from '../../../lib/entry/key-encoding.js';

class Money {
  constructor(
    readonly amount: number,
    readonly currency: string,
  ) {}
}

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

const types = new TypeRegistry([
  Point,
  {
    type: Money,
    name: 'money',
    to: ({ amount, currency }: Money) => `${amount} ${currency}`,
    from: () => new Money(0, ''),
  },
]);
const keyOfCall = (...args: unknown[]): string => keyOfArguments(args, types, () => 'test');

/** Entries outlive a deployment: a row that has to change here makes every stored entry of that kind a miss. */
const GOLDEN: readonly (readonly [args: readonly unknown[], key: string])[] = [
  [[], '#a'],
  [[undefined], '#a'],
  [[undefined, undefined], '#a'],
  [['7'], '7'],
  [['7', undefined], '7'],
  [[''], ''],
  [['a,b'], 'a,b'],
  [['#tag'], '##tag'],
  [['##'], '###'],
  [['naïve 😀'], 'naïve 😀'],
  [[7], '#n7'],
  [[0], '#n0'],
  [[-0], '#n-0'],
  [[-1.5], '#n-1.5'],
  [[NaN], '#nNaN'],
  [[Infinity], '#nInfinity'],
  [[1e21], '#n1e+21'],
  [[7n], '#ai7;'],
  [[true], '#at'],
  [[false], '#af'],
  [[null], '#a0'],
  [['a', 'b'], '#as1:as1:b'],
  [['a', 1], '#as1:an1;'],
  [[undefined, 1], '#aun1;'],
  [[1, -0], '#an1;n-0;'],
  [['😀', 1], '#as2:😀n1;'],
  [[[]], '#a[]'],
  [[['a', 'b']], '#a[s1:as1:b]'],
  [[[undefined]], '#a[u]'],
  [[{}], '#a{}'],
  [[{ b: 1, a: '2' }], '#a{s1:as1:2s1:bn1;}'],
  [[{ a: undefined }], '#a{s1:au}'],
  [[Object.assign(Object.create(null) as object, { a: 1 })], '#a{s1:an1;}'],
  [[{ page: { size: 10 }, ids: [1, 2] }], '#a{s3:ids[n1;n2;]s4:page{s4:sizen10;}}'],
  [[new Date(0)], '#ad0;'],
  [[new Date(-1)], '#ad-1;'],
  [[new Date(NaN)], '#adNaN;'],
  [[new Map<unknown, unknown>([['a', 1]])], '#aM[s1:an1;]'],
  [[new Map([[[1], 2]])], '#aM[[n1;]n2;]'],
  [[new Set(['a', 1])], '#aS[s1:an1;]'],
  [[/a+/gi], '#ars2:a+s2:gi'],
  [[Buffer.from('hi')], '#abs6:Buffers4:aGk='],
  [[new Uint8Array([104, 105])], '#abs10:Uint8Arrays4:aGk='],
  [[new Uint16Array([1])], '#abs11:Uint16Arrays4:AQA='],
  [[new Uint8Array([104, 105]).buffer], '#abs11:ArrayBuffers4:aGk='],
  [[new URL('https://a.example/x')], '#aTs3:URLs19:https://a.example/x'],
  [[new Point(1, 2)], '#aTs5:Point{s1:xn1;s1:yn2;}'],
  [[new Money(5, 'EUR')], '#aTs5:moneys5:5 EUR'],
];

describe('the key of a call', () => {
  it.each(GOLDEN.map(([args, key]) => [key, args] as const))('stays %s', (key, args) => {
    expect(keyOfCall(...args)).toBe(key);
  });

  it('is made of nothing but what the bytes of a view cover', () => {
    const whole = Buffer.from('xhix');

    expect(keyOfCall(whole.subarray(1, 3))).toBe(keyOfCall(Buffer.from('hi')));
  });

  it('takes the arguments object of a function as it takes a list', () => {
    function call(..._args: unknown[]): string {
      // eslint-disable-next-line prefer-rest-params -- what the wrapper of a method passes
      return keyOfArguments(arguments, types, () => 'test');
    }

    expect(call('a', 1, undefined)).toBe('#as1:an1;');
  });
});
