import { CacheSerializationError } from '../cache.errors.js';

export type Constructor<T = unknown> = abstract new (...args: never[]) => T;

/** How instances of a class become something that can be stored, and come back. */
export interface CacheableTypeOptions<T = unknown, D = unknown> {
  readonly type: Constructor<T>;
  /** The name under which instances are stored; has to be the same in every process. Default: the name of the class. */
  readonly name?: string | undefined;
  /** What is stored for an instance. Default: its own enumerable properties. */
  readonly to?: ((instance: T) => D) | undefined;
  /** An instance again. Default: an object of the class with those properties; its constructor isn't called. */
  readonly from?: ((data: D) => T) | undefined;
}

/** A class whose instances may be cached: the class itself, or with ways there and back. */
// oxlint-disable-next-line no-explicit-any -- the element type of a list of unrelated classes
export type CacheableType = Constructor | CacheableTypeOptions<any, any>;

interface RegisteredType {
  readonly name: string;
  readonly to: (instance: object) => unknown;
  readonly from: (data: unknown) => unknown;
}

/** Errors need more than a class: subclasses nobody registered come back as well as they can. */
export interface ErrorType {
  readonly name: string;
  readonly matches: (error: Error) => boolean;
  readonly to: (error: Error) => unknown;
  readonly from: (data: unknown) => Error;
}

/** Stands for an instance on its way to and from the bytes. */
export class TypedReference {
  constructor(
    readonly name: string,
    readonly data: unknown,
  ) {}
}

/** MessagePack knows no -0. */
export const NEGATIVE_ZERO = new TypedReference('-0', null);

const BUILT_IN_ERRORS = {
  Error,
  AggregateError,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

const WITH_HIDDEN_STATE = [Array, Map, Set, Date, RegExp, ArrayBuffer, Uint8Array, Promise, WeakMap, WeakSet] as const;

interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly own: Record<string, unknown>;
  readonly cause?: unknown;
  /** Those of an AggregateError. */
  readonly errors?: unknown;
}

/** A plain description of an error: its name, message, own enumerable properties and cause; the stack stays behind. */
export function describeError(error: Error): PlainError {
  const { name, message, cause } = error;
  return {
    name,
    message,
    own: Object.fromEntries(Object.entries(error)),
    ...(cause === undefined ? {} : { cause }),
    ...(error instanceof AggregateError ? { errors: error.errors as unknown } : {}),
  };
}

/** An error of that prototype again. */
export function rebuildError(prototype: object, { name, message, own, cause, errors }: PlainError): Error {
  // made by `new`, so that it is an error to those who look closer than `instanceof`
  const error = Object.setPrototypeOf(new Error(message), prototype) as Error;
  const hidden = (key: string, value: unknown): unknown =>
    Object.defineProperty(error, key, { value, configurable: true, writable: true, enumerable: false });
  if (error.name !== name) hidden('name', name);
  if (cause !== undefined) hidden('cause', cause);
  if (errors !== undefined) hidden('errors', errors);
  Object.assign(error, own);
  Error.captureStackTrace(error, rebuildError);
  return error;
}

const ANY_ERROR: ErrorType = {
  name: 'Error',
  matches: () => true,
  to: describeError,
  from: (data) => {
    const plain = data as PlainError;
    const known = Object.hasOwn(BUILT_IN_ERRORS, plain.name) ? plain.name : 'Error';
    return rebuildError(BUILT_IN_ERRORS[known as keyof typeof BUILT_IN_ERRORS].prototype, plain);
  },
};

/** The classes whose instances may be cached, found by prototype on the way out and by name on the way in. */
export class TypeRegistry {
  readonly #byPrototype = new Map<object, RegisteredType>();
  readonly #byName = new Map<string, RegisteredType>();
  readonly #errors: readonly ErrorType[];

  /** @throws Error with a sentence when two classes have one name, or something isn't a class. */
  constructor(types: readonly CacheableType[], errors: readonly ErrorType[] = []) {
    this.#errors = [...errors, ANY_ERROR];
    this.#byName.set(NEGATIVE_ZERO.name, { name: NEGATIVE_ZERO.name, to: () => null, from: () => -0 });
    this.#byName.set('URL', { name: 'URL', to: String, from: (text) => new URL(text as string) });
    for (const error of this.#errors) this.#byName.set(error.name, { name: error.name, to: String, from: error.from });
    this.#byPrototype.set(URL.prototype, this.#byName.get('URL')!);
    for (const type of types) this.register(type);
  }

  /** Adding a class again changes nothing, unless it comes with ways of its own: a cache's over its module's. @throws Error with a sentence, as the constructor does */
  register(cacheable: CacheableType): void {
    const options: Partial<CacheableTypeOptions<object>> =
      typeof cacheable === 'function' ? { type: cacheable as Constructor<object> } : (cacheable ?? {});
    const { type, name = type?.name, to, from } = options;
    if (typeof type !== 'function' || typeof type.prototype !== 'object') {
      const what = cacheable === undefined ? 'holds undefined, perhaps from a circular import; it ' : '';
      throw new Error(`${what}takes classes, or { type: Class, to, from }`);
    }
    if (typeof name !== 'string' || name === '') throw new Error('holds a class without a name: write { type, name }');
    if ((to === undefined) !== (from === undefined)) throw new Error(`${name}: \`to\` and \`from\` go together`);
    const prototype = type.prototype as object;
    const known = this.#byPrototype.get(prototype);
    if (known !== undefined) {
      if (typeof cacheable === 'function') return;
      this.#byName.delete(known.name);
    }
    if (this.#byName.has(name)) throw new Error(`holds two classes named ${name}: give one another \`name\``);
    const isError = prototype instanceof Error;
    const builtIn = WITH_HIDDEN_STATE.find((base) => prototype instanceof base);
    if (builtIn !== undefined && to === undefined) {
      throw new Error(`${name} is a ${builtIn.name}, whose contents aren't fields: give \`to\` and \`from\``);
    }
    const registered: RegisteredType = {
      name,
      to: to ?? (isError ? (error) => describeError(error as Error) : (instance) => ({ ...instance })),
      from:
        from ??
        (isError
          ? (data) => rebuildError(prototype, data as PlainError)
          : (data) => Object.assign(Object.create(prototype) as object, data)),
    };
    this.#byPrototype.set(prototype, registered);
    this.#byName.set(name, registered);
  }

  /** What stands for this instance, or `undefined` when its class isn't registered. */
  replace(instance: object): TypedReference | undefined {
    const type = this.#byPrototype.get(Object.getPrototypeOf(instance) as object);
    if (type !== undefined) return new TypedReference(type.name, type.to(instance));
    if (!(instance instanceof Error)) return undefined;
    const error = this.#errors.find((candidate) => candidate.matches(instance))!;
    return new TypedReference(error.name, error.to(instance));
  }

  has(instance: object): boolean {
    return this.#byPrototype.has(Object.getPrototypeOf(instance) as object) || instance instanceof Error;
  }

  /** @throws CacheSerializationError when this process doesn't know the type. */
  revive({ name, data }: TypedReference): unknown {
    const type = this.#byName.get(name);
    if (type === undefined) throw new CacheSerializationError(`an entry holds a ${name}, which isn't registered here`);
    return type.from(data);
  }
}
