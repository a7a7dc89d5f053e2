import type { Outage } from '../driver/promise.js';

export interface OutageTimes {
  /** In the run. */
  atMs: number;
  forMs: number;
  /** From when it could be asked again to when everybody did. */
  recoveryMs: number;
}

export const timesOf = ({ beganAt, endedAt, overAt }: Outage, runBeganAt: number): OutageTimes => ({
  atMs: beganAt - runBeganAt,
  forMs: endedAt - beganAt,
  recoveryMs: overAt - endedAt,
});

export function outageSentence(
  whom: string,
  { what, atMs, forMs, recoveryMs }: OutageTimes & { what: string },
): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  return `${whom} was ${what} at ${seconds(atMs)}, for ${seconds(forMs)}, and in use again ${seconds(recoveryMs)} later`;
}
