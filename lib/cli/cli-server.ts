import type { Runtime } from '../cache.runtime.js';
import { EntryCipher } from '../entry/entry-cipher.js';
import type { EntryEncryption } from '../entry/entry-codec.js';
import type { RedisClientLike } from '../options/redis-options.interface.js';
import { GuardedCommands } from '../redis/guarded-commands.js';
import { HeldClient } from '../redis/held-client.js';
import { addressOf, clientFactory, loadIoredis, type OpenClient } from '../redis/ioredis-clients.js';
import { IoredisCommands } from '../redis/ioredis.commands.js';
import { IoredisFeed } from '../redis/ioredis.feed.js';
import type { JournalFeed } from '../redis/redis-commands.interface.js';
import { RedisFault } from '../redis/redis-fault.js';
import { RedisKeys } from '../redis/redis-keys.js';
import { codeOf, faultOf } from '../redis/server-reply.js';
import type { Target } from './target.js';

/** A server of its own, or a master of a cluster. */
export type RedisNodeClient = Pick<RedisClientLike, 'callBuffer' | 'pipeline'>;

interface ClusterClient extends RedisClientLike {
  readonly slots: readonly (readonly string[])[];
  nodes(role: 'master'): readonly (RedisClientLike & { readonly options: { host?: string; port?: number } })[];
}

export type CommandWords = readonly (string | number | Buffer)[];

/** As many failures as there may be: a command line tries what it is told to. */
const NO_BREAKER = Number.MAX_SAFE_INTEGER;

/** The server a command looks at. Every method rejects with a `RedisFault` when there is no answer in time. */
export class CliServer {
  /** With the commands of the package; their client puts the prefix in front of keys. */
  readonly commands: GuardedCommands;
  readonly keys: RedisKeys;
  readonly #clients: HeldClient[];
  #feed: JournalFeed | undefined;

  private constructor(
    readonly target: Target,
    readonly runtime: Runtime,
    /** It knows of no prefix: names of keys are complete. */
    private readonly plain: HeldClient,
    private readonly prefixed: HeldClient,
    private readonly open: OpenClient,
  ) {
    this.#clients = plain === prefixed ? [plain] : [plain, prefixed];
    this.keys = new RedisKeys(target.namespace, target.keyPrefix);
    const guard = { deadlineMs: target.timeoutMs, breakerFailures: NO_BREAKER, probeEveryMs: target.timeoutMs };
    this.commands = new GuardedCommands(new IoredisCommands(prefixed, () => prefixed), runtime, guard, () => {});
  }

  /** Resolves when it can be used. @throws RedisFault when it can't */
  static async open(target: Target, runtime: Runtime): Promise<CliServer> {
    const open = opener(target, await loadIoredis());
    const plain = new HeldClient(() => open.plain('commands'), true);
    const prefixed = target.keyPrefix === '' ? plain : new HeldClient(() => open.prefixed('commands'), true);
    const server = new CliServer(target, runtime, plain, prefixed, open.prefixed);
    try {
      for (const client of server.#clients) await client.whenUsable(target.timeoutMs);
      return server;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  /** Without anything secret. */
  get address(): string {
    return addressOf(this.target.redis);
  }

  get isCluster(): boolean {
    return this.plain.isCluster;
  }

  /** The blocking read, on a connection of its own. */
  get feed(): JournalFeed {
    if (this.#feed === undefined) {
      const client = new HeldClient(() => this.open('feed'), true);
      this.#clients.push(client);
      this.#feed = { read: async (...args) => client.whenUsable(this.target.timeoutMs).then(() => feed.read(...args)) };
      const feed = new IoredisFeed(client);
    }
    return this.#feed;
  }

  /** The name of a key of ours on the server. */
  full(key: string): string {
    return this.target.keyPrefix + key;
  }

  /** A command about a key, whose name is complete. */
  async call(...words: CommandWords): Promise<unknown> {
    return this.ask(this.plain.usable, ...words);
  }

  async ask(node: RedisNodeClient, ...[command, ...args]: CommandWords): Promise<unknown> {
    return this.#inTime(node.callBuffer(String(command), ...args));
  }

  /** Commands at once, to one node; one that fails is `undefined`. @throws RedisFault for what this user may not do */
  async askMany(node: RedisNodeClient, commands: readonly CommandWords[]): Promise<unknown[]> {
    if (commands.length === 0) return [];
    const calls = commands.map(([command, ...args]) => ['callBuffer', command, ...args]);
    const replies = await this.#inTime(node.pipeline(calls).exec());
    return (replies ?? []).map(([error, reply]) => {
      if (codeOf(error) === 'NOPERM') throw faultOf(error);
      return error === null ? reply : undefined;
    });
  }

  /** Every server that holds keys. */
  masters(): readonly RedisNodeClient[] {
    const client = this.plain.usable;
    return client.isCluster ? (client as ClusterClient).nodes('master') : [client];
  }

  /** The one that has the journal. */
  async journalNode(): Promise<RedisNodeClient> {
    const client = this.plain.usable;
    if (!client.isCluster) return client;
    const cluster = client as ClusterClient;
    const slot = Number(await this.call('CLUSTER', 'KEYSLOT', this.full(this.keys.clock)));
    const owner = cluster.slots[slot]?.[0];
    const node = cluster.nodes('master').find(({ options }) => `${options.host}:${options.port}` === owner);
    if (node === undefined) throw new RedisFault('unreachable', `no node serves slot ${slot}, where the journal is`);
    return node;
  }

  /** Its clock, epoch ms. */
  async now(): Promise<number> {
    const [seconds, micros] = (await this.ask(await this.journalNode(), 'TIME')) as [Buffer, Buffer];
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  }

  /** What opens the entries of a cache; `undefined` without keys. */
  encryptionOf(cache: string): EntryEncryption | undefined {
    const { encryption, namespace } = this.target;
    if (encryption === undefined) return undefined;
    return { cipher: new EntryCipher(encryption, namespace, cache), required: false };
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map(async (client) => client.close()));
  }

  async #inTime<T>(reply: Promise<T>): Promise<T> {
    const { timeoutMs } = this.target;
    let cancel = (): void => {};
    const overdue = new Promise<never>((_, reject) => {
      const fault = new RedisFault('timeout', `no answer from Redis within ${timeoutMs} ms`);
      const timer = this.runtime.after(timeoutMs, () => reject(fault));
      cancel = () => timer.cancel();
    });
    try {
      return await Promise.race([reply, overdue]);
    } catch (error) {
      throw faultOf(error);
    } finally {
      cancel();
    }
  }
}

function opener({ redis, keyPrefix }: Target, ioredis: Awaited<ReturnType<typeof loadIoredis>>) {
  const options = { ...redis.options, ...(keyPrefix === '' ? {} : { keyPrefix }) };
  return {
    plain: clientFactory(redis, ioredis),
    prefixed: clientFactory({ ...redis, options }, ioredis),
  };
}
