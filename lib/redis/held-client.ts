import type { RedisClientLike } from '../options/redis-options.interface.js';
import { handleAsking, nodesOf } from './asking-nodes.js';
import { RedisFault } from './redis-fault.js';

/** Told of every change, and of the reason where a connection isn't usable. */
export type ConnectionListener = (isUsable: boolean, reason: string) => void;

const REPLACE_AFTER_MS = 250;
const CLOSE_WITHIN_MS = 300;

/** A client as it is needed: always one there, and known whether it can be used. */
export class HeldClient {
  #current: RedisClientLike;
  readonly #waiting = new Set<ConnectionListener>();
  #replacement: NodeJS.Timeout | undefined;
  #isClosed = false;
  #lastError = 'the connection is not open yet';

  /**
   * @param open makes a client; called again when one has ended, unless it is somebody else's
   * @param isOurs somebody else's client is never closed, nor replaced
   */
  constructor(
    private readonly open: () => RedisClientLike,
    readonly isOurs: boolean,
    private readonly onChange: ConnectionListener = () => {},
  ) {
    this.#current = this.#take();
  }

  /** Only for commands; rejects at once where a client would keep them for later. */
  get usable(): RedisClientLike {
    if (!this.isUsable) throw new RedisFault('unreachable', this.reason);
    return this.#current;
  }

  get isUsable(): boolean {
    return this.#current.status === 'ready' && !this.#isClosed;
  }

  get reason(): string {
    return this.#isClosed ? 'the connection was closed' : `no connection to the server: ${this.#lastError}`;
  }

  get isCluster(): boolean {
    return this.#current.isCluster;
  }

  get options(): RedisClientLike['options'] {
    return this.#current.options;
  }

  /** The client, as soon as it can be used; rejects as soon as it is known that it can't. */
  async whenUsable(withinMs: number): Promise<RedisClientLike> {
    if (this.isUsable) return this.#current;
    return new Promise((resolve, reject) => {
      const settle = (isUsable: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(settle);
        if (isUsable) resolve(this.#current);
        else reject(new RedisFault('unreachable', this.reason));
      };
      const timer = setTimeout(settle, withinMs, false);
      this.#waiting.add(settle);
    });
  }

  /** Gives the connection up, for example because nothing comes from it any more, and opens another. */
  replace(reason: string): void {
    if (this.#isClosed || !this.isOurs) return;
    this.#lastError = reason;
    const former = this.#current;
    this.#release(former);
    this.#tell(false);
    void end(former);
    this.#current = this.#take();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#replacement);
    this.#release(this.#current);
    this.#tell(false);
    if (this.isOurs) await end(this.#current);
  }

  #take(): RedisClientLike {
    const client = this.open();
    for (const node of nodesOf(client)) handleAsking(node);
    for (const [event, listener] of Object.entries(this.#listeners)) client.on(event, listener);
    return client;
  }

  #release(client: RedisClientLike): void {
    // ours may still have something to say while it ends, and would say it to the console
    if (this.isOurs) client.on('error', ignore);
    for (const [event, listener] of Object.entries(this.#listeners)) client.off(event, listener);
  }

  // made once, so that they can be taken away again
  readonly #listeners: Record<string, (...args: unknown[]) => void> = this.#makeListeners();

  #makeListeners(): Record<string, (...args: unknown[]) => void> {
    const failed = (error: unknown) => {
      this.#lastError = error instanceof Error && error.message !== '' ? error.message : String(error);
      if (!this.isUsable) this.#tell(false);
    };
    return {
      error: failed,
      '+node': handleAsking,
      'node error': (error) => {
        if (!this.isUsable) failed(error);
      },
      ready: () => {
        if (!this.isUsable) return;
        this.#tell(true);
        this.#lastError = 'it was lost';
      },
      close: () => this.#tell(false),
      end: () => {
        this.#tell(false);
        this.#replaceSoon();
      },
    };
  }

  #replaceSoon(): void {
    if (!this.isOurs || this.#isClosed) return;
    clearTimeout(this.#replacement);
    this.#replacement = setTimeout(() => this.replace(this.#lastError), REPLACE_AFTER_MS);
  }

  #tell(isUsable: boolean): void {
    for (const settle of this.#waiting) settle(isUsable, this.reason);
    if (!this.#isClosed) this.onChange(isUsable, this.#lastError);
  }
}

/** Ends a client of ours. One that has no connection at the moment is ended by that alone. */
async function end(client: RedisClientLike): Promise<void> {
  const isConnected = !['wait', 'reconnecting', 'close', 'end'].includes(client.status);
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, isConnected ? CLOSE_WITHIN_MS : 0);
    client.on('end', done);
    client.disconnect();
  });
}

function ignore(): void {}
