import type { Runtime, Timer } from '../cache.runtime.js';
import type { RedisClientLike } from '../options/redis-options.interface.js';
import { HeldClient } from '../redis/held-client.js';
import type { EventLog } from './event-log.js';
import type { TransportLine } from './transport-watch.js';

/** A connection that didn't answer for so long is given up: nothing that is published would come over it. */
const SILENCE_MS = 2_000;

/** A client of ioredis, as far as it listens. */
type Subscriber = RedisClientLike & { subscribe(channel: string): Promise<unknown> };

/** https://redis.io/docs/latest/commands/subscribe/: what is published while nobody is connected is lost. */
export class RedisChannel {
  readonly #connection: HeldClient;
  #timer: Timer | undefined;
  #isAsked = false;

  /** @param open makes a client that does nothing else */
  constructor(
    open: () => RedisClientLike,
    private readonly channel: string,
    private readonly receive: (text: Buffer) => Promise<void>,
    private readonly line: TransportLine,
    private readonly runtime: Runtime,
    private readonly log: EventLog,
  ) {
    const openAndListen = (): RedisClientLike => {
      const client = open();
      client.on('messageBuffer', (_channel, text) => void this.receive(text as Buffer));
      return client;
    };
    this.#connection = new HeldClient(openAndListen, true, (isUsable, reason) => this.#changed(isUsable, reason));
    this.#askSoon();
  }

  close(): Promise<void> {
    this.#timer?.cancel();
    return this.#connection.close();
  }

  /** A connection whose other end is gone without a word looks like one on which nothing is published. */
  #askSoon(): void {
    this.#timer = this.runtime.after(SILENCE_MS, () => this.#ask(), { background: true });
  }

  #ask(): void {
    this.#askSoon();
    if (this.#isAsked) this.#connection.replace('no answer in time');
    this.#isAsked = this.#connection.isUsable;
    if (!this.#isAsked) return;
    const answered = (): void => void (this.#isAsked = false);
    this.#connection.usable.callBuffer('ping').then(answered, answered);
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
