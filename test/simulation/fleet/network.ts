import type {
  JournalFeed,
  LockAddress,
  LockReply,
  RedisBackend,
  RedisCommands,
  ReplicatedReply,
  StoredBytes,
} from '../../../lib/redis/redis-commands.interface.js';
import { RedisFault } from '../../../lib/redis/redis-fault.js';
import type { Script, ScriptArgument } from '../../../lib/redis/script.js';
import type { StreamItem } from '../../../lib/redis/scripts.js';
import { SimulatedRedis } from '../redis/simulated-redis.js';
import type { World } from '../world.js';
import type { SimulatedProcess } from './simulated-process.js';

const unreachable = (why: string): RedisFault => new RedisFault('unreachable', why);

/** A server with what can happen to it. */
export class SimulatedServer {
  readonly redis: SimulatedRedis;
  /** How far its clock is ahead of the world's, ms. */
  clockOffsetMs = 0;
  /** Cut off from its replicas, and told to mind that. */
  refusesWrites = false;
  /** Whether a replica gets what is written. */
  replicates = true;
  /** How often a read is answered by a replica that lags. */
  laggingReads = 0;
  #frozen = false;
  #held: (() => void)[] = [];
  readonly #before = new Map<string, Buffer | undefined>();

  constructor(private readonly world: World) {
    this.redis = new SimulatedRedis(() => world.now() + this.clockOffsetMs);
  }

  /** A command has arrived. */
  deliver(execute: () => void): void {
    if (this.#frozen) this.#held.push(execute);
    else execute();
  }

  freeze(ms: number): void {
    this.#frozen = true;
    this.world.after(ms, () => {
      this.#frozen = false;
      for (const execute of this.#held.splice(0)) execute();
    });
  }

  get(key: string): Buffer | undefined {
    const isOld = this.laggingReads > 0 && this.#before.has(key) && this.world.random() < this.laggingReads;
    return isOld ? this.#before.get(key) : this.redis.get(key);
  }

  set(key: string, bytes: Buffer, ttlMs: number): void {
    this.mayWrite();
    this.#before.set(key, this.redis.get(key));
    this.redis.set(key, bytes, ttlMs);
  }

  mayWrite(): void {
    if (this.refusesWrites) throw unreachable('NOREPLICAS Not enough good replicas to write.');
  }
}

/** How a link behaves at the moment. */
export interface Weather {
  /** Longest time a message takes, ms. */
  readonly latencyMs: number;
  /** How often a command takes so long that nobody waits for it any more, and is carried out all the same. */
  readonly lateness: number;
  /** When that is over, by the world's clock. */
  readonly calmFrom: number;
}

/** One connection of one process. */
export class Link {
  #up = true;
  /** Messages vanish and nobody is told. */
  #halfOpen = false;
  #generation = 0;
  /** Where the next connection leads. */
  #next: SimulatedServer;
  #lastArrival = 0;
  #lastReply = 0;
  readonly #waiting = new Set<(fault: RedisFault) => void>();
  readonly #readyListeners: (() => void)[] = [];

  constructor(
    private readonly world: World,
    private readonly process: SimulatedProcess,
    private server: SimulatedServer,
    private readonly weather: Weather,
  ) {
    this.#next = server;
  }

  onReady(listener: () => void): void {
    this.#readyListeners.push(listener);
  }

  get isUp(): boolean {
    return this.#up;
  }

  get isHalfOpen(): boolean {
    return this.#halfOpen;
  }

  /** Everybody who waits is told, and for a while there is no connection. */
  reset(downMs: number, server = this.#next): void {
    this.#up = false;
    this.#next = server;
    const generation = ++this.#generation;
    for (const fail of this.#waiting) this.process.run(() => fail(unreachable('the connection was reset')));
    this.#waiting.clear();
    this.world.after(downMs, () => {
      if (generation !== this.#generation) return;
      this.server = server;
      this.#up = true;
      for (const listener of this.#readyListeners) this.process.run(listener);
    });
  }

  /** Nothing comes through, and the connection looks fine. */
  swallow(ms: number): void {
    this.#halfOpen = true;
    this.world.after(ms, () => {
      this.#halfOpen = false;
      this.reset(this.world.upTo(20));
    });
  }

  /** Carries a command there and its answer back. */
  send<T>(execute: (server: SimulatedServer, answer: (value: T) => void) => void): Promise<T> {
    if (!this.#up) return Promise.reject(unreachable('there is no connection'));
    const { server, world } = this;
    const generation = this.#generation;
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      const back = (deliver: () => void): void => {
        this.#lastReply = Math.max(this.#lastReply, world.now() + this.#delay());
        world.after(this.#lastReply - world.now(), () => {
          if (generation !== this.#generation || this.#halfOpen) return;
          this.process.run(() => {
            this.#waiting.delete(reject);
            deliver();
          });
        });
      };
      const { lateness, calmFrom } = this.weather;
      const isLate = lateness > 0 && world.now() < calmFrom && world.random() < lateness;
      if (!isLate) this.#lastArrival = Math.max(this.#lastArrival, world.now() + this.#delay());
      const arrival = isLate ? world.now() + 100 + world.upTo(400) : this.#lastArrival;
      world.after(arrival - world.now(), () => {
        // what was on its way when the connection broke may get there or not
        if (this.#halfOpen || (generation !== this.#generation && world.random() < 0.5)) return;
        server.deliver(() => {
          try {
            execute(server, (value) => back(() => resolve(value)));
          } catch (error) {
            back(() => reject(error));
          }
        });
      });
    });
  }

  #delay(): number {
    return this.world.random() * this.weather.latencyMs;
  }
}

/** The port, over a link. */
export class SimulatedCommands implements RedisCommands {
  constructor(private readonly link: Link) {}

  get(key: string): Promise<Buffer | undefined> {
    return this.#ask((server) => server.get(key));
  }

  getMany(keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    return this.#ask((server) => keys.map((key) => server.get(key)));
  }

  set(key: string, bytes: Buffer, ttlMs: number): Promise<void> {
    return this.#ask((server) => server.set(key, bytes, ttlMs));
  }

  setMany(entries: readonly StoredBytes[]): Promise<void> {
    return this.#ask((server) => {
      for (const { key, bytes, ttlMs } of entries) server.set(key, bytes, ttlMs);
    });
  }

  expire(key: string, ttlMs: number): Promise<void> {
    return this.#ask((server) => {
      server.mayWrite();
      server.redis.expire(key, ttlMs);
    });
  }

  unlink(key: string): Promise<void> {
    return this.#ask((server) => {
      server.mayWrite();
      server.redis.unlink(key);
    });
  }

  acquire(address: LockAddress, token: string, lifeMs: number): Promise<LockReply> {
    return this.#ask((server) => {
      server.mayWrite();
      return server.redis.acquire(address, token, lifeMs);
    });
  }

  acquireMany(addresses: readonly LockAddress[], token: string, lifeMs: number): Promise<LockReply[]> {
    return this.#ask((server) => {
      server.mayWrite();
      return server.redis.acquireMany(addresses, token, lifeMs);
    });
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
    return this.#ask((server) => {
      server.mayWrite();
      return server.redis.run(script, keys, args);
    });
  }

  runReplicated<Keys extends readonly string[], Arguments extends readonly ScriptArgument[], Result>(
    script: Script<Keys, Arguments, Result>,
    keys: NoInfer<Keys>,
    args: NoInfer<Arguments>,
  ): Promise<ReplicatedReply<Result>> {
    return this.#ask((server) => {
      server.mayWrite();
      return { result: server.redis.run(script, keys, args), replicas: server.replicates ? 1 : 0 };
    });
  }

  readBack(stream: string, beforeId: string, count: number): Promise<readonly StreamItem[]> {
    return this.#ask(({ redis }) => redis.readBack(stream, beforeId, count));
  }

  #ask<T>(execute: (server: SimulatedServer) => T): Promise<T> {
    return this.link.send<T>((server, answer) => answer(execute(server)));
  }
}

/** The blocking read, over a link of its own. */
export class SimulatedFeed implements JournalFeed {
  constructor(
    private readonly link: Link,
    private readonly world: World,
    private readonly process: SimulatedProcess,
  ) {}

  read(stream: string, afterId: string, blockMs: number): Promise<readonly StreamItem[]> {
    const reply = this.link.send<readonly StreamItem[]>(({ redis }, answer) => {
      const found = redis.readAfter(stream, afterId, 1_000);
      if (found.length > 0) return answer(found);
      let over = false;
      const end = (items: readonly StreamItem[]): void => {
        if (over) return;
        over = true;
        answer(items);
      };
      redis.waiters.wait(stream, () => end(redis.readAfter(stream, afterId, 1_000)));
      this.world.after(blockMs, () => end([]));
    });
    // a read that was cut off is given up by the one who waits
    const deadline = new Promise<never>((_, reject) => {
      this.process.runtime.after(blockMs + 1_000, () => {
        if (this.link.isUp) this.link.reset(10);
        reject(unreachable('no answer to a blocking read'));
      });
    });
    deadline.catch(() => undefined);
    // some clients take silence for "no records"
    const silence = new Promise<readonly StreamItem[]>((resolve) => {
      this.process.runtime.after(blockMs, () => {
        if (this.link.isHalfOpen) resolve([]);
      });
    });
    return Promise.race([reply, deadline, silence]);
  }
}

/** Both connections of a process. */
export class SimulatedBackend implements RedisBackend {
  readonly commands: RedisCommands;
  readonly feed: JournalFeed;
  readonly keyPrefix = '';
  readonly pageSize: number;
  readonly commandLink: Link;
  readonly feedLink: Link;

  constructor(
    world: World,
    process: SimulatedProcess,
    server: SimulatedServer,
    weather: Weather & { readonly pageSize: number },
  ) {
    this.pageSize = weather.pageSize;
    this.commandLink = new Link(world, process, server, weather);
    this.feedLink = new Link(world, process, server, { ...weather, lateness: 0 });
    this.commands = new SimulatedCommands(this.commandLink);
    this.feed = new SimulatedFeed(this.feedLink, world, process);
  }

  onReady(listener: () => void): void {
    this.commandLink.onReady(listener);
    this.feedLink.onReady(listener);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  reset(downMs: number, server?: SimulatedServer): void {
    this.commandLink.reset(downMs, server);
    this.feedLink.reset(downMs, server);
  }
}
