import { createHash } from 'node:crypto';
import type { LockAddress, RedisCommands } from '../redis/redis-commands.interface.js';
import type { RedisKeys } from '../redis/redis-keys.js';
import type { Marks } from './marks.interface.js';

const DONE = Buffer.from('1');

/** A mark for what was done, beside it a lock while somebody is at it; neither outlives its time. */
export class RedisMarks implements Marks {
  constructor(
    private readonly commands: RedisCommands,
    private readonly keys: RedisKeys,
  ) {}

  async begin(id: string, lifeMs: number): Promise<'mine' | 'busy' | 'done' | 'unreachable'> {
    const address = this.#addressOf(id);
    try {
      const { acquired, found } = await this.commands.acquire(address, '1', lifeMs);
      if (found === undefined) return acquired ? 'mine' : 'busy';
      if (acquired) await this.commands.unlink(address.lock);
      return 'done';
    } catch {
      return 'unreachable';
    }
  }

  async done(id: string, forMs: number): Promise<void> {
    const { entry, lock } = this.#addressOf(id);
    // the lock goes after the mark is there, so that nobody finds neither
    await this.commands.set(entry, DONE, forMs).then(
      () => this.#unlink(lock),
      () => undefined,
    );
  }

  async failed(id: string): Promise<void> {
    await this.#unlink(this.#addressOf(id).lock);
  }

  async isDone(id: string): Promise<boolean | undefined> {
    return this.commands.get(this.#addressOf(id).entry).then(
      (found) => found !== undefined,
      () => undefined,
    );
  }

  async #unlink(lock: string): Promise<void> {
    await this.commands.unlink(lock).catch(() => undefined);
  }

  /** Whatever an id is made of, its key is short. */
  #addressOf(id: string): LockAddress {
    return this.keys.lock(this.keys.mark(createHash('sha256').update(id).digest('base64url').slice(0, 22)));
  }
}
