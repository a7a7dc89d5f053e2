import { describe, expect, it } from 'vitest';
import type { EntryContent } from '../../../lib/entry/cache-entry.js';
import type { ValueCodec } from '../../../lib/entry/value-codec.js';
import { codecWith } from '../../support/codecs.js';

const content = (codec: ValueCodec, value: unknown): EntryContent => codec.encode(value).content;
class Point {
  constructor(
    readonly x: number,
    readonly path: number[] = [],
  ) {}
}

describe('isolation: copy', () => {
  it('gives every caller a value of their own', () => {
    const codec = codecWith();
    const kept = content(codec, { list: [1] });

    const first = codec.open(kept) as { list: number[] };
    first.list.push(2);

    expect(codec.open(kept)).toStrictEqual({ list: [1] });
  });

  it('gives primitives without decoding anything', () => {
    for (const value of ['a', 1, 1n, true, null, -0]) expect(content(codecWith(), value)).toMatchObject({ value });
  });

  it('keeps bytes that hold on to no larger memory', () => {
    const codec = codecWith();
    codec.encode('x'.repeat(500_000));

    for (const kept of [content(codec, { a: 1 }), codec.fromPayload('value', windowOf(codec, { a: 1 }))]) {
      const { payload } = kept as { payload: Uint8Array };
      expect(payload.buffer.byteLength).toBe(payload.byteLength);
      expect(codec.open(kept)).toStrictEqual({ a: 1 });
    }
  });
});

/** Bytes as they come out of the middle of what a socket brought. */
const windowOf = (codec: ValueCodec, value: unknown): Buffer => {
  const payload = codec.encode(value).payload!;
  return Buffer.concat([Buffer.alloc(1_000), payload, Buffer.alloc(1_000)]).subarray(1_000, 1_000 + payload.byteLength);
};

describe('isolation: frozen', () => {
  it('gives everybody one value that nobody can change', () => {
    const codec = codecWith({ isolation: 'frozen' });
    const original = { list: [{ a: 1 }] };
    const kept = content(codec, original);

    const value = codec.open(kept) as typeof original;

    expect(codec.open(kept)).toBe(value);
    expect(() => (value.list[0]!.a = 2)).toThrow(TypeError);
    expect(() => value.list.push({ a: 2 })).toThrow(TypeError);
  });

  it('leaves what the loader returned alone', () => {
    const original = { list: [1] };

    content(codecWith({ isolation: 'frozen' }), original);

    expect(Object.isFrozen(original)).toBe(false);
    expect(Object.isFrozen(original.list)).toBe(false);
  });

  it('freezes instances, and what an error keeps out of sight', () => {
    const codec = codecWith({ isolation: 'frozen', types: [Point] });
    const value = { point: new Point(1, [2]), error: new Error('x', { cause: { list: [1] } }) };

    const copy = codec.open(content(codec, value)) as typeof value;

    expect(() => copy.point.path.push(3)).toThrow(TypeError);
    expect(() => (copy.error.cause as { list: number[] }).list.push(2)).toThrow(TypeError);
  });

  it('freezes what an already frozen instance holds', () => {
    const from = ({ x, path }: Point): Point => Object.freeze(new Point(x, path));
    const codec = codecWith({
      isolation: 'frozen',
      types: [{ type: Point, to: (point: Point) => ({ ...point }), from }],
    });

    const copy = codec.open(content(codec, [new Point(1, [2])])) as [Point];

    expect(() => copy[0].path.push(3)).toThrow(TypeError);
  });

  it('copes with cycles', () => {
    const codec = codecWith({ isolation: 'frozen' });
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;

    const copy = codec.open(content(codec, cyclic)) as typeof cyclic;

    expect(copy.self).toBe(copy);
    expect(Object.isFrozen(copy)).toBe(true);
  });

  it.each([
    ['a Map', new Map([['a', [1]]])],
    ['a Set', new Set([1])],
    ['a Date', new Date(1)],
    ['a Buffer', Buffer.from('a')],
    ['a DataView', new DataView(new ArrayBuffer(1))],
    ['a regular expression', /a/g],
    ['a URL', new URL('https://example.org/')],
  ])('falls back to copies for values that hold %s, and counts them', (_what, unfreezable) => {
    const codec = codecWith({ isolation: 'frozen' });
    const kept = content(codec, { a: [{ unfreezable }] });

    const [first, second] = [codec.open(kept), codec.open(kept)] as { a: unknown[] }[];

    expect(codec.copiedInsteadOfFrozen).toBe(1);
    expect(second).not.toBe(first);
    expect(first).toStrictEqual({ a: [{ unfreezable }] });
    expect(() => first!.a.push(1)).not.toThrow();
  });
});

describe('isolation: shared', () => {
  it('gives everybody what the loader returned, whatever it is', () => {
    const codec = codecWith({ isolation: 'shared', needsBytes: false });
    const value = { run: () => 1 };

    const encoded = codec.encode(value);

    expect(codec.open(encoded.content)).toBe(value);
    expect(encoded.payload).toBeUndefined();
  });

  it('has bytes as well where a store needs them, and refuses what can’t become bytes', () => {
    const codec = codecWith({ isolation: 'shared' });
    const value = { a: 1 };

    const { content: kept, payload } = codec.encode(value);

    expect(codec.open(kept)).toBe(value);
    expect(codec.open(codec.fromPayload('value', payload!))).toStrictEqual(value);
    expect(() => codec.encode({ run: () => 1 })).toThrow('a function');
  });
});
