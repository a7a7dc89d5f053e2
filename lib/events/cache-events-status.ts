import type { ReceivedCounts } from './event-counts.js';
import type { TransportStatus } from './transport-watch.js';

export interface EmittedCounts {
  readonly emitted: number;
  /** Given up. */
  readonly failed: number;
  /** Attempts that came to nothing, those that were followed by a better one included. */
  readonly setbacks: number;
}

export interface CacheEventsStatus {
  /** Events that say what to invalidate. */
  readonly events: ReceivedCounts;
  /** Domain events, once for each `@InvalidateOn`. */
  readonly domain: ReceivedCounts;
  /** By client. */
  readonly emitted: Readonly<Record<string, EmittedCounts>>;
  /** On their way, while nobody waits. */
  readonly pending: number;
  /** Not even tried, because too many were pending. */
  readonly dropped: number;
  readonly transports: readonly TransportStatus[];
}
