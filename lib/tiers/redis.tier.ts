import type { EntryAddress } from '../entry/entry-address.js';
import type { RedisCommands } from '../redis/redis-commands.interface.js';
import type { RedisKeys } from '../redis/redis-keys.js';
import type { SharedTier } from './tier.interface.js';

/** What went wrong with a command of the tier; nobody who reads or writes hears of it. */
export type TierFaultListener = (cache: string, command: 'get' | 'set' | 'delete', error: unknown) => void;

/** Entries in Redis, one string each. */
export class RedisTier implements SharedTier {
  readonly present = true;

  constructor(
    private readonly commands: RedisCommands & { readonly isReachable: boolean },
    private readonly keys: RedisKeys,
    private readonly report: TierFaultListener,
  ) {}

  get isReachable(): boolean {
    return this.commands.isReachable;
  }

  get(address: EntryAddress): Promise<Buffer | undefined> {
    return this.commands.get(this.#keyOf(address)).catch((error: unknown) => {
      this.report(address.cache, 'get', error);
      return undefined;
    });
  }

  async getMany(addresses: readonly EntryAddress[]): Promise<(Buffer | undefined)[]> {
    if (addresses.length === 0) return [];
    try {
      return await this.commands.getMany(addresses.map((address) => this.#keyOf(address)));
    } catch (error) {
      this.report(addresses[0]!.cache, 'get', error);
      return addresses.map(() => undefined);
    }
  }

  async set(address: EntryAddress, bytes: Buffer, ttlMs: number): Promise<void> {
    try {
      await this.commands.set(this.#keyOf(address), bytes, Math.max(1, Math.ceil(ttlMs)));
    } catch (error) {
      this.report(address.cache, 'set', error);
    }
  }

  async delete(address: EntryAddress): Promise<void> {
    try {
      await this.commands.unlink(this.#keyOf(address));
    } catch (error) {
      this.report(address.cache, 'delete', error);
    }
  }

  #keyOf({ cache, schema, key }: EntryAddress): string {
    return this.keys.entry(cache, schema, key);
  }
}
