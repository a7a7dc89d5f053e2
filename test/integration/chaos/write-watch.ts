import { setTimeout as pause } from 'node:timers/promises';
import type { RedisServer } from '../../support/servers/redis-server.js';
import { monotonicMs } from './chaos-run.js';

const EVERY_MS = 50;

/**
 * Tries all the time whether the server of the journal takes a write: while its replica is being brought up to date
 * again, which sentinels may have done seconds after everything was fine, it doesn't, and nobody else is to blame.
 */
export class WriteWatch {
  /** Since when it has taken every write. */
  takesWritesSince = monotonicMs();
  #isOver = false;
  readonly #watching: Promise<void>;

  /** @param key in the slot of the journal */
  constructor(
    private readonly master: () => Promise<RedisServer>,
    private readonly key: string,
  ) {
    this.#watching = this.#watch();
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      try {
        await (await this.master()).command('SET', this.key, '1');
      } catch {
        this.takesWritesSince = monotonicMs();
      }
      await pause(EVERY_MS);
    }
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#watching;
  }
}
