import type { Runtime } from '../cache.runtime.js';
import { Breaker } from '../policy/breaker.js';
import { Histogram, type HistogramSnapshot } from '../policy/histogram.js';
import { Deadlines } from './deadlines.js';
import type {
  LockAddress,
  LockReply,
  RedisCommands,
  ReplicatedReply,
  RunOptions,
  StoredBytes,
} from './redis-commands.interface.js';
import { RedisFault } from './redis-fault.js';
import type { Script, ScriptArgument } from './script.js';
import type { StreamItem } from './scripts.js';

export interface GuardOptions {
  /** Longest wait for an answer. */
  readonly deadlineMs: number;
  /** Failures in a row after which nothing is sent any more. */
  readonly breakerFailures: number;
  /** How often it is tried whether the server is back. */
  readonly probeEveryMs: number;
}

/** How the server answers. */
export interface RedisStatus {
  /** Whether the last command was answered, and it isn't given up. */
  readonly reachable: boolean;
  /** `open`: given up, but for probes. */
  readonly breaker: 'closed' | 'open';
  /** How often it was given up. */
  readonly opened: number;
  /** Commands that were sent and have ended. */
  readonly commands: number;
  /** Those without an answer in time, those that the connection lost, and those that the server refused. */
  readonly failures: Readonly<Record<RedisFault['kind'], number>>;
  /** Not sent, because the server was given up. */
  readonly skipped: number;
  /** What commands took, failing ones included. */
  readonly times: HistogramSnapshot;
}

/** Told when the server is given up, and after which fault, and when it is back. */
export type ReachabilityListener = (reachable: boolean, fault: RedisFault | undefined) => void;

/** Commands that come to an end: each has a deadline, and once the server is known to be away nobody waits for it. */
export class GuardedCommands implements RedisCommands {
  readonly #deadlines: Deadlines;
  /** For commands that wait for a replica as well. */
  readonly #patientDeadlines: Deadlines;
  readonly #breaker: Breaker;
  /** Whether the last command was answered. */
  #answered = true;
  readonly #times = new Histogram();
  readonly #failures: Record<RedisFault['kind'], number> = { timeout: 0, unreachable: 0, refused: 0 };
  #opened = 0;
  #skipped = 0;
  /** Made once for an outage: every read is given it. */
  #away = new RedisFault('unreachable', 'Redis is away');

  constructor(
    private readonly inner: RedisCommands,
    private readonly runtime: Runtime,
    private readonly options: GuardOptions,
    private readonly listener: ReachabilityListener,
  ) {
    this.#deadlines = new Deadlines(runtime, options.deadlineMs);
    this.#patientDeadlines = new Deadlines(runtime, 2 * options.deadlineMs);
    this.#breaker = new Breaker({ failures: options.breakerFailures, probeEveryMs: options.probeEveryMs });
  }

  /** Whether asking is likely to be of use. */
  get isReachable(): boolean {
    return this.#answered && !this.#breaker.isOpen;
  }

  /** Whether the server is given up, but for probes. */
  get isOpen(): boolean {
    return this.#breaker.isOpen;
  }

  status(): RedisStatus {
    return {
      reachable: this.isReachable,
      breaker: this.isOpen ? 'open' : 'closed',
      opened: this.#opened,
      commands: this.#times.count,
      failures: { ...this.#failures },
      skipped: this.#skipped,
      times: this.#times.snapshot(),
    };
  }

  /** A connection has come up: the next probe is due at once. */
  invite(): void {
    this.#breaker.invite();
  }

  get(key: string): Promise<Buffer | undefined> {
    return this.#guard(() => this.inner.get(key));
  }

  getMany(keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    return this.#guard(() => this.inner.getMany(keys));
  }

  set(key: string, bytes: Buffer, ttlMs: number): Promise<void> {
    return this.#guard(() => this.inner.set(key, bytes, ttlMs));
  }

  setMany(entries: readonly StoredBytes[]): Promise<void> {
    return this.#guard(() => this.inner.setMany(entries));
  }

  expire(key: string, ttlMs: number): Promise<void> {
    return this.#guard(() => this.inner.expire(key, ttlMs));
  }

  unlink(key: string): Promise<void> {
    return this.#guard(() => this.inner.unlink(key));
  }

  acquire(address: LockAddress, token: string, lifeMs: number): Promise<LockReply> {
    return this.#guard(() => this.inner.acquire(address, token, lifeMs));
  }

  acquireMany(addresses: readonly LockAddress[], token: string, lifeMs: number): Promise<LockReply[]> {
    return this.#guard(() => this.inner.acquireMany(addresses, token, lifeMs));
  }

  runForEach<Arguments extends readonly ScriptArgument[]>(
    script: Script<readonly string[], Arguments, boolean>,
    keys: readonly string[],
    args: NoInfer<Arguments>,
  ): Promise<boolean> {
    return this.#guard(() => this.inner.runForEach(script, keys, args));
  }

  run<Keys extends readonly string[], Arguments extends readonly ScriptArgument[], Result>(
    script: Script<Keys, Arguments, Result>,
    keys: NoInfer<Keys>,
    args: NoInfer<Arguments>,
    options?: RunOptions,
  ): Promise<Result> {
    return this.#guard(() => this.inner.run(script, keys, args), options?.probe === true);
  }

  runReplicated<Keys extends readonly string[], Arguments extends readonly ScriptArgument[], Result>(
    script: Script<Keys, Arguments, Result>,
    keys: NoInfer<Keys>,
    args: NoInfer<Arguments>,
    waitMs: number,
  ): Promise<ReplicatedReply<Result>> {
    return this.#guard(() => this.inner.runReplicated(script, keys, args, waitMs), false, this.#patientDeadlines);
  }

  readBack(stream: string, beforeId: string, count: number): Promise<readonly StreamItem[]> {
    return this.#guard(() => this.inner.readBack(stream, beforeId, count));
  }

  #guard<T>(send: () => Promise<T>, isProbe = false, deadlines = this.#deadlines): Promise<T> {
    const begun = this.runtime.monotonic();
    if (!this.#breaker.admits(isProbe, begun)) {
      this.#skipped++;
      return Promise.reject(this.#away);
    }
    return new Promise<T>((resolve, reject) => {
      const awaited = deadlines.begin(() => {
        const fault = new RedisFault('timeout', `no answer from Redis within ${deadlines.afterMs} ms`);
        this.#ended(begun, fault);
        reject(fault);
      });
      send().then(
        (value) => {
          if (awaited.over) return;
          awaited.over = true;
          this.#ended(begun, undefined);
          resolve(value);
        },
        (error: unknown) => {
          if (awaited.over) return;
          awaited.over = true;
          const fault = error instanceof RedisFault ? error : new RedisFault('unreachable', String(error));
          this.#ended(begun, fault);
          reject(fault);
        },
      );
    });
  }

  #ended(begun: number, fault: RedisFault | undefined): void {
    this.#times.note(this.runtime.monotonic() - begun);
    if (fault !== undefined) this.#failures[fault.kind]++;
    if (fault?.isOutage === true) this.#failed(fault);
    else this.#succeeded();
  }

  #succeeded(): void {
    this.#answered = true;
    if (this.#breaker.succeeded()) this.listener(true, undefined);
  }

  #failed(fault: RedisFault): void {
    this.#answered = false;
    if (!this.#breaker.failed(this.runtime.monotonic())) return;
    this.#opened++;
    this.#away = new RedisFault('unreachable', `Redis is away: ${fault.message}`);
    this.listener(false, fault);
  }
}
