import type { RedisClientLike } from '../options/redis-options.interface.js';
import { HeldClient } from '../redis/held-client.js';
import type { EventLog } from './event-log.js';
import type { TransportLine } from './transport-watch.js';

/** A client of ioredis, as far as it listens. */
type Subscriber = RedisClientLike & { subscribe(channel: string): Promise<unknown> };

/** https://redis.io/docs/latest/commands/subscribe/: what is published while nobody is connected is lost. */
export class RedisChannel {
  readonly #connection: HeldClient;

  /** @param open makes a client that does nothing else */
  constructor(
    open: () => RedisClientLike,
    private readonly channel: string,
    private readonly receive: (text: Buffer) => Promise<void>,
    private readonly line: TransportLine,
    private readonly log: EventLog,
  ) {
    const openAndListen = (): RedisClientLike => {
      const client = open();
      client.on('messageBuffer', (_channel, text) => void this.receive(text as Buffer));
      return client;
    };
    this.#connection = new HeldClient(openAndListen, true, (isUsable, reason) => this.#changed(isUsable, reason));
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #changed(isUsable: boolean, reason: string): void {
    if (isUsable) void this.#subscribe();
    else {
      this.line.changed(false);
      this.log.warn('channel', `the channel ${this.channel} can’t be listened to: ${reason}`);
    }
  }

  async #subscribe(): Promise<void> {
    try {
      await (this.#connection.usable as Subscriber).subscribe(this.channel);
      this.line.changed(true);
    } catch (error) {
      // without the right to it no other connection would help
      this.log.warn('subscribe', `the channel ${this.channel} can’t be listened to: ${String(error)}`);
    }
  }
}
