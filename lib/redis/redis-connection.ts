import type { ResolvedRedisOptions } from '../options/redis-options.interface.js';
import { HeldClient, type ConnectionListener } from './held-client.js';
import { addressOf, clientFactory, type IoredisModule, type OpenClient } from './ioredis-clients.js';
import { IoredisCommands } from './ioredis.commands.js';
import { IoredisFeed } from './ioredis.feed.js';
import type { RedisBackend } from './redis-commands.interface.js';
import { RedisFault } from './redis-fault.js';

/** Where changes of the connection are told. */
export interface RedisLog {
  log(message: string): void;
  warn(message: string): void;
}

/**
 * Opens the connections to Redis, and goes on trying where there is none: nothing here waits for a server.
 * @param ioredis what `loadIoredis` gave; not needed where the application hands in a client
 */
export function openRedis(options: ResolvedRedisOptions, log: RedisLog, ioredis?: IoredisModule): RedisBackend {
  return new Connections(options, log, clientFactory(options, ioredis)).backend();
}

type Watched = 'commands' | 'feed';

class Connections {
  readonly #listeners = new Set<() => void>();
  readonly #commands: HeldClient;
  readonly #feed: HeldClient;
  #replicated: HeldClient | undefined;
  readonly #moreFeeds: HeldClient[] = [];
  readonly #away = new Set<Watched>(['commands', 'feed']);
  /** What the log said last. */
  #told: 'nothing' | 'usable' | 'away' = 'nothing';
  #isClosed = false;

  constructor(
    private readonly options: ResolvedRedisOptions,
    private readonly log: RedisLog,
    private readonly open: OpenClient,
  ) {
    const { target } = options;
    const isOurs = target.kind !== 'client';
    const openCommands = isOurs ? () => open('commands') : () => target.client;
    this.#commands = new HeldClient(openCommands, isOurs, this.#watch('commands'));
    this.#feed = new HeldClient(() => open('feed'), true, this.#watch('feed'));
    if (isOurs) return;
    // it would be connected by its first command, and gets none before it is
    if (target.client.status === 'wait') target.client.connect().catch(() => {});
    if (this.#commands.isUsable)
      queueMicrotask(() => this.#changed('commands', this.#commands.isUsable, 'it was lost'));
  }

  backend(): RedisBackend {
    return {
      commands: new IoredisCommands(this.#commands, () => this.#openReplicated()),
      feed: new IoredisFeed(this.#feed),
      openFeed: () => this.#openFeed(),
      keyPrefix: this.#commands.options.keyPrefix ?? '',
      info: async () => String(await this.#commands.usable.callBuffer('INFO')),
      onReady: (listener) => this.#onReady(listener),
      close: async () => this.#close(),
    };
  }

  #openReplicated(): HeldClient {
    if (this.#isClosed) throw new RedisFault('unreachable', 'the connections were closed');
    return (this.#replicated ??= new HeldClient(() => this.open('replicated'), true));
  }

  #openFeed(): IoredisFeed {
    const client = new HeldClient(() => this.open('feed'), true);
    this.#moreFeeds.push(client);
    return new IoredisFeed(client);
  }

  #onReady(listener: () => void): void {
    this.#listeners.add(listener);
    if (!this.#away.has('commands')) queueMicrotask(listener);
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    const all = [this.#commands, this.#feed, this.#replicated, ...this.#moreFeeds];
    await Promise.all(all.map(async (client) => client?.close()));
  }

  #watch(connection: Watched): ConnectionListener {
    return (isUsable, reason) => this.#changed(connection, isUsable, reason);
  }

  #changed(connection: Watched, isUsable: boolean, reason: string): void {
    if (this.#isClosed) return;
    if (!isUsable) {
      this.#away.add(connection);
      this.#tell('away', reason);
      return;
    }
    this.#away.delete(connection);
    if (this.#away.size === 0) this.#tell('usable', reason);
    for (const listener of this.#listeners) listener();
  }

  /** One line a change: the connections break together, and each of them fails again with every attempt. */
  #tell(state: 'usable' | 'away', reason: string): void {
    if (state === this.#told) return;
    this.#told = state;
    const address = addressOf(this.options);
    if (state === 'usable') this.log.log(`connected to Redis at ${address}`);
    else this.log.warn(`the connection to Redis at ${address} can't be used: ${reason}. The cache goes on without it`);
  }
}
