import type { EntryAddress } from '../../lib/entry/entry-address.js';
import type { SharedTier, StoredEntry } from '../../lib/tiers/tier.interface.js';

/** A store outside the process that lives in a Map, for tests that need one and no server. */
export class MapTier implements SharedTier {
  readonly present = true;
  readonly isReachable = true;
  readonly #entries = new Map<string, { readonly bytes: Buffer; readonly until: number }>();

  constructor(private readonly now: () => number) {}

  get(address: EntryAddress): Promise<Buffer | undefined> {
    return Promise.resolve(this.#find(address));
  }

  getMany(addresses: readonly EntryAddress[]): Promise<(Buffer | undefined)[]> {
    return Promise.resolve(addresses.map((address) => this.#find(address)));
  }

  set(address: EntryAddress, bytes: Buffer, ttlMs: number): Promise<void> {
    this.#entries.set(nameOf(address), { bytes: Buffer.from(bytes), until: this.now() + ttlMs });
    return Promise.resolve();
  }

  async setMany(entries: readonly StoredEntry[]): Promise<void> {
    for (const { address, bytes, ttlMs } of entries) await this.set(address, bytes, ttlMs);
  }

  prolong(address: EntryAddress, ttlMs: number): Promise<void> {
    const bytes = this.#find(address);
    if (bytes !== undefined) this.#entries.set(nameOf(address), { bytes, until: this.now() + ttlMs });
    return Promise.resolve();
  }

  delete(address: EntryAddress): Promise<void> {
    this.#entries.delete(nameOf(address));
    return Promise.resolve();
  }

  #find(address: EntryAddress): Buffer | undefined {
    const entry = this.#entries.get(nameOf(address));
    return entry === undefined || this.now() >= entry.until ? undefined : Buffer.from(entry.bytes);
  }
}

const nameOf = ({ cache, schema, key }: EntryAddress): string => JSON.stringify([cache, schema, key]);
