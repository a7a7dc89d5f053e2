import type { Duration } from './duration.js';

/**
 * What the cache needs of a client of your own: an ioredis `Redis` or `Cluster`, of major 5 or 6. Its options stay as
 * they are, no command is defined on it, and it is never closed. Connections that wait for something are duplicates of it.
 */
export interface RedisClientLike {
  readonly status: string;
  readonly isCluster: boolean;
  readonly options: { readonly keyPrefix?: string | undefined };
  callBuffer(command: string, ...args: (string | Buffer | number)[]): Promise<unknown>;
  pipeline(commands: unknown[][]): { exec(): Promise<[error: Error | null, result: unknown][] | null> };
  duplicate(first?: object, second?: object): RedisClientLike;
  connect(): Promise<unknown>;
  disconnect(): void;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** Where a server listens. */
export interface RedisNode {
  readonly host: string;
  /** Default 6379, of a sentinel 26379. */
  readonly port?: number | undefined;
}

/**
 * Passed on to ioredis: whatever its `RedisOptions` have (`ClusterOptions` go into `clusterOptions`). What keeps a
 * command from waiting for a server that is away is set by the cache and can't be changed: the offline queue, retries
 * of commands and `lazyConnect`.
 */
export interface RedisDriverOptions {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Number of the database. Default 0; a cluster has no other. */
  readonly db?: number | undefined;
  /** Options of `tls.connect`; `{}` for TLS without anything special. */
  readonly tls?: object | undefined;
  /** Put in front of every key by the client. */
  readonly keyPrefix?: string | undefined;
  /** Shown by `CLIENT LIST`. */
  readonly connectionName?: string | undefined;
  readonly sentinelUsername?: string | undefined;
  readonly sentinelPassword?: string | undefined;
  /** From the addresses that a cluster or a sentinel tells to those that can be reached from here. */
  readonly natMap?: Readonly<Record<string, { host: string; port: number }>> | undefined;
  /** With `cluster`: options of the `Cluster` itself, for example `dnsLookup` or `slotsRefreshInterval`. */
  readonly clusterOptions?: Readonly<Record<string, unknown>> | undefined;
  readonly [option: string]: unknown;
}

/** What can be said of every kind of Redis. */
export interface RedisCommonOptions {
  /** How long a command may take before the cache goes on without it. Default 250 ms. */
  readonly commandTimeout?: Duration | undefined;
  /** Whether the application refuses to start while Redis is away. Default false. */
  readonly required?: boolean | undefined;
  /** When Redis is given up for a while, and how often it is tried whether it is back. */
  readonly breaker?: BreakerOptions | undefined;
}

export interface BreakerOptions {
  /** Failures in a row after which nobody waits for Redis any more. Default 5. */
  readonly failures?: number | undefined;
  /** Default 1 s. */
  readonly probeEvery?: Duration | undefined;
}

/** A server by its address. */
export interface RedisUrlOptions extends RedisCommonOptions {
  /** `redis://` or, with TLS, `rediss://`, for example `redis://user:secret@cache.example.org:6379/0`. */
  readonly url: string;
  readonly options?: RedisDriverOptions | undefined;
}

/** A server by host and port. */
export interface RedisHostOptions extends RedisCommonOptions, RedisNode {
  readonly options?: RedisDriverOptions | undefined;
}

/** A client that the application has already, for everything that doesn't wait. */
export interface RedisClientOptions extends RedisCommonOptions {
  readonly client: RedisClientLike;
}

/** A Redis Cluster. */
export interface RedisClusterOptions extends RedisCommonOptions {
  /** Some of its nodes; the others are found through them. */
  readonly cluster: readonly RedisNode[];
  readonly options?: RedisDriverOptions | undefined;
}

/** A master that sentinels watch. */
export interface RedisSentinelOptions extends RedisCommonOptions {
  readonly sentinels: readonly RedisNode[];
  /** The name that the sentinels know the master by. */
  readonly name: string;
  readonly options?: RedisDriverOptions | undefined;
}

/**
 * Which Redis the processes of an application share.
 *
 * @example `{ url: 'redis://localhost:6379' }`
 * @example `{ cluster: [{ host: 'a' }, { host: 'b' }], options: { password, tls: {} } }`
 * @example `{ client: myIoredisClient, commandTimeout: '100ms' }`
 */
export type RedisOptions =
  RedisUrlOptions | RedisHostOptions | RedisClientOptions | RedisClusterOptions | RedisSentinelOptions;

/** Which Redis, with exactly one way to it. */
export type RedisTarget =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'host'; readonly host: string; readonly port: number }
  | { readonly kind: 'client'; readonly client: RedisClientLike }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisNode[] }
  | { readonly kind: 'sentinel'; readonly sentinels: readonly RedisNode[]; readonly name: string };

/** What holds: complete and in milliseconds. */
export interface ResolvedRedisOptions {
  readonly target: RedisTarget;
  readonly commandTimeoutMs: number;
  readonly required: boolean;
  readonly breakerFailures: number;
  readonly probeEveryMs: number;
  readonly options: RedisDriverOptions;
}
