import type { RedisCommands } from '../redis/redis-commands.interface.js';
import type { RedisKeys } from '../redis/redis-keys.js';
import { noteProcess } from '../redis/scripts.js';
import type { ProcessList, ProcessNote } from './process-list.interface.js';

/** One hash in Redis: a field for each process, with the time of the server. */
export class RedisProcessList implements ProcessList {
  constructor(
    private readonly commands: RedisCommands,
    private readonly keys: RedisKeys,
  ) {}

  note(id: string, note: string, lifeMs: number): Promise<readonly ProcessNote[]> {
    return this.commands.run(noteProcess, [this.keys.processes], [id, note, lifeMs, 1]);
  }

  async noteOnly(id: string, note: string, lifeMs: number): Promise<void> {
    await this.commands.run(noteProcess, [this.keys.processes], [id, note, lifeMs, 0]);
  }

  async leave(id: string): Promise<void> {
    await this.commands.run(noteProcess, [this.keys.processes], [id, '', 1, 0]).catch(() => undefined);
  }
}
