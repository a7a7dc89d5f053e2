import { describe, expect, it } from 'vitest';
import { CacheSerializationError } from '../../../lib/cache.errors.js';
import { TypeRegistry } from '../../../lib/entry/cacheable-types.js';
import { msgpackSerializer } from '../../../lib/entry/serializers.js';

const serializer = msgpackSerializer(new TypeRegistry([]), false);
const roundTrip = <T>(value: T): T => serializer.decode(serializer.encode(value)) as T;

const KEPT: readonly (readonly [what: string, value: unknown])[] = [
  ['null', null],
  ['texts', ['', 'a', 'ä😀', 'x'.repeat(70_000)]],
  ['numbers', [0, 1, -1, 0.1, 2 ** 32, 2 ** 53, -(2 ** 53), 1e308, 5e-324]],
  ['what is no number', [NaN, Infinity, -Infinity]],
  ['zero below zero', { balance: -0, list: [-0, 0] }],
  ['bigints', [0n, 1n, -1n, 2n ** 63n, -(2n ** 63n), 2n ** 64n, 10n ** 100n, -(10n ** 100n)]],
  ['truth', [true, false]],
  ['undefined fields and items', { a: undefined, list: [undefined, null] }],
  ['fields with odd names', { '': 1, constructor: 'Ferrari', toString: 'x', hasOwnProperty: 1, length: 2, 1: 'one' }],
  ['a field named toJSON', { toJSON: 'no function' }],
  ['an empty object and an empty list', [{}, []]],
  ['dates', [new Date(0), new Date(-1), new Date(1_767_225_600_123), new Date(8.64e15), new Date(-8.64e15)]],
  ['an invalid date', [new Date(NaN)]],
  [
    'a Map',
    new Map<unknown, unknown>([
      ['a', 1],
      [1, 'b'],
      [{ id: 1 }, new Map([[null, undefined]])],
    ]),
  ],
  ['an empty Map in a list', [new Map()]],
  ['a Set', new Set<unknown>([1, '1', { id: 1 }, new Set(['x'])])],
  ['a regular expression', [/a+/giu, /\//, /(?<year>\d{4})/s]],
  ['a Buffer', Buffer.from([0, 255, 1])],
  ['empty bytes', [Buffer.alloc(0), new Uint8Array(0)]],
  ['a Uint8Array', new Uint8Array([1, 2, 3])],
  [
    'other typed arrays',
    [new Uint8ClampedArray([255]), new Int8Array([-1]), new Uint16Array([65_535]), new Int16Array([-1])],
  ],
  [
    'wide typed arrays',
    ['x', new Uint32Array([1]), new Int32Array([-1]), new Float32Array([0.5]), new Float64Array([0.1, -0])],
  ],
  ['bigint arrays', ['xx', new BigInt64Array([-1n]), new BigUint64Array([2n ** 64n - 1n])]],
  ['an ArrayBuffer', [new Uint8Array([1, 2]).buffer]],
  ['a DataView', [new DataView(new Uint8Array([1, 2, 3]).buffer, 1, 2)]],
  ['a URL', { site: new URL('https://example.org/?q=ä#x') }],
  [
    'a long list of records',
    Array.from({ length: 500 }, (_, id) => ({ id, name: `n${id}`, even: id % 2 === 0 || undefined })),
  ],
  ['many shapes', Array.from({ length: 300 }, (_, id) => ({ [`field${id}`]: id }))],
];

describe('the msgpack serializer', () => {
  it.each(KEPT)('keeps %s', (_what, value) => {
    expect(roundTrip(value)).toStrictEqual(value);
  });

  it('keeps a cycle', () => {
    const node: { name: string; self?: unknown; list?: unknown[] } = { name: 'a' };
    node.self = node;
    node.list = [node, new Map([['node', node]]), new Set([node])];

    const copy = roundTrip(node);

    expect(copy.self).toBe(copy);
    expect(copy.list![0]).toBe(copy);
    expect((copy.list![1] as Map<string, unknown>).get('node')).toBe(copy);
    expect((copy.list![2] as Set<unknown>).has(copy)).toBe(true);
  });

  it('keeps that one object is in two places', () => {
    const [a, b, c] = [{ id: 1 }, [1], new Date(5)];

    const copy = roundTrip({ first: [a, b, c], second: [a, b, c] });

    expect(copy.second[0]).toBe(copy.first[0]);
    expect(copy.second[1]).toBe(copy.first[1]);
    expect(copy).toStrictEqual({ first: [a, b, c], second: [a, b, c] });
  });

  it('gives an object without a prototype back as a plain one, as structuredClone does', () => {
    const bare = Object.assign(Object.create(null) as Record<string, unknown>, { a: 1 });

    expect(roundTrip(bare)).toStrictEqual({ a: 1 });
  });

  it('gives bytes that are nobody else’s', () => {
    const bytes = serializer.encode({ file: Buffer.from('abc'), view: new Uint8Array([1]) });
    const before = Buffer.from(bytes);

    const copy = serializer.decode(bytes) as { file: Buffer; view: Uint8Array };
    copy.file.fill(0);
    copy.view.fill(0);

    expect(Buffer.from(bytes)).toEqual(before);
    expect(serializer.decode(bytes)).toStrictEqual({ file: Buffer.from('abc'), view: new Uint8Array([1]) });
  });

  it('leaves what it encodes as it was', () => {
    const value = { when: new Date(1), zero: -0, list: [{ a: 1 }] };
    const before = structuredClone(value);

    serializer.encode(value);

    expect(value).toStrictEqual(before);
  });

  it('reads bytes whatever else was written and read before', () => {
    const values = Array.from({ length: 50 }, (_, n) => ({ [`a${n % 7}`]: n, b: { [`c${n % 5}`]: [n] } }));
    const encoded = values.map((value) => Buffer.from(serializer.encode(value)));

    const decoded = encoded.toReversed().map((bytes) => serializer.decode(bytes));

    expect(decoded.reverse()).toStrictEqual(values);
  });

  it('reads what another process wrote', () => {
    const written = 'd4724092a26964a46e616d6507a3416461'; // { id: 7, name: 'Ada' }, pinned

    expect(Buffer.from(serializer.encode({ id: 7, name: 'Ada' })).toString('hex')).toBe(written);
    expect(serializer.decode(Buffer.from(written, 'hex'))).toStrictEqual({ id: 7, name: 'Ada' });
  });
});

class User {
  constructor(readonly name: string) {}
}
class Page extends Array<string> {}
class Registry extends Map<string, string> {}

const REFUSED: readonly (readonly [what: string, value: unknown, message: string])[] = [
  ['a function', () => 1, 'the value is a function'],
  ['a function deep inside', { a: [{ run: () => 1 }] }, "the value's a[0].run is a function"],
  ['a symbol', [Symbol('s')], "the value's [0] is a symbol"],
  ['a field named by a symbol', { [Symbol('s')]: 1 }, 'a field named by a symbol'],
  ['an instance', { owner: new User('Ada') }, "the value's owner is an instance of User; list the class under `types`"],
  ['an instance in a Map', new Map([['a', new User('Ada')]]), 'an instance of User'],
  ['an instance as the key of a Map', new Map([[new User('Ada'), 1]]), 'an instance of User'],
  ['an instance in a Set', new Set([new User('Ada')]), 'an instance of User'],
  ['a promise', { later: Promise.resolve(1) }, 'Promise'],
  ['a stream', new ReadableStream(), 'ReadableStream'],
  ['a WeakMap', new WeakMap(), 'WeakMap'],
  ['a generator', (function* () {})(), 'list the class under `types`'],
  ['a boxed number', Object(1), 'Number'],
  ['a SharedArrayBuffer', new SharedArrayBuffer(1), 'SharedArrayBuffer'],
  ['search parameters', new URLSearchParams('a=1'), 'URLSearchParams'],
  ['a subclass of Array', { page: new Page() }, 'Page'],
  ['a subclass of Map', new Registry([['a', 'b']]), 'Registry'],
  ['half a surrogate pair', { name: '\ud800' }, "the value's name is a text with half a surrogate pair"],
  ['half a surrogate pair in a name', { '\ud800': 1 }, 'half a surrogate pair in the name of a field'],
  ['a field named __proto__', JSON.parse('{"__proto__": {"admin": true}}'), '__proto__'],
  ['a list with holes', { list: [1, , 3] }, "the value's list is a list with holes"], // eslint-disable-line no-sparse-arrays
];

describe('the msgpack serializer', () => {
  it.each(REFUSED)('refuses %s, and says where', (_what, value, message) => {
    expect(() => serializer.encode(value)).toThrow(CacheSerializationError);
    expect(() => serializer.encode(value)).toThrow(message);
  });
});
