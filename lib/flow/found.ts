import type { CacheEntry } from '../entry/cache-entry.js';

/** What a look into the shared tier found, for whoever goes on with it. */
export interface Found {
  readonly entry: CacheEntry | undefined;
}
