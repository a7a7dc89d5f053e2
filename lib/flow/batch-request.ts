import type { ResolvedReadOptions } from '../options/resolved-options.js';
import type { CacheRegion } from './cache-region.js';
import type { Found } from './found.js';
import type { LoadContext } from './load-collector.js';
import type { ReadRequest } from './reader.js';

/** Loads the values at these places of the batch, in their order. */
export type LoadMissing = (places: readonly number[], context: LoadContext) => Promise<readonly unknown[]>;

/** Reads of one cache that are answered together. */
export interface BatchRequest {
  readonly region: CacheRegion;
  readonly options: ResolvedReadOptions;
  /** As they are stored. */
  readonly keys: readonly string[];
  /** The read at one place, made when it is needed, with what a look has found for it. */
  readonly request: (place: number, found: Found | undefined) => ReadRequest;
  readonly load: LoadMissing;
  /** Keys the loader is called for at a time. */
  readonly maxSize: number;
}
