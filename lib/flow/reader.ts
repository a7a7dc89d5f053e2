import type { LoadMark } from '../entry/cache-entry.js';
import type { CacheRegion, LoadFlight } from './cache-region.js';
import type { Found } from './found.js';
import type { LoadRequest } from './loader-runner.js';
import type { Scope, Transaction } from './scope.js';

export interface ReadRequest extends LoadRequest {
  /** The caller's own patience: aborted, this caller gets the reason, and the load goes on for the others. */
  readonly signal?: AbortSignal | undefined;
  /** Nothing that is there is an answer, nor what is being loaded already. */
  readonly refresh?: boolean | undefined;
  /** A look into the shared tier that was made for it already. */
  readonly found?: Found | undefined;
}

/** Where the refreshes that the reads of a batch ask for come together. */
export interface RefreshesOfMany {
  /** Whether there is room for them: for all of one turn, or for none. */
  mayBegin(): boolean;
  add(flight: LoadFlight, reader: Reader): void;
}

/** One read on its way: what was asked, and what was known when it began. */
export interface Reader {
  readonly request: ReadRequest;
  readonly region: CacheRegion;
  readonly key: string;
  readonly strong: boolean;
  readonly scope: Scope | undefined;
  /** Of this registration; others don't concern it. */
  readonly transaction: Transaction | undefined;
  /** When it began: its place in this process's order, and the time. */
  readonly mark: LoadMark;
  /** Whether the journal is known to be complete as of the begin of the read, or recently enough for a bounded one. */
  readonly confirmed: boolean;
  /** Of a read in a batch: its refreshes are loaded together. */
  readonly refreshes?: RefreshesOfMany | undefined;
  /** A look that was made for it and that it hasn't made use of yet. */
  found: Found | undefined;
}
