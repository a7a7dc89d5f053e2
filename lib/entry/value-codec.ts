import { CacheSerializationError } from '../cache.errors.js';
import type { EntryContent, EntryKind } from './cache-entry.js';
import type { Serializer } from './serializers.js';
import type { StandardSchema } from './standard-schema.js';

/**
 * What callers of one value share.
 * - `copy`: everyone gets a decoded copy of their own.
 * - `frozen`: one deep-frozen decoded copy for all, nothing is decoded on a hit.
 * - `shared`: the very object the loader returned; whoever changes it changes it for everybody.
 */
export type Isolation = 'copy' | 'frozen' | 'shared';

export interface ValueCodecOptions {
  readonly isolation: Isolation;
  readonly serializer: Serializer;
  /** For errors, which every cache can hold whatever its serializer. */
  readonly errorSerializer: Serializer;
  readonly validate: StandardSchema | undefined;
  readonly maxValueBytes: number;
  /** Values larger than that are kept in this process, and there alone. */
  readonly keepsTooLarge: boolean;
  /** Whether values stay in this process; else they are for the callers who are waiting for them. */
  readonly isKept: boolean;
  /** Whether bytes are needed at all: a cache that shares bare references and lives in this process has no use for them. */
  readonly needsBytes: boolean;
}

/** A value on its way into a cache: what the process keeps, and the bytes for a store outside. */
export interface EncodedValue {
  readonly kind: EntryKind;
  readonly content: EntryContent;
  /** Absent when the value is for this process alone: it is too large for others, or nobody needs bytes. */
  readonly payload: Uint8Array | undefined;
}

const EMPTY = new Uint8Array(0);

/** A value that can be kept, but for its size: those who wait for it may all have it. */
export class ValueTooLargeError extends CacheSerializationError {
  constructor(
    message: string,
    readonly encoded: EncodedValue,
  ) {
    super(message);
  }
}

/** Between what a loader returned and what callers get, by the rules of one cache. */
export class ValueCodec {
  /** Values under `frozen` that hold something that can't be frozen and are copied instead. */
  copiedInsteadOfFrozen = 0;

  constructor(private readonly options: ValueCodecOptions) {}

  /** @throws CacheSerializationError when the value can't be kept as it is, is too large or fails the schema */
  encode(value: unknown): EncodedValue {
    if (value === undefined) return { kind: 'undefined', content: { value: undefined, bytes: 0 }, payload: EMPTY };
    this.#check(value);
    if (!this.options.needsBytes) {
      const bytes = approximateBytes(value);
      return this.#refuseTooLarge(bytes, { kind: 'value', content: { value, bytes }, payload: undefined });
    }
    const payload = this.#toBytes(this.options.serializer, value);
    const shared = this.options.isolation === 'shared';
    const content = shared ? { value, bytes: approximateBytes(value) } : this.#content('value', payload);
    return this.#refuseTooLarge(payload.byteLength, { kind: 'value', content, payload });
  }

  /** @throws CacheSerializationError when the error can't be kept */
  encodeError(error: unknown): EncodedValue {
    const payload = this.#toBytes(this.options.errorSerializer, error);
    const content = this.#content('error', payload);
    return this.#refuseTooLarge(payload.byteLength, { kind: 'error', content, payload });
  }

  /** What a process keeps of bytes that came from a store. @throws anything for bytes that don't decode or a value that fails the schema */
  fromPayload(kind: EntryKind, payload: Uint8Array): EntryContent {
    if (kind === 'error') this.options.errorSerializer.decode(payload);
    if (kind !== 'value') return this.#content(kind, payload);
    const content = this.#content(kind, payload);
    if (this.options.validate !== undefined) this.#check('value' in content ? content.value : this.#decode(payload));
    return content;
  }

  /** A value for one caller. */
  open(content: EntryContent): unknown {
    if ('value' in content) return content.value;
    const { spare } = content;
    if (spare === undefined) return this.#decode(content.payload);
    content.spare = undefined;
    return spare.value;
  }

  /** The error for one caller. */
  openError(content: EntryContent): unknown {
    return 'value' in content ? content.value : this.options.errorSerializer.decode(content.payload);
  }

  #content(kind: EntryKind, payload: Uint8Array): EntryContent {
    if (kind === 'undefined') return { value: undefined, bytes: 0 };
    if (kind === 'error') return this.#bytes(payload, undefined);
    const value = this.#decode(payload);
    if (typeof value !== 'object' || value === null) return { value, bytes: payload.byteLength };
    if (this.options.isolation === 'copy') return this.#bytes(payload, { value });
    if (this.options.isolation === 'frozen' && !deepFreeze(value)) {
      this.copiedInsteadOfFrozen++;
      return this.#bytes(payload, undefined);
    }
    return { value, bytes: approximateBytes(value) };
  }

  /** Bytes to keep are a copy unless they have their memory to themselves: a window would hold on to all it looks into. */
  #bytes(payload: Uint8Array, spare: { readonly value: unknown } | undefined): EntryContent {
    const isWindow = this.options.isKept && payload.buffer.byteLength > payload.byteLength;
    return { payload: isWindow ? Uint8Array.prototype.slice.call(payload) : payload, bytes: payload.byteLength, spare };
  }

  #decode(payload: Uint8Array): unknown {
    return this.options.serializer.decode(payload);
  }

  #toBytes(serializer: Serializer, value: unknown): Uint8Array {
    let payload: Uint8Array;
    try {
      payload = serializer.encode(value);
    } catch (error) {
      if (error instanceof CacheSerializationError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new CacheSerializationError(`the ${serializer.name} serializer failed: ${reason}`, { cause: error });
    }
    if (!((payload as unknown) instanceof Uint8Array)) {
      throw new CacheSerializationError(`the ${serializer.name} serializer returned ${typeof payload}, not bytes`);
    }
    return payload;
  }

  #refuseTooLarge(bytes: number, encoded: EncodedValue): EncodedValue {
    const { maxValueBytes, keepsTooLarge } = this.options;
    if (bytes <= maxValueBytes) return encoded;
    if (keepsTooLarge) return { ...encoded, payload: undefined };
    const problem = `the value takes ${bytes} bytes and \`maxValueBytes\` is ${maxValueBytes}`;
    throw new ValueTooLargeError(`${problem}; cache less, or raise the limit`, encoded);
  }

  #check(value: unknown): void {
    if (this.options.validate === undefined) return;
    const result = this.#validate(this.options.validate, value);
    if (typeof (result as Partial<PromiseLike<unknown>>).then === 'function') {
      Promise.resolve(result).catch(() => undefined); // whatever it says, nobody waits for it
      throw new CacheSerializationError('`validate` is asynchronous; a schema that answers at once is needed');
    }
    const { issues } = result as { issues?: readonly { path?: readonly unknown[] }[] };
    if (issues === undefined) return;
    // where, and not what: the messages of a schema may quote the value, and this one goes into the log
    const path = (issues[0]?.path ?? [])
      .map((step) => String((step as { key?: unknown } | null)?.key ?? step))
      .join('.');
    throw new CacheSerializationError(`the value fails \`validate\`${path === '' ? '' : ` at ${path}`}`);
  }

  #validate({ '~standard': { validate } }: StandardSchema, value: unknown): object {
    try {
      return validate(value) as object;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CacheSerializationError(`\`validate\` failed: ${reason}`, { cause: error });
    }
  }
}

/** Freezes a value through and through; `false`, and some of it frozen, when it holds what can't be. */
export function deepFreeze(value: unknown): boolean {
  return freezeAll(value, new Set());
}

function freezeAll(value: unknown, seen: Set<object>): boolean {
  if (typeof value !== 'object' || value === null || seen.has(value)) return true;
  seen.add(value);
  const unfreezable =
    ArrayBuffer.isView(value) ||
    value instanceof ArrayBuffer ||
    value instanceof Map ||
    value instanceof Set ||
    value instanceof Date ||
    value instanceof RegExp ||
    value instanceof URL;
  if (unfreezable) return false;
  Object.freeze(value);
  // not only what is enumerable: an error keeps its cause out of sight
  return Object.values(Object.getOwnPropertyDescriptors(value)).every((field) => freezeAll(field.value, seen));
}

const NODES_LOOKED_AT = 10_000;

/** About how much memory a value takes, in bytes: V8's sizes on 64 bits, rounded; large values are extrapolated. */
export function approximateBytes(root: unknown): number {
  const seen = new Set<object>();
  const pending: unknown[] = [root];
  let bytes = 0;
  let looked = 0;
  for (; pending.length > 0 && looked < NODES_LOOKED_AT; looked++) {
    const value = pending.pop();
    if (typeof value === 'string') bytes += 16 + value.length;
    else if (typeof value !== 'object' || value === null) bytes += 8;
    else if (!seen.has(value)) {
      seen.add(value);
      bytes += shallowBytes(value, pending);
    }
  }
  return Math.ceil(bytes * (1 + pending.length / Math.max(looked, 1)));
}

function shallowBytes(value: object, pending: unknown[]): number {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return 96 + value.byteLength;
  if (value instanceof Map || value instanceof Set) {
    for (const item of value.values()) pending.push(item);
    if (value instanceof Map) for (const key of value.keys()) pending.push(key);
    return 64 + value.size * 32;
  }
  const items = Array.isArray(value) ? (value as unknown[]) : Object.values(value);
  for (const item of items) pending.push(item);
  return 24 + items.length * 8;
}
