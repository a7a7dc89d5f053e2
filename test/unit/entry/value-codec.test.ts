import { describe, expect, it, vi } from 'vitest';
import { CacheSerializationError } from '../../../lib/cache.errors.js';
import type { Serializer } from '../../../lib/entry/serializers.js';
import type { StandardSchema } from '../../../lib/entry/standard-schema.js';
import { codecWith } from '../../support/codecs.js';

const schema = (validate: (value: unknown) => unknown): StandardSchema => ({
  '~standard': { version: 1, vendor: 'test', validate },
});
const hasId = schema((value) =>
  typeof (value as { id?: unknown }).id === 'number'
    ? { value }
    : { issues: [{ message: 'id is no number', path: ['id'] }] },
);
const serializer = (encode: (value: unknown) => unknown): Serializer => ({
  name: 'own',
  encode: encode as Serializer['encode'],
  decode: (bytes) => String(bytes),
});

describe('a value codec', () => {
  it('keeps undefined, which not every serializer knows, without bytes', () => {
    const codec = codecWith();
    const encoded = codec.encode(undefined);

    expect(encoded).toMatchObject({ kind: 'undefined', content: { value: undefined, bytes: 0 } });
    expect(codec.open(codec.fromPayload('undefined', encoded.payload!))).toBeUndefined();
  });

  it('keeps null, which is a value', () => {
    const codec = codecWith();
    const encoded = codec.encode(null);

    expect(encoded.kind).toBe('value');
    expect(codec.open(codec.fromPayload('value', encoded.payload!))).toBeNull();
  });

  it('opens what came from a store as what the loader returned', () => {
    const codec = codecWith();
    const value = { at: new Date(5), map: new Map([[{ a: 1 }, 'b']]) };
    const { payload, content } = codec.encode(value);

    expect(codec.open(codec.fromPayload('value', payload!))).toStrictEqual(value);
    expect(codec.open(content)).toStrictEqual(value);
  });

  it('keeps errors, and gives every caller one of their own', () => {
    const codec = codecWith();
    const { kind, content, payload } = codec.encodeError(new RangeError('x'));

    const [first, second] = [codec.openError(content), codec.openError(codec.fromPayload('error', payload!))];

    expect(kind).toBe('error');
    expect(first).toBeInstanceOf(RangeError);
    expect(second).toBeInstanceOf(RangeError);
    expect(second).not.toBe(first);
  });

  it('keeps whatever else was thrown', () => {
    const codec = codecWith();

    expect(codec.openError(codec.encodeError('just a text').content)).toBe('just a text');
  });

  it('finds out about an error it can’t decode when it comes from a store, not when it is to be thrown', () => {
    class PaymentError extends Error {}
    const elsewhere = codecWith({ types: [PaymentError] });
    const { payload } = elsewhere.encodeError(new PaymentError('x'));

    expect(() => codecWith().fromPayload('error', payload!)).toThrow('PaymentError');
  });

  it('refuses values larger than allowed, and says how large they are', () => {
    const codec = codecWith({ maxValueBytes: 100 });

    expect(() => codec.encode('x'.repeat(90))).not.toThrow();
    expect(() => codec.encode('x'.repeat(101))).toThrow(/takes 10\d bytes and `maxValueBytes` is 100/);
    expect(() => codec.encodeError(new Error('x'.repeat(101)))).toThrow('maxValueBytes');
    expect(() =>
      codecWith({ isolation: 'shared', needsBytes: false, maxValueBytes: 100 }).encode(['x'.repeat(101)]),
    ).toThrow('maxValueBytes');
  });

  it('tells what a serializer failed on as its own error, with the cause', () => {
    const failure = new Error('no');
    const codec = codecWith({
      serializer: serializer(() => {
        throw failure;
      }),
    });

    expect(() => codec.encode({})).toThrow(CacheSerializationError);
    expect(() => codec.encode({})).toThrow('the own serializer failed: no');
    expect(() => codec.encode({})).toThrow(expect.objectContaining({ cause: failure }) as Error);
  });

  it('refuses what a serializer returns that isn’t bytes', () => {
    for (const wrong of ['text', Promise.resolve(Buffer.alloc(0)), undefined, null]) {
      expect(() => codecWith({ serializer: serializer(() => wrong) }).encode({})).toThrow('not bytes');
    }
  });

  it('refuses what is nested too deeply to be encoded', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];

    expect(() => codecWith().encode(deep)).toThrow(CacheSerializationError);
  });
});

describe('`validate`', () => {
  it('lets through what passes, and refuses the rest with the first reason', () => {
    const codec = codecWith({ validate: hasId });

    expect(codec.open(codec.encode({ id: 1 }).content)).toEqual({ id: 1 });
    expect(() => codec.encode({ id: 'x' })).toThrow('the value fails `validate`');
  });

  it('doesn’t change the value', () => {
    const codec = codecWith({ validate: schema(() => ({ value: 'another' })) });

    expect(codec.open(codec.encode('mine').content)).toBe('mine');
  });

  it.each(['copy', 'frozen', 'shared'] as const)(
    'holds for what comes from a store, with isolation %s',
    (isolation) => {
      const { payload } = codecWith().encode({ id: 'x' });
      const codec = codecWith({ validate: hasId, isolation });

      expect(() => codec.fromPayload('value', payload!)).toThrow('the value fails `validate` at id');
    },
  );

  it('isn’t asked about undefined and errors', () => {
    const validate = vi.fn<() => unknown>(() => ({ issues: [{ message: 'never' }] }));
    const codec = codecWith({ validate: schema(validate) });

    codec.fromPayload('error', codec.encodeError(new Error('x')).payload!);
    codec.encode(undefined);

    expect(validate).not.toHaveBeenCalled();
  });

  it('has to answer at once', async () => {
    const codec = codecWith({ validate: schema(() => Promise.reject(new Error('later'))) });

    expect(() => codec.encode({})).toThrow('`validate` is asynchronous');
    await new Promise((resolve) => setImmediate(resolve)); // its rejection isn't left unhandled
  });

  it('that throws refuses the value, with the cause', () => {
    const failure = new TypeError('broken');
    const codec = codecWith({
      validate: schema(() => {
        throw failure;
      }),
    });

    expect(() => codec.encode({})).toThrow(CacheSerializationError);
    expect(() => codec.encode({})).toThrow(expect.objectContaining({ cause: failure }) as Error);
  });
});
