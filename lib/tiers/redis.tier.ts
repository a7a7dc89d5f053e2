import type { EntryAddress } from '../entry/entry-address.js';
import type { RedisCommands } from '../redis/redis-commands.interface.js';
import type { RedisKeys } from '../redis/redis-keys.js';
import type { SharedTier, SharedTierStatus, StoredEntry } from './tier.interface.js';
import { LIMITS } from '../cache.constants.js';
import { pagesOf } from '../entry/pages.js';

/** What went wrong with a command of the tier; nobody who reads or writes hears of it. */
export type TierFaultListener = (cache: string, command: 'get' | 'set' | 'prolong' | 'delete', error: unknown) => void;

/** Entries in Redis, one string each. */
export class RedisTier implements SharedTier {
  readonly present = true;

  constructor(
    private readonly commands: RedisCommands & { readonly isReachable: boolean; status?(): SharedTierStatus },
    private readonly keys: RedisKeys,
    private readonly report: TierFaultListener,
  ) {}

  get isReachable(): boolean {
    return this.commands.isReachable;
  }

  status(): SharedTierStatus | undefined {
    return this.commands.status?.();
  }

  get(address: EntryAddress): Promise<Buffer | undefined> {
    return this.commands.get(this.#keyOf(address)).catch((error: unknown) => {
      this.report(address.cache, 'get', error);
      return undefined;
    });
  }

  async getMany(addresses: readonly EntryAddress[]): Promise<(Buffer | undefined)[]> {
    const found: (Buffer | undefined)[] = [];
    try {
      // page after page, so that a server that is asked for very much has time for others in between
      for (const page of pagesOf(addresses, LIMITS.page)) {
        found.push(...(await this.commands.getMany(page.map((address) => this.#keyOf(address)))));
      }
    } catch (error) {
      this.report(addresses[0]!.cache, 'get', error);
    }
    return addresses.map((_, index) => found[index]);
  }

  async set(address: EntryAddress, bytes: Buffer, ttlMs: number): Promise<void> {
    try {
      await this.commands.set(this.#keyOf(address), bytes, Math.max(1, Math.ceil(ttlMs)));
    } catch (error) {
      this.report(address.cache, 'set', error);
    }
  }

  async setMany(entries: readonly StoredEntry[]): Promise<void> {
    try {
      for (const page of pagesOfBytes(entries)) {
        await this.commands.setMany(
          page.map(({ address, bytes, ttlMs }) => ({
            key: this.#keyOf(address),
            bytes,
            ttlMs: Math.max(1, Math.ceil(ttlMs)),
          })),
        );
      }
    } catch (error) {
      this.report(entries[0]!.address.cache, 'set', error);
    }
  }

  async prolong(address: EntryAddress, ttlMs: number): Promise<void> {
    try {
      await this.commands.expire(this.#keyOf(address), Math.max(1, Math.ceil(ttlMs)));
    } catch (error) {
      this.report(address.cache, 'prolong', error);
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

/** Parts that are neither too many nor too large to be on their way at once. */
function pagesOfBytes(entries: readonly StoredEntry[]): StoredEntry[][] {
  const pages: StoredEntry[][] = [];
  let room = 0;
  for (const entry of entries) {
    room -= entry.bytes.length;
    if (pages.length === 0 || room < 0 || pages.at(-1)!.length >= LIMITS.page) {
      pages.push([]);
      room = LIMITS.pageBytes - entry.bytes.length;
    }
    pages.at(-1)!.push(entry);
  }
  return pages;
}
