import { addExtension, Packr } from 'msgpackr';
import { CacheSerializationError } from '../cache.errors.js';
import { TypedReference, type TypeRegistry } from './cacheable-types.js';

/** How values of a cache become bytes and values again. Both directions are synchronous. */
export interface Serializer {
  /** Stored in front of the bytes; an entry of another serializer is a miss. */
  readonly name: string;
  /** @throws anything for a value that can't be encoded without changing it: the value is then returned, not cached. */
  readonly encode: (value: unknown) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
}

// The extension is global to msgpackr, so it belongs to a class of ours, and takes the types from whoever decodes:
// decoding is synchronous, so there is one at a time.
let reviving: TypeRegistry | undefined;
addExtension({
  Class: TypedReference,
  type: 0x43,
  write: ({ name, data }: TypedReference) => [name, data],
  read: ([name, data]: [string, unknown]) => reviving!.revive(new TypedReference(name, data)),
});

// `useRecords: false` would be smaller code and wrong: without records a Map comes back as an object.
// `copyBuffers`: otherwise a decoded Buffer is a window into the stored bytes, and a caller could write into them.
const packr = new Packr({ structuredClone: true, moreTypes: true, copyBuffers: true });

/** MessagePack with structured clone: keeps what `structuredClone` keeps, and instances of registered types. */
export const msgpackSerializer = (types: TypeRegistry, plain: boolean): Serializer => ({
  name: 'msgpack',
  encode: (value) => packr.pack(prepare(value, types, plain)),
  decode: (bytes) => {
    reviving = types;
    try {
      return packr.unpack(bytes);
    } finally {
      reviving = undefined;
    }
  },
});

/** JSON, for entries that other languages read. What JSON would change without a word is refused. */
export const jsonSerializer = (plain: boolean): Serializer => ({
  name: 'json',
  encode: (value) => {
    refuseWhatJsonChanges(value, plain, '', new Set());
    return Buffer.from(JSON.stringify(value));
  },
  decode: (bytes) => JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as unknown,
});

const refuse = (path: string, what: string): never => {
  throw new CacheSerializationError(`${path === '' ? 'the value' : `the value's ${path}`} is ${what}`);
};

const join = (path: string, step: string | number): string =>
  typeof step === 'number' ? `${path}[${step}]` : path === '' ? step : `${path}.${step}`;

const KEPT_BY_CLONE: ReadonlySet<unknown> = new Set(
  [
    Date,
    RegExp,
    ArrayBuffer,
    DataView,
    Buffer,
    Uint8Array,
    Uint8ClampedArray,
    Int8Array,
    Uint16Array,
    Int16Array,
    Uint32Array,
    Int32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ].map((type) => type.prototype as unknown),
);

/** The value itself when msgpackr keeps it as it is, else a copy in which references stand for instances. */
function prepare(value: unknown, types: TypeRegistry, plain: boolean): unknown {
  const scan = new Scan(types, plain);
  scan.visit(value, '');
  return scan.needsCopy ? copyWithReferences(value, types, new Map()) : value;
}

/** Walks a value once, refuses what can't be kept, and notes whether anything has to be replaced. */
class Scan {
  needsCopy = false;
  readonly #seen = new Set<object>();

  constructor(
    private readonly types: TypeRegistry,
    private readonly plain: boolean,
  ) {}

  visit(value: unknown, path: string): void {
    switch (typeof value) {
      case 'object':
        if (value !== null) this.#object(value, path);
        return;
      case 'function':
      case 'symbol':
        refuse(path, `a ${typeof value}`);
        return;
      case 'string':
        if (!(value as string & { isWellFormed(): boolean }).isWellFormed())
          refuse(path, 'a text with half a surrogate pair');
        return;
      default:
    }
  }

  #object(value: object, path: string): void {
    if (this.#seen.has(value)) return;
    this.#seen.add(value);
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) this.visit(value[index], join(path, index));
      return;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) this.#fields(value, path);
    else if (prototype === Map.prototype) this.#map(value as Map<unknown, unknown>, path);
    else if (prototype === Set.prototype) for (const item of value as Set<unknown>) this.visit(item, `${path}{…}`);
    else if (!KEPT_BY_CLONE.has(prototype)) this.#instance(value, path);
  }

  #map(map: Map<unknown, unknown>, path: string): void {
    for (const [key, item] of map) {
      this.visit(key, `${path}{key}`);
      this.visit(item, `${path}{…}`);
    }
  }

  #fields(value: object, path: string): void {
    for (const field of Object.keys(value)) {
      if (field === '__proto__') refuse(path, 'an object with a field named __proto__');
      this.visit((value as Record<string, unknown>)[field], join(path, field));
    }
  }

  #instance(value: object, path: string): void {
    const reference = this.types.replace(value);
    if (reference !== undefined) {
      this.needsCopy = true;
      this.visit(reference.data, path);
    } else if (this.plain && !isResource(value)) {
      this.needsCopy = true;
      this.#fields(value, path);
    } else {
      const className = (value.constructor as { name?: string } | undefined)?.name ?? 'an unknown class';
      refuse(
        path,
        isResource(value)
          ? `a ${className}, which can't be kept`
          : `an instance of ${className}; list the class under \`types\`, or set \`plain: true\` to keep its fields only`,
      );
    }
  }
}

/** Streams, promises, observables: things that happen rather than are. */
const isResource = (value: object): boolean => {
  const candidate = value as Record<string, unknown>;
  return ['pipe', 'then', 'subscribe', 'getReader', Symbol.asyncIterator as unknown as string].some(
    (method) => typeof candidate[method] === 'function',
  );
};

function copyWithReferences(value: unknown, types: TypeRegistry, copies: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  const inner = (item: unknown): unknown => copyWithReferences(item, types, copies);
  const keep = <T>(copy: T): T => {
    copies.set(value, copy);
    return copy;
  };
  if (Array.isArray(value)) {
    const list = keep<unknown[]>([]);
    for (const item of value) list.push(inner(item));
    return list;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Map.prototype) {
    const map = keep(new Map<unknown, unknown>());
    for (const [key, item] of value as Map<unknown, unknown>) map.set(inner(key), inner(item));
    return map;
  }
  if (prototype === Set.prototype) {
    const set = keep(new Set<unknown>());
    for (const item of value as Set<unknown>) set.add(inner(item));
    return set;
  }
  if (KEPT_BY_CLONE.has(prototype)) return value;
  const reference = prototype === Object.prototype || prototype === null ? undefined : types.replace(value);
  if (reference !== undefined) return keep(new TypedReference(reference.name, inner(reference.data)));
  const record = keep<Record<string, unknown>>({});
  for (const field of Object.keys(value)) record[field] = inner((value as Record<string, unknown>)[field]);
  return record;
}

function refuseWhatJsonChanges(value: unknown, plain: boolean, path: string, open: Set<object>): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'undefined' && path !== '') return;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) refuse(path, `${value}, which JSON doesn't know`);
    return;
  }
  if (typeof value !== 'object') refuse(path, `a ${typeof value}, which JSON doesn't know`);
  const object = value as object;
  if (open.has(object)) refuse(path, 'part of itself, which JSON does not know');
  const prototype: unknown = Object.getPrototypeOf(object);
  const isPlain = prototype === Object.prototype || prototype === null || Array.isArray(object);
  if (
    !isPlain &&
    (!plain || typeof (object as { toJSON?: unknown }).toJSON === 'function' || KEPT_BY_CLONE.has(prototype))
  ) {
    refuse(path, `a ${object.constructor.name}, which JSON would turn into something else; use the msgpack serializer`);
  }
  open.add(object);
  for (const field of Object.keys(object)) {
    refuseWhatJsonChanges((object as Record<string, unknown>)[field], plain, join(path, field), open);
  }
  open.delete(object);
}
