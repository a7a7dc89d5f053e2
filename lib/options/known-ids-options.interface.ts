import type { Duration } from './duration.js';

/** The filter of known ids of one cache; see docs/penetration.md. */
export interface KnownIdsOptions {
  /** Ids it is made for. */
  readonly capacity: number;
  /** Part of the ids that don't exist and are looked for all the same, with so many in it. Default 0.01. */
  readonly falsePositiveRate?: number | undefined;
  /** What a read of an id that doesn't exist is answered: `null` (default), or what a function returns; an Error is thrown. */
  readonly missing?: null | (() => unknown) | undefined;
  /** How long after an id was added its row is committed, at the latest. Default 10 s. */
  readonly commitWithin?: Duration | undefined;
}
