import type { ResolvedKnownIdsOptions } from '../options/resolved-options.js';

/** What a filter says of an id: `absent` is certain, `maybe` may be wrong, `unknown`: there is no complete filter. */
export type IdVerdict = 'absent' | 'maybe' | 'unknown';

/** What came of a rebuild. */
export type RebuildResult =
  | {
      readonly status: 'built';
      /** Ids that the source gave. */
      readonly ids: number;
      /** The rate of false positives to expect with so many. */
      readonly falsePositiveRate: number;
    }
  /** Another process is building it. */
  | { readonly status: 'busy' };

/** What is known of the known ids of a cache. */
export interface KnownIdsStatus {
  /** `none`: nobody has built a filter, or the one there was can't be relied on any more. */
  readonly state: 'none' | 'complete';
  readonly building: boolean;
  /** Ids that were added, some of them perhaps twice. */
  readonly ids: number;
  /** For how many it was made. */
  readonly capacity: number;
  /** The rate of false positives to expect with so many. */
  readonly falsePositiveRate: number;
  /** What its bitmaps take, bytes. */
  readonly bytes: number;
  /** Epoch ms; 0: never. */
  readonly builtAt: number;
}

/** A write whose key is known only when it is done. */
export interface OpenWrite {
  /** The write is done, and these are its keys; none when it wrote nothing. @throws CacheConnectionError */
  end(keys: readonly string[]): Promise<void>;
}

/** The keys of one cache that exist at the source, as a Bloom filter. Keys are those that entries are stored under. */
export interface IdFilter {
  /** One verdict for each key, in their order. Never rejects. */
  test(keys: readonly string[]): Promise<readonly IdVerdict[]> | readonly IdVerdict[];
  /** Resolves when no process takes the keys for absent any more. @throws CacheConnectionError */
  add(keys: readonly string[]): Promise<void>;
  /** @throws CacheConnectionError */
  beginWrite(): Promise<OpenWrite>;
  /** Replaces the filter by one of these keys, and of those added meanwhile. @throws what the source throws, CacheConnectionError */
  rebuild(keys: Iterable<string> | AsyncIterable<string>): Promise<RebuildResult>;
  /** @throws CacheConnectionError */
  status(): Promise<KnownIdsStatus>;
}

/** The filter of one cache. */
export type OpenIdFilter = (cache: string, options: ResolvedKnownIdsOptions) => IdFilter;
