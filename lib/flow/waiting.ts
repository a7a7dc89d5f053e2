import type { Runtime, Timer } from '../cache.runtime.js';
import type { ResolvedReadOptions } from '../options/resolved-options.js';
import type { FlightResult, LoadFlight } from './cache-region.js';
import type { ReadOutcome } from './outcome.js';

/** How the waiting of one caller for a flight ended. */
export type End =
  | { readonly how: 'result'; readonly result: FlightResult }
  | { readonly how: 'error'; readonly error: unknown }
  /** It took too long, and there was an old value. */
  | { readonly how: 'soft'; readonly outcome: ReadOutcome }
  /** It took too long at all. */
  | { readonly how: 'hard' }
  /** The caller's own signal was aborted. */
  | { readonly how: 'left'; readonly error: unknown };

export interface Patience {
  readonly options: Pick<ResolvedReadOptions, 'softTimeoutMs' | 'hardTimeoutMs'>;
  readonly signal?: AbortSignal | undefined;
}

export interface WaitingSoFar {
  readonly elapsedMs: number;
  /** The old value that may stand in, judged when it is asked for. */
  readonly old: () => ReadOutcome | undefined;
}

/** The end of a flight, or of the caller's patience, whatever comes first. Leaves no timer and no listener. */
export function endOf(flight: LoadFlight, patience: Patience, soFar: WaitingSoFar, runtime: Runtime): Promise<End> {
  const { softTimeoutMs, hardTimeoutMs } = patience.options;
  const settled = flight.promise.then(
    (result): End => ({ how: 'result', result }),
    (error: unknown): End => ({ how: 'error', error }),
  );
  const isEndless = softTimeoutMs === 0 && hardTimeoutMs === 0 && patience.signal === undefined;
  return isEndless ? settled : firstOf(settled, patience, soFar, runtime);
}

function firstOf(
  settled: Promise<End>,
  { options, signal }: Patience,
  { elapsedMs, old }: WaitingSoFar,
  runtime: Runtime,
): Promise<End> {
  return new Promise((resolve) => {
    const timer = (afterMs: number, run: () => void): Timer | undefined =>
      afterMs === 0 ? undefined : runtime.after(Math.max(0, afterMs - elapsedMs), run);
    const leave = (): void => finish({ how: 'left', error: signal!.reason });
    const takeOld = (): void => {
      const outcome = old();
      if (outcome !== undefined) finish({ how: 'soft', outcome });
    };
    const soft = timer(options.softTimeoutMs, takeOld);
    const hard = timer(options.hardTimeoutMs, () => finish({ how: 'hard' }));
    const finish = (end: End): void => {
      soft?.cancel();
      hard?.cancel();
      signal?.removeEventListener('abort', leave);
      resolve(end);
    };
    signal?.addEventListener('abort', leave);
    if (signal?.aborted === true) leave();
    void settled.then(finish);
  });
}

/** Whether callers with these options wait for an answer however long it takes. */
export const waitsWithoutEnd = ({ softTimeoutMs, hardTimeoutMs }: ResolvedReadOptions): boolean =>
  softTimeoutMs === 0 && hardTimeoutMs === 0;

/** Whether bounded callers with these options wait for one load without end, and are given the same when it fails. */
export const waitAlike = (one: ResolvedReadOptions, other: ResolvedReadOptions): boolean =>
  !other.strong &&
  waitsWithoutEnd(other) &&
  (one === other ||
    (waitsWithoutEnd(one) &&
      one.graceErrorMs === other.graceErrorMs &&
      one.graceRevalidateMs === other.graceRevalidateMs &&
      one.graceWhen === other.graceWhen));
