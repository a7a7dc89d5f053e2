import type { Found } from '../flow/found.js';

/** A call of a decorated method. */
export interface Call {
  readonly self: unknown;
  readonly args: readonly unknown[];
  readonly original: (...args: unknown[]) => unknown;
  /** A look into the shared tier that was made for it already. */
  readonly found?: Found | undefined;
}

/** Looks at one call in many. */
export interface CallSampler {
  /** Calls until the next one it looks at. */
  left: number;
  take(args: ArrayLike<unknown>): void;
}

/** The method itself. */
export const run = ({ self, args, original }: Call): unknown => original.apply(self, [...args]);
