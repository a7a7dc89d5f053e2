import { CacheConfigurationError } from '../cache.errors.js';
import { parseDuration, type Duration } from '../options/duration.js';
import type { DeadLetter, WriteQueueDesk, WriteQueueStatus } from './write-queue-desk.js';

const FLUSH_MS = 30_000;

/** The writes of one cache that wait for their sink, as `cache.writeQueue('views')` gives them. */
export class CacheWriteQueue<T = unknown> {
  readonly #desk: WriteQueueDesk;

  constructor(desk: WriteQueueDesk) {
    this.#desk = desk;
  }

  /** How many wait, and what this process has done about it. */
  status(): Promise<WriteQueueStatus> {
    return this.#desk.status();
  }

  /**
   * Writes what waits, now. Resolves when nothing does, whichever process wrote it.
   * @throws CacheWriteError when something still waits after `timeout` (default 30 s), with what the sink said;
   *   CacheConnectionError, like the others here, when Redis is away
   */
  flush(options: { readonly timeout?: Duration } = {}): Promise<void> {
    const { timeout = FLUSH_MS } = options;
    const ms = parseDuration(timeout);
    if (ms !== undefined) return this.#desk.flush(ms);
    const problem = `got ${String(timeout)}; takes a duration such as '30s'`;
    return Promise.reject(new CacheConfigurationError([{ where: 'flush({ timeout })', problem }]));
  }

  /** Writes that the sink doesn't take, oldest first: at most `count` (default 100) behind the id `after`. */
  deadLetters(options: { readonly after?: string; readonly count?: number } = {}): Promise<DeadLetter<T>[]> {
    const { after = '0', count = 100 } = options;
    return this.#desk.deadLetters(after, count) as Promise<DeadLetter<T>[]>;
  }

  /**
   * Lets dead letters wait for the sink once more: these, or all. One whose key was written since is never sent over
   * what is newer.
   * @returns how many wait again
   */
  resend(ids?: readonly string[]): Promise<number> {
    return this.#desk.resend(ids);
  }

  /** Forgets dead letters. @returns how many there were */
  discard(ids: readonly string[]): Promise<number> {
    return this.#desk.discard(ids);
  }
}
