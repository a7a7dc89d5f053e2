import { RedisFault } from '../../../lib/redis/redis-fault.js';
import { compareIds, entriesIn, parseId, readRange, type Id, type Stream, type StreamEntry } from './stream.js';

interface StoredString {
  readonly kind: 'string';
  readonly bytes: Buffer;
  readonly expiresAt: number;
}

interface StoredHash {
  readonly kind: 'hash';
  readonly fields: Map<string, string>;
}

type StoredStream = Stream & { readonly kind: 'stream' };
type Stored = StoredString | StoredHash | StoredStream;

/** A copy of everything a server held at one moment. */
export type Snapshot = ReadonlyMap<string, Stored>;

const refused = (message: string): RedisFault => new RedisFault('refused', message);

/** What a server holds, and the commands on it that are needed here; each behaves as the command of its name. */
export class Keyspace {
  #keys = new Map<string, Stored>();
  /** Streams that have got an entry since this was last emptied. */
  readonly grown = new Set<string>();

  /** @param now the server's clock, epoch ms */
  constructor(private readonly now: () => number) {}

  snapshot(): Snapshot {
    return new Map([...this.#keys].map(([key, stored]) => [key, copyOf(stored)]));
  }

  restore(snapshot: Snapshot): void {
    this.#keys = new Map([...snapshot].map(([key, stored]) => [key, copyOf(stored)]));
  }

  /** FLUSHALL */
  flushAll(): void {
    this.#keys.clear();
  }

  /** Seconds, and microseconds of the second. */
  time(): [string, string] {
    const now = this.now();
    const seconds = Math.floor(now / 1_000);
    return [`${seconds}`, `${Math.floor((now - seconds * 1_000) * 1_000)}`];
  }

  exists(key: string): 0 | 1 {
    return this.#peek(key) === undefined ? 0 : 1;
  }

  /** DEL or UNLINK */
  del(key: string): 0 | 1 {
    const existed = this.exists(key);
    this.#keys.delete(key);
    return existed;
  }

  get(key: string): Buffer | undefined {
    return this.#find(key, 'string')?.bytes;
  }

  /** SET … PX, with NX where told. @returns whether it was set */
  set(key: string, bytes: Buffer, ttlMs: number, { onlyIfAbsent = false } = {}): boolean {
    if (!Number.isSafeInteger(ttlMs)) throw refused('ERR value is not an integer or out of range');
    if (ttlMs <= 0) throw refused("ERR invalid expire time in 'set' command");
    if (onlyIfAbsent && this.exists(key) === 1) return false;
    this.#keys.set(key, { kind: 'string', bytes: Buffer.from(bytes), expiresAt: this.now() + ttlMs });
    return true;
  }

  pexpire(key: string, ttlMs: number): 0 | 1 {
    if (!Number.isSafeInteger(ttlMs)) throw refused('ERR value is not an integer or out of range');
    const stored = this.#peek(key);
    if (stored?.kind !== 'string') return 0;
    if (ttlMs <= 0) return this.del(key);
    this.#keys.set(key, { ...stored, expiresAt: this.now() + ttlMs });
    return 1;
  }

  hget(key: string, field: string): string | undefined {
    return this.#find(key, 'hash')?.fields.get(field);
  }

  hmget(key: string, ...fields: string[]): (string | undefined)[] {
    const hash = this.#find(key, 'hash');
    return fields.map((field) => hash?.fields.get(field));
  }

  hset(key: string, ...pairs: string[]): void {
    const hash = this.#find(key, 'hash') ?? this.#put(key, { kind: 'hash', fields: new Map() });
    for (let index = 0; index + 1 < pairs.length; index += 2) hash.fields.set(pairs[index]!, pairs[index + 1]!);
  }

  hgetall(key: string): Record<string, string> {
    return Object.fromEntries(this.#find(key, 'hash')?.fields ?? []);
  }

  /** The id has to be above every id the stream ever had. */
  xadd(key: string, id: string, ...fields: string[]): string {
    const parsed = parseId(id);
    if (parsed.ms === 0 && parsed.sequence === 0) {
      throw refused('ERR The ID specified in XADD must be greater than 0-0');
    }
    const stream = this.#find(key, 'stream');
    if (stream !== undefined && compareIds(parsed, stream.last) <= 0) {
      throw refused('ERR The ID specified in XADD is equal or smaller than the target stream top item');
    }
    const target = stream ?? this.#put(key, { kind: 'stream', entries: [], last: { ms: 0, sequence: 0 } });
    target.entries.push({ id: parsed, fields });
    target.last = parsed;
    this.grown.add(key);
    return id;
  }

  xdel(key: string, id: string): 0 | 1 {
    const stream = this.#find(key, 'stream');
    const wanted = parseId(id);
    const index = stream?.entries.findIndex((entry) => compareIds(entry.id, wanted) === 0) ?? -1;
    if (index < 0) return 0;
    stream!.entries.splice(index, 1);
    return 1;
  }

  xlen(key: string): number {
    return this.#find(key, 'stream')?.entries.length ?? 0;
  }

  xrange(key: string, start: string, end: string, count = Number.POSITIVE_INFINITY): StreamEntry[] {
    const range = readRange(start, end);
    const entries = this.#find(key, 'stream')?.entries ?? [];
    return entriesIn(entries, range, count, 'oldest first');
  }

  xrevrange(key: string, end: string, start: string, count = Number.POSITIVE_INFINITY): StreamEntry[] {
    const range = readRange(start, end);
    const entries = this.#find(key, 'stream')?.entries ?? [];
    return entriesIn(entries, range, count, 'newest first');
  }

  /** last-generated-id of XINFO STREAM: it outlives the entries. */
  lastGeneratedId(key: string): Id {
    const stream = this.#find(key, 'stream');
    if (stream === undefined) throw refused('ERR no such key');
    return stream.last;
  }

  #put<Kind extends Stored>(key: string, stored: Kind): Kind {
    this.#keys.set(key, stored);
    return stored;
  }

  #peek(key: string): Stored | undefined {
    const stored = this.#keys.get(key);
    if (stored?.kind !== 'string' || this.now() <= stored.expiresAt) return stored;
    // gone for good, also for a clock that is set back
    this.#keys.delete(key);
    return undefined;
  }

  #find<Kind extends Stored['kind']>(key: string, kind: Kind): Extract<Stored, { kind: Kind }> | undefined {
    const stored = this.#peek(key);
    if (stored !== undefined && stored.kind !== kind) {
      throw refused('WRONGTYPE Operation against a key holding the wrong kind of value');
    }
    return stored as Extract<Stored, { kind: Kind }> | undefined;
  }
}

function copyOf(stored: Stored): Stored {
  if (stored.kind === 'hash') return { ...stored, fields: new Map(stored.fields) };
  return stored.kind === 'stream' ? { ...stored, entries: [...stored.entries] } : stored;
}
