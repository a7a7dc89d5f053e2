import type { CacheStatus } from '../desk/cache-status.js';
import type { CacheEventsStatus } from '../events/cache-events-status.js';
import type { WarmupStatus } from '../warmup/cache-warmup.js';

/** Everything that is counted of one registration, as of one moment. */
export interface Figures {
  readonly registration: string;
  readonly cache: CacheStatus;
  readonly warmup: WarmupStatus;
  /** Where there is a `CacheEventsModule`. */
  readonly events: CacheEventsStatus | undefined;
}

export type ReadFigures = () => Figures;

/**
 * One reading for all metrics of one scrape, so that what belongs together adds up: whoever asks within one turn gets the
 * same.
 */
export function sharedReading(read: ReadFigures): ReadFigures {
  let reading: Figures | undefined;
  return () => {
    if (reading !== undefined) return reading;
    reading = read();
    queueMicrotask(() => (reading = undefined));
    return reading;
  };
}
