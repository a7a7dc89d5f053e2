import { addExtension, Packr } from 'msgpackr';
import { CacheSerializationError } from '../cache.errors.js';
import { isWellFormed } from './key-encoding.js';
import { NEGATIVE_ZERO, TypedReference, type TypeRegistry } from './cacheable-types.js';
import { enumerableSymbolOf, hasHiddenState, isPlainList } from './value-kinds.js';

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
    const outer = reviving; // a `from` of a type may decode something itself
    reviving = types;
    try {
      return packr.unpack(bytes);
    } finally {
      reviving = outer;
    }
  },
});

/**
 * JSON, for entries that other languages read. What JSON would change without a word is refused, but for two things
 * nobody could do without: fields that are `undefined` are left out, and -0 becomes 0.
 */
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
  return scan.needsCopy ? copyWithReferences(value, scan.references, new Map()) : value;
}

/** Walks a value once, refuses what can't be kept, and notes whether anything has to be replaced. */
class Scan {
  needsCopy = false;
  /** What stands for each instance. */
  readonly references = new Map<object, TypedReference>();
  readonly #seen = new Set<object>();
  /** Those whose data is being visited. */
  readonly #instances = new Set<object>();

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
        if (!isWellFormed(value)) refuse(path, 'a text with half a surrogate pair');
        return;
      case 'number':
        // MessagePack would make an integer of it
        if (Object.is(value, -0)) this.needsCopy = true;
        return;
      default:
    }
  }

  #object(value: object, path: string): void {
    if (this.#seen.has(value)) {
      // its `from` would need what isn't there yet
      if (this.#instances.has(value)) refuse(path, `a ${classOf(value)} that contains itself`);
      return;
    }
    this.#seen.add(value);
    if (isPlainList(value)) return this.#list(value, path);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) this.#fields(value, path);
    else if (prototype === Map.prototype) this.#map(value as Map<unknown, unknown>, path);
    else if (prototype === Set.prototype) for (const item of value as Set<unknown>) this.visit(item, `${path}{…}`);
    else if (!KEPT_BY_CLONE.has(prototype)) this.#instance(value, path);
  }

  #list(list: readonly unknown[], path: string): void {
    for (let index = 0; index < list.length; index++) {
      if (list[index] === undefined && !(index in list)) refuse(path, 'a list with holes');
      this.visit(list[index], join(path, index));
    }
  }

  #map(map: Map<unknown, unknown>, path: string): void {
    for (const [key, item] of map) {
      this.visit(key, `${path}{key}`);
      this.visit(item, `${path}{…}`);
    }
  }

  #fields(value: object, path: string): void {
    if (enumerableSymbolOf(value) !== undefined) refuse(path, 'an object with a field named by a symbol');
    for (const field of Object.keys(value)) {
      if (field === '__proto__') refuse(path, 'an object with a field named __proto__');
      if (!isWellFormed(field)) refuse(path, 'an object with half a surrogate pair in the name of a field');
      this.visit((value as Record<string, unknown>)[field], join(path, field));
    }
  }

  #instance(value: object, path: string): void {
    const reference = this.types.replace(value);
    if (reference !== undefined) {
      this.needsCopy = true;
      this.references.set(value, reference);
      this.#instances.add(value);
      this.visit(reference.data, path);
      this.#instances.delete(value);
    } else if (isResource(value)) {
      refuse(path, `a ${classOf(value)}, which can't be kept`);
    } else if (hasHiddenState(value)) {
      refuse(path, `a ${classOf(value)}; list the class under \`types\`, with \`to\` and \`from\``);
    } else if (this.plain) {
      this.needsCopy = true;
      this.#fields(value, path);
    } else {
      const remedy = 'list the class under `types`, or set `plain: true` to keep its fields only';
      refuse(path, `an instance of ${classOf(value)}; ${remedy}`);
    }
  }
}

const classOf = (value: object): string =>
  (value.constructor as { name?: string } | undefined)?.name || 'class without a name';

/** Streams, promises, observables: things that happen rather than are. */
const isResource = (value: object): boolean => {
  const candidate = value as Record<string, unknown>;
  return ['pipe', 'then', 'subscribe', 'getReader', Symbol.asyncIterator as unknown as string].some(
    (method) => typeof candidate[method] === 'function',
  );
};

function copyWithReferences(
  value: unknown,
  references: ReadonlyMap<object, TypedReference>,
  copies: Map<object, unknown>,
): unknown {
  if (Object.is(value, -0)) return NEGATIVE_ZERO;
  if (typeof value !== 'object' || value === null) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  const inner = (item: unknown): unknown => copyWithReferences(item, references, copies);
  const keep = <T>(copy: T): T => {
    copies.set(value, copy);
    return copy;
  };
  if (isPlainList(value)) {
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
  const reference = references.get(value);
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
  if (typeof value !== 'object') refuse(path, `${typeof value}, which JSON doesn't know`);
  const object = value as object;
  if (open.has(object)) refuse(path, "part of itself, which JSON doesn't know");
  if (enumerableSymbolOf(object) !== undefined) refuse(path, 'an object with a field named by a symbol');
  open.add(object);
  if (isPlainList(object)) {
    if (Object.keys(object).length !== object.length) refuse(path, 'a list with holes or fields');
    for (const [index, item] of object.entries()) {
      if (item === undefined) refuse(join(path, index), 'undefined, which JSON would turn into null');
      refuseWhatJsonChanges(item, plain, join(path, index), open);
    }
  } else {
    const prototype: unknown = Object.getPrototypeOf(object);
    const isPlain = prototype === Object.prototype || prototype === null;
    const becomesFields = plain && !hasHiddenState(object) && !isResource(object);
    if ((!isPlain && !becomesFields) || typeof (object as { toJSON?: unknown }).toJSON === 'function') {
      refuse(path, `a ${classOf(object)}, which JSON would turn into something else; use the msgpack serializer`);
    }
    for (const [field, item] of Object.entries(object)) refuseWhatJsonChanges(item, plain, join(path, field), open);
  }
  open.delete(object);
}
