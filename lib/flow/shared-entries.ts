import { CacheEntry } from '../entry/cache-entry.js';
import { decodeEntry } from '../entry/entry-codec.js';
import type { CacheRegion } from './cache-region.js';
import type { EngineParts } from './engine-parts.js';
import { hotUntilOf } from './entry-writer.js';
import { Look, type Found } from './found.js';
import type { Reader } from './reader.js';

/** Entries as other processes left them in the shared tier. */
export class SharedEntries {
  constructor(private readonly parts: EngineParts) {}

  /** The entry of a key, ready to be judged. */
  async find(reader: Reader): Promise<CacheEntry | undefined> {
    const { found, region, key, request, mark } = reader;
    reader.found = undefined; // another time it would be old
    if (found?.tier === 'l2') return this.#caughtUp(found.entry);
    const bytes = await this.parts.shared.get(region.address(key));
    return this.#caughtUp(this.#decode(bytes, region, key, mark.sequence, request.options.earlyRefreshBeta));
  }

  /** The same for bytes that came with something else. */
  async open(bytes: Buffer | undefined, { region, key, request, mark }: Reader): Promise<CacheEntry | undefined> {
    return this.#caughtUp(this.#decode(bytes, region, key, mark.sequence, request.options.earlyRefreshBeta));
  }

  /** A look that several callers share, each of whom judges what it finds. */
  look(region: CacheRegion, key: string): Look {
    const underWay = region.looks.get(key);
    if (underWay !== undefined) return underWay;
    const order = this.parts.journal.replica.nextSequence();
    const begun = this.parts.runtime.monotonic();
    const look = new Look(this.parts.shared.get(region.address(key)), begun, (bytes) => {
      region.looks.delete(key);
      return this.#decode(bytes, region, key, order, region.options.read.earlyRefreshBeta);
    });
    region.looks.set(key, look);
    return look;
  }

  /** One look for several keys, by somebody who judges what it finds. */
  async lookAtMany(region: CacheRegion, keys: readonly string[]): Promise<Found[]> {
    const order = this.parts.journal.replica.nextSequence();
    const begun = this.parts.runtime.monotonic();
    const found = await this.parts.shared.getMany(keys.map((key) => region.address(key)));
    const { earlyRefreshBeta } = region.options.read;
    return keys.map((key, index) => ({
      entry: this.#decode(found[index], region, key, order, earlyRefreshBeta),
      tier: 'l2',
      begun,
    }));
  }

  /** What was found for these reads, and where nothing was looked for yet, what is found now, ready to be judged. */
  async findMany(readers: readonly Reader[]): Promise<(CacheEntry | undefined)[]> {
    const asking = readers.filter(({ found }) => found?.tier !== 'l2');
    const addresses = asking.map(({ region, key }) => region.address(key));
    const bytes = asking.length === 0 ? [] : await this.parts.shared.getMany(addresses);
    const answers = new Map(asking.map((reader, index) => [reader, bytes[index]]));
    return Promise.all(
      readers.map((reader) => (answers.has(reader) ? this.open(answers.get(reader), reader) : this.find(reader))),
    );
  }

  /** Whoever loaded it knew more: what that was has to be known here before anybody can judge it. */
  async #caughtUp(entry: CacheEntry | undefined): Promise<CacheEntry | undefined> {
    const { journal } = this.parts;
    if (entry !== undefined && journal.replica.isAhead(entry.header)) await journal.confirm();
    return entry;
  }

  /** @returns `undefined` for nothing, and for what can't be read, which is counted */
  #decode(
    bytes: Buffer | undefined,
    region: CacheRegion,
    key: string,
    order: number,
    earlyRefreshBeta: number,
  ): CacheEntry | undefined {
    if (bytes === undefined) return undefined;
    const { clockOffsetMs } = this.parts.journal;
    const decoded = decodeEntry(bytes, { address: region.address(key), clockOffsetMs }, region.form);
    const unreadable = (reason: string): undefined => {
      this.parts.emit({ type: 'unreadable', cache: region.name, reason });
    };
    if (!decoded.readable) return unreadable(decoded.reason);
    const { header, payload } = decoded;
    try {
      const content = region.codec.fromPayload(header.kind, payload);
      // a sliding one has to be prolonged by whoever found it
      const hotUntil = header.slidingMs > 0 ? 0 : hotUntilOf(header, earlyRefreshBeta);
      // another process may have begun to load it before an invalidation of ours that is still on its way
      return new CacheEntry(key, header, content, { sequence: 0, order, hotUntil });
    } catch {
      return unreadable('value');
    }
  }
}
