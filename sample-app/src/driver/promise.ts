import type { LateRead } from './witness.js';

/** Times are ms since the epoch. */
export interface Outage {
  /** What happened to it, in a word. */
  what: string;
  /** To whom, where it isn't Redis. */
  whom?: string;
  beganAt: number;
  /** From here on Redis could be asked again. */
  endedAt: number;
  /** From here on every process used it again, and had told the others what it had changed meanwhile. */
  overAt: number;
}

/** How old an answer may be after a write through another process. Through the same process: not at all. */
export const MAX_STALENESS_MS = 1_000;

export const ageOf = ({ begunAt, writtenAt }: LateRead): number => begunAt - writtenAt;

/** Whether the answer is older than the cache promises. */
export function breaksPromise(read: LateRead, outages: readonly Outage[] = []): boolean {
  if (read.ownWrite) return true;
  return ageOf(read) > MAX_STALENESS_MS && !isExcused(read, outages);
}

/**
 * A write during an outage can be told to nobody. As long as it lasts the other processes know that they know nothing,
 * and the promise holds; when it ends they may hear of it a moment after they have begun to use Redis again.
 */
export function isExcused({ writtenAt, begunAt, endedAt }: LateRead, outages: readonly Outage[]): boolean {
  return outages.some(
    (outage) =>
      writtenAt >= outage.beganAt &&
      writtenAt <= outage.overAt &&
      endedAt >= outage.endedAt &&
      begunAt <= outage.overAt + MAX_STALENESS_MS,
  );
}
