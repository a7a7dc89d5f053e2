import { describe, expect, it } from 'vitest';
import { CacheSerializationError } from '../../../lib/cache.errors.js';
import { jsonSerializer } from '../../../lib/entry/serializers.js';

class User {
  constructor(readonly name: string) {}
}
class Money extends User {
  toJSON(): string {
    return 'money';
  }
}
const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;

const serializer = jsonSerializer(false);
const roundTrip = (value: unknown): unknown => serializer.decode(serializer.encode(value));

const REFUSED: readonly (readonly [what: string, value: unknown, message: string])[] = [
  ['a Date', { at: new Date(0) }, "the value's at is a Date"],
  ['a Map', { map: new Map() }, "the value's map is a Map"],
  ['a Set', new Set(), 'the value is a Set'],
  ['bytes', { file: Buffer.from('a') }, 'a Buffer'],
  ['a bigint', { n: 1n }, "the value's n is bigint"],
  ['no number', { n: NaN }, "the value's n is NaN"],
  ['infinity', [Infinity], "the value's [0] is Infinity"],
  ['a function', { f: () => 1 }, 'function'],
  ['a symbol', [Symbol('s')], 'symbol'],
  ['a field named by a symbol', { [Symbol('s')]: 1 }, 'symbol'],
  ['undefined among items', { list: [1, undefined] }, "the value's list[1] is undefined"],
  ['a list with holes', { list: [1, , 3] }, "the value's list is a list with holes"], // eslint-disable-line no-sparse-arrays
  ['a list with fields', 'abc'.match(/b/), 'a list with holes or fields'],
  ['an instance', [{ owner: new User('Ada') }], "the value's [0].owner is a User"],
  ['an error', new TypeError('x'), 'a TypeError'],
  ['a cycle', cyclic, 'part of itself'],
  ['an object of nobody', Object.create(Object.create(null) as object), 'class without a name'],
];

describe('the json serializer', () => {
  it.each(REFUSED)('refuses %s, and says where', (_what, value, message) => {
    expect(() => serializer.encode(value)).toThrow(CacheSerializationError);
    expect(() => serializer.encode(value)).toThrow(message);
  });

  it('keeps what JSON knows', () => {
    const value = { a: [1, 'x', null, true, { b: [] }], __proto__2: 1, ü: '😀', half: '\ud800' };

    expect(roundTrip(value)).toStrictEqual(value);
  });

  it('writes JSON that others can read', () => {
    expect(Buffer.from(serializer.encode({ a: [1, 'ä'] })).toString()).toBe('{"a":[1,"ä"]}');
  });

  it('leaves undefined fields out', () => {
    expect(roundTrip({ a: undefined, b: 1 })).toStrictEqual({ b: 1 });
  });

  it('writes an object that is in two places twice', () => {
    const shared = { id: 1 };

    expect(roundTrip([shared, shared])).toStrictEqual([{ id: 1 }, { id: 1 }]);
  });

  it('takes instances as plain objects with `plain`, unless they are more than their fields', () => {
    const plain = jsonSerializer(true);

    expect(plain.decode(plain.encode({ owner: new User('Ada') }))).toStrictEqual({ owner: { name: 'Ada' } });
    for (const value of [new Map(), new Set(), new Date(0), new Money('x'), Promise.resolve(), new URLSearchParams()]) {
      expect(() => plain.encode({ value })).toThrow(CacheSerializationError);
    }
  });
});
