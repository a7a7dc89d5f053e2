import { inspect, isDeepStrictEqual } from 'node:util';

const show = (value: unknown): string =>
  inspect(value, { depth: null, showHidden: true, maxArrayLength: null, maxStringLength: null });

/** Deep and strict. Node takes no invalid Date for the same as another; shown, they are. */
export const isSame = (one: unknown, other: unknown): boolean =>
  isDeepStrictEqual(one, other) || show(one) === show(other);
