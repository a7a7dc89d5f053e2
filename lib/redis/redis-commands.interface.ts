import type { Script, ScriptArgument } from './script.js';
import type { LockReply, StreamItem } from './scripts.js';

export type { LockReply } from './scripts.js';

/** Where the right to load an entry lies, and the entry. */
export interface LockAddress {
  readonly lock: string;
  readonly entry: string;
  /** Both are in one slot of a cluster. */
  readonly beside: boolean;
}

/** Bytes on their way under a key. */
export interface StoredBytes {
  readonly key: string;
  readonly bytes: Buffer;
  readonly ttlMs: number;
}

/**
 * The few commands that the shared tier, the journal and the load lock are made of. Keys are complete.
 * Every method rejects with a `RedisFault` when there is no answer, or one that says no.
 */
export interface RedisCommands {
  /** GET */
  get(key: string): Promise<Buffer | undefined>;
  /** GET for each key, in one round trip for each part of a cluster; in the order of the keys. */
  getMany(keys: readonly string[]): Promise<(Buffer | undefined)[]>;
  /** SET … PX */
  set(key: string, bytes: Buffer, ttlMs: number): Promise<void>;
  /** SET … PX for each, without waiting in between; rejects with the first fault. */
  setMany(entries: readonly StoredBytes[]): Promise<void>;
  /** PEXPIRE */
  expire(key: string, ttlMs: number): Promise<void>;
  /** UNLINK */
  unlink(key: string): Promise<void>;
  /** SET … NX PX on the lock, and then GET of the entry; in one round trip where both lie in one slot. */
  acquire(address: LockAddress, token: string, lifeMs: number): Promise<LockReply>;
  /** `acquire` for several: one script, or one for each slot of a cluster; in the order of the addresses. */
  acquireMany(addresses: readonly LockAddress[], token: string, lifeMs: number): Promise<LockReply[]>;
  /** A script for keys that lie anywhere: run once, or once for each slot of a cluster. @returns whether one said yes */
  runForEach<Arguments extends readonly ScriptArgument[]>(
    script: Script<readonly string[], Arguments, boolean>,
    keys: readonly string[],
    args: NoInfer<Arguments>,
  ): Promise<boolean>;
  /** EVALSHA, and EVAL where the server doesn't know the script yet. */
  run<Keys extends readonly string[], Arguments extends readonly ScriptArgument[], Result>(
    script: Script<Keys, Arguments, Result>,
    keys: NoInfer<Keys>,
    args: NoInfer<Arguments>,
    options?: RunOptions,
  ): Promise<Result>;
  /** The same, followed by WAIT for one replica, on a connection of its own: it would hold up every other command. */
  runReplicated<Keys extends readonly string[], Arguments extends readonly ScriptArgument[], Result>(
    script: Script<Keys, Arguments, Result>,
    keys: NoInfer<Keys>,
    args: NoInfer<Arguments>,
    waitMs: number,
  ): Promise<ReplicatedReply<Result>>;
  /** XREVRANGE: records before a position, newest first. */
  readBack(stream: string, beforeId: string, count: number): Promise<readonly StreamItem[]>;
}

export interface RunOptions {
  /** Sent even when nothing else is, to find out whether the server is back. */
  readonly probe?: boolean;
}

/** What a script answered, and how many replicas have its writes by then. */
export interface ReplicatedReply<Result> {
  readonly result: Result;
  readonly replicas: number;
}

/** The blocking read of the journal, on a connection of its own. */
export interface JournalFeed {
  /**
   * XREAD BLOCK: records behind an id, oldest first; empty when none came in time.
   * Rejects with a `RedisFault`; a read that was cut off rejects as well, within a second of `blockMs`.
   */
  read(stream: string, afterId: string, blockMs: number): Promise<readonly StreamItem[]>;
}

/** A Redis as a registration uses it. */
export interface RedisBackend {
  readonly commands: RedisCommands;
  readonly feed: JournalFeed;
  /** What the keys of the client begin with before ours are added, so that keys of one slot can be made. */
  readonly keyPrefix: string;
  /** Records of the journal that are asked for at a time. Default 1,000. */
  readonly pageSize?: number;
  /** A blocking read on one more connection, opened when it is asked for and ended with the others. */
  openFeed?(): JournalFeed;
  /** INFO: what the server says of itself, to warn of settings that will hurt. */
  info?(): Promise<string>;
  /** Called whenever a connection has become usable, also the first time. */
  onReady(listener: () => void): void;
  /** Ends what was opened here; clients that were handed in stay open. */
  close(): Promise<void>;
}
