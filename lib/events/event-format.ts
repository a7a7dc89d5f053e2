import { types } from 'node:util';
import { LIMITS } from '../cache.constants.js';
import { isWellFormed } from '../entry/key-encoding.js';

/** A key of a cache, as JSON can say it: a text, a number, or a list of arguments. */
export type EventKey = string | number | readonly unknown[];

/** What is to be invalidated, as it goes from service to service. */
export interface InvalidationEvent {
  /** What it is recognised by when it comes again. */
  readonly id: string | undefined;
  /** Who sends it. */
  readonly source: string | undefined;
  /** When, ms since 1970. */
  readonly at: number | undefined;
  readonly tags: readonly string[];
  readonly keys: readonly (readonly [cache: string, key: EventKey])[];
  readonly caches: readonly string[];
  readonly all: boolean;
  readonly mode: 'hard' | 'soft';
  /** `v1.<key id>.<HMAC>` */
  readonly signature: string | undefined;
}

/**
 * Why an event is dropped. `foreign`: it is none of ours. `malformed`: it is, and a field isn't what it has to be, or it
 * names nothing. The last three are about signatures.
 */
export type Refusal = 'malformed' | 'oversized' | 'foreign' | 'unsigned' | 'forged' | 'expired';

export interface EventLimits {
  /** Of its JSON, as UTF-8 and without the signature: so what may be sent may be received, in every form. */
  readonly maxBytes: number;
  /** Tags, keys and caches together. */
  readonly maxTargets: number;
}

const NAMING = ['tags', 'keys', 'caches', 'all'] as const;
const NAME_LENGTH = 200;
const SIGNATURE_LENGTH = 500;
/** Of the longest signature of ours in a JSON text, with the name of its field. */
const SIGNATURE_BYTES = 128;
/** Of lists and objects in the arguments of a key. */
const DEEPEST = 8;
/** Kafka's `{ value }`, and a JSON text in it. */
const WRAPPINGS = 3;

/** Refusals on their way to whoever asked. */
const MALFORMED = new Error('malformed');
const OVERSIZED = new Error('oversized');
const FOREIGN = new Error('foreign');

/**
 * An event from whatever a transport delivers: an object, its JSON as a text or bytes, a bare list of tags, or one of
 * these as the `value` of a Kafka message. What is returned holds nothing of what was given. Never throws.
 */
export function readEvent(given: unknown, limits: EventLimits): InvalidationEvent | Refusal {
  try {
    return new EventReader(limits).read(given);
  } catch (error) {
    // anything else was thrown by a getter, a proxy, or a text that isn't JSON, and may throw when it is looked at
    return error === OVERSIZED ? 'oversized' : error === FOREIGN ? 'foreign' : 'malformed';
  }
}

/** As it is sent: the fields that say something. */
export function writeEvent(event: InvalidationEvent): Record<string, unknown> {
  const { id, source, at, tags, keys, caches, all, mode, signature } = event;
  return {
    ...(id === undefined ? {} : { id }),
    ...(source === undefined ? {} : { source }),
    ...(at === undefined ? {} : { at }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(keys.length === 0 ? {} : { keys }),
    ...(caches.length === 0 ? {} : { caches }),
    ...(all ? { all } : {}),
    ...(mode === 'hard' ? {} : { mode }),
    ...(signature === undefined ? {} : { signature }),
  };
}

class EventReader {
  readonly #maxBytes: number;
  /** What it takes at least as JSON is counted while it is copied, so that a copy never becomes larger. */
  #bytesLeft: number;
  #targetsLeft: number;

  constructor({ maxBytes, maxTargets }: EventLimits) {
    this.#maxBytes = maxBytes;
    this.#bytesLeft = maxBytes + SIGNATURE_BYTES;
    this.#targetsLeft = maxTargets;
  }

  read(given: unknown, wrappings = WRAPPINGS): InvalidationEvent {
    if (wrappings < 0) throw MALFORMED;
    if (typeof given === 'string') return this.read(this.#parse(given), wrappings - 1);
    if (types.isUint8Array(given)) return this.read(this.#decode(given), wrappings - 1);
    if (Array.isArray(given)) return this.#readFields({ tags: given });
    if (typeof given !== 'object' || given === null) throw FOREIGN;
    const names = NAMING.some((field) => Object.hasOwn(given, field));
    if (names) return this.#readFields(given);
    if (Object.hasOwn(given, 'value')) return this.read((given as { value: unknown }).value, wrappings - 1);
    throw FOREIGN;
  }

  #parse(text: string): unknown {
    if (text.length > this.#bytesLeft || Buffer.byteLength(text) > this.#bytesLeft) throw OVERSIZED;
    return JSON.parse(text) as unknown;
  }

  #decode(bytes: Uint8Array): string {
    // its own field of that name could say anything
    const length = Reflect.get(Uint8Array.prototype, 'byteLength', bytes);
    if (length > this.#bytesLeft) throw OVERSIZED;
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  }

  #readFields(given: object): InvalidationEvent {
    // of a prototype nothing is taken
    const field = (name: keyof InvalidationEvent): unknown =>
      Object.hasOwn(given, name) ? ((given as Record<string, unknown>)[name] ?? undefined) : undefined;
    const at = field('at');
    const event: InvalidationEvent = {
      id: this.#optional(field('id'), NAME_LENGTH),
      source: this.#optional(field('source'), NAME_LENGTH),
      at: at === undefined ? at : finite(at),
      tags: this.#list(field('tags'), (tag) => this.#text(tag, LIMITS.tagLength)),
      keys: this.#list(field('keys'), (key) => this.#key(key)),
      caches: this.#list(field('caches'), (cache) => this.#text(cache, NAME_LENGTH)),
      all: flagOf(field('all')),
      mode: modeOf(field('mode')),
      signature: this.#optional(field('signature'), SIGNATURE_LENGTH),
    };
    const namesSomething = event.all || event.tags.length + event.keys.length + event.caches.length > 0;
    if (!namesSomething) throw MALFORMED;
    const sent = JSON.stringify(writeEvent({ ...event, signature: undefined }));
    if (Buffer.byteLength(sent) > this.#maxBytes) throw OVERSIZED;
    return event;
  }

  #list<T>(given: unknown, read: (item: unknown) => T): T[] {
    if (given === undefined) return [];
    if (!Array.isArray(given)) throw MALFORMED;
    const length = lengthOf(given);
    this.#targetsLeft -= length;
    if (this.#targetsLeft < 0) throw OVERSIZED;
    return copyOf(given, length, read);
  }

  #key(given: unknown): readonly [string, EventKey] {
    if (!Array.isArray(given) || given.length !== 2) throw MALFORMED;
    const pair: readonly unknown[] = given;
    return [this.#text(pair[0], NAME_LENGTH), this.#keyOf(pair[1])];
  }

  #keyOf(given: unknown): EventKey {
    if (Array.isArray(given)) return this.#json(given, DEEPEST) as unknown[];
    if (typeof given !== 'string' && typeof given !== 'number') throw MALFORMED;
    return this.#json(given, DEEPEST) as string | number;
  }

  /** A copy of what JSON can say. */
  #json(given: unknown, levels: number): unknown {
    if (given === null || typeof given === 'boolean') return given;
    if (typeof given === 'number') return finite(given);
    if (typeof given === 'string') return this.#textOrNone(given);
    if (typeof given !== 'object' || levels === 0) throw MALFORMED;
    if (Array.isArray(given)) {
      const length = lengthOf(given);
      this.#spend(length);
      return copyOf(given, length, (item) => this.#json(item, levels - 1));
    }
    const prototype = Object.getPrototypeOf(given) as unknown;
    if (prototype !== Object.prototype && prototype !== null) throw MALFORMED;
    const fields = Object.keys(given);
    const copy = fields.map((name) => {
      const value = this.#json((given as Record<string, unknown>)[name], levels - 1);
      return [this.#textOrNone(name), value] as const;
    });
    return Object.fromEntries(copy);
  }

  #textOrNone(given: string): string {
    return given === '' ? given : this.#text(given, Infinity);
  }

  #optional(given: unknown, longest: number): string | undefined {
    return given === undefined ? undefined : this.#text(given, longest);
  }

  #text(given: unknown, longest: number): string {
    if (typeof given !== 'string' || given === '') throw MALFORMED;
    if (given.length > this.#bytesLeft) throw OVERSIZED;
    if (given.length > longest || !isWellFormed(given)) throw MALFORMED;
    this.#spend(Buffer.byteLength(given));
    return given;
  }

  #spend(bytes: number): void {
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft < 0) throw OVERSIZED;
  }
}

/** A list may be made by somebody else's code, and say anything of its length, or nothing that is a length. */
function lengthOf({ length }: readonly unknown[]): number {
  if (Number.isSafeInteger(length) && length >= 0) return length;
  throw MALFORMED;
}

/** By index, since what a list gives when it is iterated need not end. Holes are read like whatever isn't there. */
function copyOf<T>(given: readonly unknown[], length: number, read: (item: unknown) => T): T[] {
  const copy: T[] = [];
  for (let index = 0; index < length; index++) copy.push(read(given[index]));
  return copy;
}

function finite(given: unknown): number {
  if (typeof given !== 'number' || !Number.isFinite(given)) throw MALFORMED;
  // JSON.stringify makes 0 of -0 too
  return given === 0 ? 0 : given;
}

function flagOf(given: unknown): boolean {
  if (given === undefined || typeof given === 'boolean') return given === true;
  throw MALFORMED;
}

function modeOf(given: unknown): 'hard' | 'soft' {
  if (given === undefined || given === 'hard' || given === 'soft') return given ?? 'hard';
  throw MALFORMED;
}
