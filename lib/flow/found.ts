import type { CacheEntry, LoadMark } from '../entry/cache-entry.js';

/** What a look found before anything else was made for a read, for whoever goes on with it. */
export interface Found {
  readonly entry: CacheEntry | undefined;
  /** Where it looked: in memory alone, or in the shared tier. */
  readonly tier: 'l1' | 'l2';
  /** When the first of those who share it began to look, by the monotonic clock. */
  readonly begun?: number;
  /** Of a strong read. */
  readonly confirmation?: Confirmation;
}

/** Whether the journal was confirmed for a read, and when that read began. */
export interface Confirmation {
  readonly confirmed: boolean;
  readonly mark: LoadMark;
}

/** A look into the shared tier under way, which several callers may share. */
export class Look {
  /** What it found, once it is over. */
  found: Found | undefined;
  readonly promise: Promise<Found>;

  constructor(
    bytes: Promise<Buffer | undefined>,
    begun: number,
    decode: (bytes: Buffer | undefined) => CacheEntry | undefined,
  ) {
    this.promise = bytes.then((found) => (this.found = { entry: decode(found), tier: 'l2', begun }));
  }
}
