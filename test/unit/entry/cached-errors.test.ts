import { isNativeError } from 'node:util/types';
import { HttpException, NotFoundException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { httpExceptionType } from '../../../lib/bindings/http-exception.type.js';
import { TypeRegistry, type CacheableType } from '../../../lib/entry/cacheable-types.js';
import { msgpackSerializer } from '../../../lib/entry/serializers.js';

class PaymentError extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
    this.name = 'PaymentError';
  }
}

const roundTrip = <T>(value: T, ...types: CacheableType[]): T => {
  const serializer = msgpackSerializer(new TypeRegistry(types, [httpExceptionType]), false);
  return serializer.decode(serializer.encode(value)) as T;
};

describe('errors', () => {
  it('keep message, cause and what else they own', () => {
    const error = Object.assign(new Error('down', { cause: new Error('refused', { cause: 'net' }) }), {
      code: 'E1',
      at: new Date(5),
    });

    const copy = roundTrip(error);

    expect(copy).toMatchObject({ message: 'down', code: 'E1', at: new Date(5) });
    expect(copy.cause).toMatchObject({ message: 'refused', cause: 'net' });
    expect(Object.keys(copy)).toEqual(['code', 'at']);
  });

  it('are errors to whoever looks closely, with a stack of their own', () => {
    const copy = roundTrip(new RangeError('x'));

    expect(isNativeError(copy)).toBe(true);
    expect(copy.stack).toMatch(/^RangeError: x\n {4}at /);
  });

  it.each([Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError])(
    'keep the class %o',
    (Type) => {
      const copy = roundTrip(new Type('x'));

      expect(Object.getPrototypeOf(copy)).toBe(Type.prototype);
      expect(copy.name).toBe(Type.name);
    },
  );

  it('keep those inside an AggregateError', () => {
    const copy = roundTrip(new AggregateError([new TypeError('a'), 'b'], 'both'));

    expect(copy).toBeInstanceOf(AggregateError);
    expect(copy.message).toBe('both');
    expect(copy.errors).toMatchObject([{ message: 'a' }, 'b']);
    expect(copy.errors[0]).toBeInstanceOf(TypeError);
    expect(Object.keys(copy)).not.toContain('errors');
  });

  it('keep a registered class', () => {
    const copy = roundTrip({ failed: new PaymentError('declined', 'card') }, PaymentError);

    expect(copy.failed).toBeInstanceOf(PaymentError);
    expect(copy.failed).toMatchObject({ name: 'PaymentError', message: 'declined', code: 'card' });
  });

  it('of a class nobody registered come back as an Error of that name', () => {
    const copy = roundTrip(new PaymentError('declined', 'card'));

    expect(Object.getPrototypeOf(copy)).toBe(Error.prototype);
    expect(copy).toMatchObject({ name: 'PaymentError', message: 'declined', code: 'card' });
  });

  it('named like something every object has are still errors', () => {
    const copy = roundTrip(Object.assign(new Error('x'), { name: 'constructor' }));

    expect(copy).toBeInstanceOf(Error);
    expect(copy.name).toBe('constructor');
  });

  it('keep status, body and class of an HttpException', () => {
    const copy = roundTrip(new NotFoundException({ message: 'no such user', id: 7 }));

    expect(copy).toBeInstanceOf(NotFoundException);
    expect(copy.getStatus()).toBe(404);
    expect(copy.getResponse()).toEqual({ message: 'no such user', id: 7 });
  });

  it('of a class above HttpException that isn’t Nest’s come back as an HttpException', () => {
    class Teapot extends HttpException {}

    const copy = roundTrip(new Teapot('short and stout', 418));

    expect(copy).toBeInstanceOf(HttpException);
    expect(copy.getStatus()).toBe(418);
    expect(copy.message).toBe('short and stout');
  });

  it('that hold what can’t be kept are refused', () => {
    expect(() => roundTrip(Object.assign(new Error('x'), { retry: () => 1 }))).toThrow('a function');
    expect(() => roundTrip(new Error('x', { cause: Symbol('s') }))).toThrow('a symbol');
  });
});
