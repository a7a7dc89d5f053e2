import { createHash } from 'node:crypto';
import { CacheKeyError } from '../cache.errors.js';
import type { TypeRegistry } from './cacheable-types.js';
import { enumerableSymbolOf, isPlainList } from './value-kinds.js';

/**
 * Keys are texts. A text that somebody wrote stands for itself, except that one starting with `#` gets another `#`
 * in front; everything the encoder makes starts with a single `#`. So the two can't meet:
 *
 *     "7"          the text 7            #n7          the number 7
 *     "##tag"      the text #tag         #a[…]        several arguments
 *     #hXXXX       the SHA-256 of a longer key        #@…   a key with a scope in front
 *
 * Inside, every value carries its type, and texts their length, which makes the whole injective:
 * `s3:abc` `n1;` `i1;` (bigint) `t` `f` `0` (null) `u` (undefined) `d0;` (Date, ms) `[…]` `{…}` (sorted by key)
 * `M…` (Map) `S…` (Set) `r` (RegExp) `b` (bytes) `T` (instance of a registered type).
 */
const HASH = '#'.charCodeAt(0);

/** A key as a user gives it: a text or number, or a list, which stands for the arguments of a decorated method. */
export type CacheKey = string | number | bigint | readonly unknown[];

/** What keeps an entry in the memory tier: the key, or for the commonest made-up keys the number behind it. */
export type LocalKey = string | number;

/** `true` for the keys the memory tier can be asked for without a detour. */
export const isPlainText = (key: string): boolean => key.charCodeAt(0) !== HASH;

/** The key for what a user wrote as one. @throws CacheKeyError */
export function keyOf(key: unknown, types: TypeRegistry, describe: () => string): string {
  if (typeof key === 'string') return isPlainText(key) ? key : `#${key}`;
  if (typeof key === 'number' && Number.isFinite(key)) return String(key);
  if (typeof key === 'bigint') return String(key);
  if (Array.isArray(key)) return keyOfArguments(key, types, describe);
  throw new CacheKeyError(
    `${describe()}: the key is ${name(key)}; a key is a text, a finite number or a list of arguments`,
  );
}

/** The key for the arguments of a call. Missing and trailing `undefined` arguments are the same. @throws CacheKeyError */
export function keyOfArguments(args: ArrayLike<unknown>, types: TypeRegistry, describe: () => string): string {
  let count = args.length;
  while (count > 0 && args[count - 1] === undefined) count--;
  if (count === 1) {
    const only = args[0];
    if (typeof only === 'string') return isPlainText(only) ? only : `#${only}`;
  }
  const encoder = new ArgumentEncoder(types, describe);
  if (count === 1 && typeof args[0] === 'number') return `#${encoder.encode(args[0], [0]).slice(0, -1)}`;
  let key = '#a';
  for (let index = 0; index < count; index++) key += encoder.encode(args[index], [index]);
  return key;
}

/** A key within a scope, such as a tenant: no scope's keys can be another's. */
export const scopedKey = (scope: string, key: string): string => `#@${scope.length}:${scope}${key}`;

/** The key as it is stored: itself, or its hash when it is too long or isn't well-formed Unicode. */
export function boundedKey(key: string, maxBytes: number): string {
  const fits = key.length * 3 <= maxBytes || Buffer.byteLength(key) <= maxBytes;
  if (fits && isWellFormed(key)) return key;
  // UTF-16, so that lone surrogates, which UTF-8 can't tell apart, stay apart
  return `#h${createHash('sha256').update(Buffer.from(key, 'utf16le')).digest('base64url')}`;
}

/** A single number keeps its entry under the number itself, so that a hit needn't build a text. */
export function localKey(key: string): LocalKey {
  if (key.charCodeAt(0) !== HASH || key.charCodeAt(1) !== 110 /* n */) return key;
  const value = Number(key.slice(2));
  return value !== 0 && Number.isFinite(value) ? value : key;
}

/** The key a number was given; none for the zeros and the like, which `localKey` leaves alone. */
export const storedNumber = (key: number): string => (key !== 0 && Number.isFinite(key) ? `#n${key}` : '');

/** @see String.prototype.isWellFormed, which Node 20 has but the language level of this package doesn't promise */
export const isWellFormed = (text: string): boolean => (text as string & { isWellFormed(): boolean }).isWellFormed();

const name = (value: unknown): string => {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'number') return String(value);
  if (typeof value === 'function') return `a function (${value.name || 'anonymous'})`;
  if (typeof value !== 'object') return `a ${typeof value}`;
  const constructor = (value as { constructor?: { name?: string } }).constructor?.name;
  return constructor === undefined || constructor === 'Object' ? 'an object' : `an instance of ${constructor}`;
};

type Step = string | number;

/** Nobody means more by an argument; beyond that the stack would overflow somewhere. */
const DEEPEST = 200;

const place = ([index, ...steps]: readonly Step[]): string =>
  `argument ${Number(index) + 1}${steps.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')}`;

class ArgumentEncoder {
  readonly #open = new Set<object>();

  constructor(
    private readonly types: TypeRegistry,
    private readonly describe: () => string,
  ) {}

  encode(value: unknown, path: readonly Step[]): string {
    switch (typeof value) {
      case 'string':
        return text(value);
      case 'number':
        return Object.is(value, -0) ? 'n-0;' : `n${value};`;
      case 'boolean':
        return value ? 't' : 'f';
      case 'bigint':
        return `i${value};`;
      case 'undefined':
        return 'u';
      case 'object':
        return value === null ? '0' : this.#object(value, path);
      default:
        return this.#refuse(value, path);
    }
  }

  #object(value: object, path: readonly Step[]): string {
    if (this.#open.has(value)) {
      throw new CacheKeyError(`${this.describe()}: ${place(path)} contains itself and can't be part of a key`);
    }
    if (this.#open.size >= DEEPEST) {
      throw new CacheKeyError(`${this.describe()}: argument ${Number(path[0]) + 1} is nested too deeply for a key`);
    }
    this.#open.add(value);
    try {
      return this.#composite(value, path);
    } finally {
      this.#open.delete(value);
    }
  }

  #composite(value: object, path: readonly Step[]): string {
    if (isPlainList(value)) return this.#list(value, path);
    // compared exactly: a subclass may hold more than its base shows
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.#record(value, path);
    if (prototype === Date.prototype) return `d${(value as Date).getTime()};`;
    if (prototype === RegExp.prototype) return `r${text((value as RegExp).source)}${text((value as RegExp).flags)}`;
    if (prototype === Map.prototype) return `M${this.#list([...(value as Map<unknown, unknown>)].flat(), path)}`;
    if (prototype === Set.prototype) return `S${this.#list([...(value as Set<unknown>)], path)}`;
    if (ArrayBuffer.isView(value)) {
      return `b${text(value.constructor.name)}${text(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'))}`;
    }
    if (value instanceof ArrayBuffer) return `b${text('ArrayBuffer')}${text(Buffer.from(value).toString('base64'))}`;
    const typed = value instanceof Error ? undefined : this.types.replace(value);
    if (typed !== undefined) return `T${text(typed.name)}${this.encode(typed.data, path)}`;
    return this.#refuse(value, path);
  }

  #record(value: object, path: readonly Step[]): string {
    const symbol = enumerableSymbolOf(value);
    if (symbol !== undefined) this.#refuse(symbol, [...path, String(symbol)]);
    let fields = '';
    for (const field of Object.keys(value).sort()) {
      fields += text(field) + this.encode((value as Record<string, unknown>)[field], [...path, field]);
    }
    return `{${fields}}`;
  }

  #list(items: readonly unknown[], path: readonly Step[]): string {
    let encoded = '';
    for (let index = 0; index < items.length; index++) encoded += this.encode(items[index], [...path, index]);
    return `[${encoded}]`;
  }

  #refuse(value: unknown, path: readonly Step[]): never {
    const isInstance = typeof value === 'object';
    throw new CacheKeyError(
      `${this.describe()}: ${place(path)} is ${name(value)}, which has no stable form to make a key of; ` +
        `give the decorator a \`key\` function${isInstance ? ', or list the class under `types`' : ''}`,
    );
  }
}

const text = (value: string): string => `s${value.length}:${value}`;
