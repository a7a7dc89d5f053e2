import { RedisFault } from '../../../lib/redis/redis-fault.js';
import type { LockAddress, LockReply, StoredBytes } from '../../../lib/redis/redis-commands.interface.js';
import type { Script, ScriptArgument, ScriptReply } from '../../../lib/redis/script.js';
import type { StreamItem } from '../../../lib/redis/scripts.js';
import { append, sync, type Twin } from './journal-twins.js';
import { Keyspace, type Snapshot } from './keyspace.js';
import { acquireLocks as acquireScript } from '../../../lib/redis/scripts.js';
import { acquireLocks, releaseLock, renewLock } from './lock-twins.js';
import { formatId, parseId, type StreamEntry } from './stream.js';

/** Those of the protocol; queues of writes and filters of known ids are tried with the real thing. */
const TWINS = { append, sync, acquireLocks, releaseLock, renewLock } satisfies Partial<
  Record<Script<never, never, unknown>['name'], Twin>
>;
const isTwin = (name: string): name is keyof typeof TWINS => name in TWINS;

/**
 * One Redis server without the network around it: every command is carried out at once and whole, and the same commands
 * at the same times give the same replies. What the server refuses throws a `RedisFault`.
 */
export class SimulatedRedis {
  /** For what somebody else does with the keys. */
  readonly keyspace: Keyspace;
  readonly waiters = new StreamWaiters();

  /** @param now the server's own clock, epoch ms */
  constructor(now: () => number) {
    this.keyspace = new Keyspace(now);
  }

  get(key: string): Buffer | undefined {
    return this.keyspace.get(key);
  }

  getMany(keys: readonly string[]): (Buffer | undefined)[] {
    return keys.map((key) => this.keyspace.get(key));
  }

  set(key: string, bytes: Buffer, ttlMs: number): void {
    this.keyspace.set(key, bytes, ttlMs);
  }

  setMany(entries: readonly StoredBytes[]): void {
    for (const { key, bytes, ttlMs } of entries) this.set(key, bytes, ttlMs);
  }

  expire(key: string, ttlMs: number): void {
    this.keyspace.pexpire(key, ttlMs);
  }

  unlink(key: string): void {
    this.keyspace.del(key);
  }

  acquire({ lock, entry }: LockAddress, token: string, lifeMs: number): LockReply {
    const acquired = this.keyspace.set(lock, Buffer.from(token), lifeMs, { onlyIfAbsent: true });
    return { acquired, found: this.keyspace.get(entry) };
  }

  acquireMany(addresses: readonly LockAddress[], token: string, lifeMs: number): LockReply[] {
    const keys = [...addresses.map(({ lock }) => lock), ...addresses.map(({ entry }) => entry)];
    return this.run(acquireScript, keys, [token, lifeMs]);
  }

  run<Keys extends readonly string[], Arguments extends readonly ScriptArgument[], Result>(
    script: Script<Keys, Arguments, Result>,
    keys: NoInfer<Keys>,
    args: NoInfer<Arguments>,
  ): Result {
    // the queues of writes have none: they are tried with the real thing
    if (!isTwin(script.name)) throw new RedisFault('refused', `the simulated Redis doesn't know ${script.name}`);
    return script.parse(this.reply(script.name, keys, args));
  }

  /** What the server answers to a script, not yet read. */
  reply(name: keyof typeof TWINS, keys: readonly string[], args: readonly ScriptArgument[]): ScriptReply {
    try {
      return asBytes(TWINS[name](this.keyspace, keys, args.map(String)));
    } finally {
      this.waiters.tell(this.keyspace.grown);
    }
  }

  readBack(stream: string, beforeId: string, count: number): readonly StreamItem[] {
    return this.keyspace.xrevrange(stream, `(${beforeId}`, '-', count).map(itemOf);
  }

  /** XREAD, without waiting. */
  readAfter(stream: string, afterId: string, count: number): readonly StreamItem[] {
    return this.keyspace.xrange(stream, `(${afterId}`, '+', count).map(itemOf);
  }

  /** XADD by somebody else. */
  addForeign(stream: string, id: string, ...fields: string[]): void {
    this.keyspace.xadd(stream, formatId(parseId(id)), ...fields);
    this.waiters.tell(this.keyspace.grown);
  }

  delete(key: string): void {
    this.keyspace.del(key);
  }

  flushAll(): void {
    this.keyspace.flushAll();
  }

  /** A copy of everything, which a replica or a backup would have. */
  snapshot(): Snapshot {
    return this.keyspace.snapshot();
  }

  restore(snapshot: Snapshot): void {
    this.keyspace.restore(snapshot);
  }
}

/** Who waits for entries of a stream. Each is told once, after the command that brought one, in the order they came. */
export class StreamWaiters {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** @returns ends the waiting */
  wait(stream: string, grown: () => void): () => void {
    let isOver = false;
    const waiter = (): void => {
      if (!isOver) grown();
    };
    const waiters = this.#waiting.get(stream) ?? new Set();
    this.#waiting.set(stream, waiters.add(waiter));
    return () => {
      isOver = true;
      waiters.delete(waiter);
    };
  }

  /** Empties the set. */
  tell(grown: Set<string>): void {
    if (grown.size === 0) return;
    const told = [...grown].flatMap((stream) => {
      const waiters = this.#waiting.get(stream) ?? [];
      this.#waiting.delete(stream);
      return [...waiters];
    });
    grown.clear();
    for (const waiter of told) waiter();
  }
}

const itemOf = ({ id, fields }: StreamEntry): StreamItem => ({ id: formatId(id), record: Buffer.from(fields[1]!) });

const asBytes = (reply: ScriptReply): ScriptReply => {
  if (typeof reply === 'string') return Buffer.from(reply);
  return Array.isArray(reply) ? (reply as readonly ScriptReply[]).map(asBytes) : reply;
};
