import type {
  JournalFeed,
  LockAddress,
  LockReply,
  RedisCommands,
  ReplicatedReply,
  StoredBytes,
} from '../../lib/redis/redis-commands.interface.js';
import { RedisFault } from '../../lib/redis/redis-fault.js';
import type { Script, ScriptArgument } from '../../lib/redis/script.js';
import type { StreamItem } from '../../lib/redis/scripts.js';
import { SimulatedRedis } from '../simulation/redis/simulated-redis.js';

/** A command that was carried out and whose answer is held back. */
export interface HeldReply {
  readonly command: string;
  deliver(): void;
  /** The connection breaks before it arrives. */
  lose(): void;
}

type Mode = 'answers' | 'holds' | 'fails' | 'never answers';

/** A simulated server behind a gate: each command is carried out at once, and the test says what becomes of its answer. */
export class GatedRedis implements RedisCommands {
  mode: Mode = 'answers';
  /** Commands that fail whatever the mode, with the fault they fail with. */
  readonly faults = new Map<string, RedisFault>();
  readonly sent: string[] = [];
  readonly held: HeldReply[] = [];

  constructor(readonly redis: SimulatedRedis) {}

  /** How often a command was sent. */
  count(command: string): number {
    return this.sent.filter((sent) => sent === command).length;
  }

  get(key: string): Promise<Buffer | undefined> {
    return this.#send('get', () => this.redis.get(key));
  }

  getMany(keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    return this.#send('getMany', () => this.redis.getMany(keys));
  }

  set(key: string, bytes: Buffer, ttlMs: number): Promise<void> {
    return this.#send('set', () => this.redis.set(key, bytes, ttlMs));
  }

  setMany(entries: readonly StoredBytes[]): Promise<void> {
    return this.#send('setMany', () => this.redis.setMany(entries));
  }

  expire(key: string, ttlMs: number): Promise<void> {
    return this.#send('expire', () => this.redis.expire(key, ttlMs));
  }

  unlink(key: string): Promise<void> {
    return this.#send('unlink', () => this.redis.unlink(key));
  }

  acquire(address: LockAddress, token: string, lifeMs: number): Promise<LockReply> {
    return this.#send('acquire', () => this.redis.acquire(address, token, lifeMs));
  }

  acquireMany(addresses: readonly LockAddress[], token: string, lifeMs: number): Promise<LockReply[]> {
    return this.#send('acquireMany', () => this.redis.acquireMany(addresses, token, lifeMs));
  }

  runForEach<Arguments extends readonly ScriptArgument[]>(
    script: Script<readonly string[], Arguments, boolean>,
    keys: readonly string[],
    args: NoInfer<Arguments>,
  ): Promise<boolean> {
    return this.run(script, keys, args);
  }

  run<Keys extends readonly string[], Arguments extends readonly ScriptArgument[], Result>(
    script: Script<Keys, Arguments, Result>,
    keys: NoInfer<Keys>,
    args: NoInfer<Arguments>,
  ): Promise<Result> {
    return this.#send(script.name, () => this.redis.run(script, keys, args));
  }

  runReplicated<Keys extends readonly string[], Arguments extends readonly ScriptArgument[], Result>(
    script: Script<Keys, Arguments, Result>,
    keys: NoInfer<Keys>,
    args: NoInfer<Arguments>,
  ): Promise<ReplicatedReply<Result>> {
    return this.#send('runReplicated', () => ({ result: this.redis.run(script, keys, args), replicas: 1 }));
  }

  readBack(stream: string, beforeId: string, count: number): Promise<readonly StreamItem[]> {
    return this.#send('readBack', () => this.redis.readBack(stream, beforeId, count));
  }

  #send<T>(command: string, execute: () => T): Promise<T> {
    this.sent.push(command);
    const fault = this.faults.get(command);
    if (fault !== undefined) return Promise.reject(fault);
    if (this.mode === 'fails') return Promise.reject(new RedisFault('unreachable', 'there is no connection'));
    if (this.mode === 'never answers') return new Promise(() => undefined);
    const value = execute();
    if (this.mode === 'answers') return Promise.resolve(value);
    return new Promise((resolve, reject) =>
      this.held.push({
        command,
        deliver: () => resolve(value),
        lose: () => reject(new RedisFault('unreachable', 'the connection was reset')),
      }),
    );
  }
}

interface FeedRead {
  readonly stream: string;
  readonly afterId: string;
  readonly resolve: (items: readonly StreamItem[]) => void;
  readonly reject: (fault: RedisFault) => void;
}

/** A blocking read that ends when the test says so. */
export class GatedFeed implements JournalFeed {
  readonly reads: FeedRead[] = [];
  count = 0;

  constructor(private readonly redis: SimulatedRedis) {}

  read(stream: string, afterId: string): Promise<readonly StreamItem[]> {
    this.count++;
    return new Promise((resolve, reject) => this.reads.push({ stream, afterId, resolve, reject }));
  }

  /** Gives whoever is waiting what there is. */
  push(): void {
    for (const { stream, afterId, resolve } of this.reads.splice(0)) {
      resolve(this.redis.readAfter(stream, afterId, 1_000));
    }
  }

  fail(fault = new RedisFault('unreachable', 'the connection was reset')): void {
    for (const { reject } of this.reads.splice(0)) reject(fault);
  }
}
