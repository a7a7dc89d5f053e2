import type { Runtime, Timer } from '../cache.runtime.js';
import type { JournalFeed } from '../redis/redis-commands.interface.js';
import { RedisFault } from '../redis/redis-fault.js';
import type { StreamItem } from '../redis/scripts.js';

/** What the follower needs of the journal it serves. */
export interface Followed {
  readonly stream: string;
  /** Where to go on, or `undefined` while nothing is known yet. */
  afterId(): string | undefined;
  /** @returns `false` at a gap */
  receive(items: readonly StreamItem[]): boolean;
  /** Finds out what is missing. @returns whether it did */
  catchUp(): Promise<boolean>;
  /** The server doesn't let anybody follow. */
  refused(fault: RedisFault): void;
}

const BLOCK_MS = 1_000;
const PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Waits for records on a connection of its own, so that they are known within milliseconds. It makes things fast and
 * never right: what it brings is checked, and what it misses the synchronisation brings.
 */
export class JournalFollower {
  #closed = false;
  #pause: { readonly timer: Timer; readonly end: () => void } | undefined;
  /** For `status()`. */
  connected = false;

  constructor(
    private readonly feed: JournalFeed,
    private readonly journal: Followed,
    private readonly runtime: Runtime,
  ) {}

  async run(): Promise<void> {
    let failures = 0;
    while (!this.#closed) {
      const reached = await this.#readOnce();
      if (this.#closed) break;
      failures = reached ? 0 : failures + 1;
      // the follower may have been away for long while commands went through
      if (!reached) await this.#wait(Math.min(PAUSE_MS * 2 ** Math.min(failures, 10), LONGEST_PAUSE_MS));
    }
  }

  async #readOnce(): Promise<boolean> {
    const { stream } = this.journal;
    const afterId = this.journal.afterId();
    if (afterId === undefined) return false;
    try {
      const items = await this.feed.read(stream, afterId, BLOCK_MS);
      if (this.#closed) return true;
      const isBack = !this.connected;
      this.connected = true;
      const fits = this.journal.receive(items);
      return fits && !isBack ? true : await this.journal.catchUp();
    } catch (error) {
      if (error instanceof RedisFault && error.kind === 'refused') this.journal.refused(error);
      this.connected = false;
      return false;
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#pause = undefined;
        resolve();
      };
      this.#pause = { timer: this.runtime.after(ms, end, { background: true }), end };
    });
  }

  /** There is news: no more waiting. */
  wake(): void {
    const pause = this.#pause;
    if (pause === undefined) return;
    pause.timer.cancel();
    pause.end();
  }

  close(): void {
    this.#closed = true;
    this.wake();
  }
}
