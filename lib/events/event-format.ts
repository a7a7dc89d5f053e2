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
  /** Of all its texts, as UTF-8. */
  readonly maxBytes: number;
  /** Tags, keys and caches together. */
  readonly maxTargets: number;
}

const NAMING = ['tags', 'keys', 'caches', 'all'] as const;
const NAME_LENGTH = 200;
const SIGNATURE_LENGTH = 500;
/** Of lists and objects in the arguments of a key. */
const DEEPEST = 8;
/** Kafka's `{ value }`, and a JSON text in it. */
const WRAPPINGS = 3;

/** A refusal on its way to whoever asked. */
class Refused {
  constructor(readonly why: Refusal) {}
}

/**
 * An event from whatever a transport delivers: an object, its JSON as a text or bytes, a bare list of tags, or one of
 * these as the `value` of a Kafka message. What is returned holds nothing of what was given. Never throws.
 */
export function readEvent(given: unknown, limits: EventLimits): InvalidationEvent | Refusal {
  try {
    return new EventReader(limits).read(given);
  } catch (error) {
    // what isn't a refusal was thrown by a getter, a proxy, or a text that isn't JSON
    return error instanceof Refused ? error.why : 'malformed';
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
  #bytesLeft: number;
  #targetsLeft: number;

  constructor({ maxBytes, maxTargets }: EventLimits) {
    this.#bytesLeft = maxBytes;
    this.#targetsLeft = maxTargets;
  }

  read(given: unknown, wrappings = WRAPPINGS): InvalidationEvent {
    if (wrappings < 0) throw new Refused('malformed');
    if (typeof given === 'string') return this.read(this.#parse(given), wrappings - 1);
    if (given instanceof Uint8Array) return this.read(this.#decode(given), wrappings - 1);
    if (Array.isArray(given)) return this.#readFields({ tags: given });
    if (typeof given !== 'object' || given === null) throw new Refused('foreign');
    const names = NAMING.some((field) => Object.hasOwn(given, field));
    if (names) return this.#readFields(given);
    if (Object.hasOwn(given, 'value')) return this.read((given as { value: unknown }).value, wrappings - 1);
    throw new Refused('foreign');
  }

  #parse(text: string): unknown {
    if (text.length > this.#bytesLeft || Buffer.byteLength(text) > this.#bytesLeft) throw new Refused('oversized');
    return JSON.parse(text) as unknown;
  }

  #decode(bytes: Uint8Array): string {
    if (bytes.byteLength > this.#bytesLeft) throw new Refused('oversized');
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  }

  #readFields(given: object): InvalidationEvent {
    // of a prototype nothing is taken
    const field = (name: keyof InvalidationEvent): unknown =>
      Object.hasOwn(given, name) ? ((given as Record<string, unknown>)[name] ?? undefined) : undefined;
    const event: InvalidationEvent = {
      id: this.#optional(field('id'), NAME_LENGTH),
      source: this.#optional(field('source'), NAME_LENGTH),
      at: numberOf(field('at')),
      tags: this.#list(field('tags'), (tag) => this.#text(tag, LIMITS.tagLength)),
      keys: this.#list(field('keys'), (key) => this.#key(key)),
      caches: this.#list(field('caches'), (cache) => this.#text(cache, NAME_LENGTH)),
      all: flagOf(field('all')),
      mode: modeOf(field('mode')),
      signature: this.#optional(field('signature'), SIGNATURE_LENGTH),
    };
    const namesSomething = event.all || event.tags.length + event.keys.length + event.caches.length > 0;
    if (!namesSomething) throw new Refused('malformed');
    return event;
  }

  #list<T>(given: unknown, read: (item: unknown) => T): T[] {
    if (given === undefined) return [];
    if (!Array.isArray(given)) throw new Refused('malformed');
    this.#targetsLeft -= given.length;
    if (this.#targetsLeft < 0) throw new Refused('oversized');
    // with its holes, which are refused like everything that isn't there
    return Array.from(given, read);
  }

  #key(given: unknown): readonly [string, EventKey] {
    if (!Array.isArray(given) || given.length !== 2) throw new Refused('malformed');
    const [cache, key] = given as [unknown, unknown];
    return [this.#text(cache, NAME_LENGTH), this.#keyOf(key)];
  }

  #keyOf(given: unknown): EventKey {
    if (Array.isArray(given)) return this.#json(given, DEEPEST) as unknown[];
    return typeof given === 'number' ? this.#number(given) : this.#text(given, Infinity);
  }

  /** A copy of what JSON can say. */
  #json(given: unknown, levels: number): unknown {
    if (given === null || typeof given === 'boolean') return given;
    if (typeof given === 'number') return this.#number(given);
    if (typeof given === 'string') return given === '' ? given : this.#text(given, Infinity);
    if (typeof given !== 'object' || levels === 0) throw new Refused('malformed');
    if (Array.isArray(given)) {
      this.#spend(given.length);
      return Array.from(given, (item) => this.#json(item, levels - 1));
    }
    const prototype = Object.getPrototypeOf(given) as unknown;
    if (prototype !== Object.prototype && prototype !== null) throw new Refused('malformed');
    const fields = Object.keys(given);
    this.#spend(fields.length);
    const copy = fields.map((name) => {
      const value = this.#json((given as Record<string, unknown>)[name], levels - 1);
      return [name === '' ? name : this.#text(name, Infinity), value] as const;
    });
    return Object.fromEntries(copy);
  }

  #number(given: number): number {
    if (!Number.isFinite(given)) throw new Refused('malformed');
    this.#spend(8);
    return given;
  }

  #optional(given: unknown, longest: number): string | undefined {
    return given === undefined ? undefined : this.#text(given, longest);
  }

  #text(given: unknown, longest: number): string {
    if (typeof given !== 'string' || given === '') throw new Refused('malformed');
    if (given.length > this.#bytesLeft) throw new Refused('oversized');
    if (given.length > longest || !isWellFormed(given)) throw new Refused('malformed');
    this.#spend(Buffer.byteLength(given));
    return given;
  }

  #spend(bytes: number): void {
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft < 0) throw new Refused('oversized');
  }
}

function numberOf(given: unknown): number | undefined {
  if (given === undefined || (typeof given === 'number' && Number.isFinite(given))) return given;
  throw new Refused('malformed');
}

function flagOf(given: unknown): boolean {
  if (given === undefined || typeof given === 'boolean') return given === true;
  throw new Refused('malformed');
}

function modeOf(given: unknown): 'hard' | 'soft' {
  if (given === undefined || given === 'hard' || given === 'soft') return given ?? 'hard';
  throw new Refused('malformed');
}
