import { enumerableSymbolOf, isPlainList } from '../entry/value-kinds.js';

/** Longer ones aren't remembered. */
const LONGEST = 1_000;
const DEEPEST = 8;

/** Arguments as a text, if they can be had back from it as they were; else `undefined`. */
export function packArguments(args: ArrayLike<unknown>): string | undefined {
  let length = args.length;
  while (length > 0 && args[length - 1] === undefined) length--;
  const list = Array.prototype.slice.call(args, 0, length) as unknown[];
  if (!list.every((value) => isPlain(value, 0))) return undefined;
  const text = JSON.stringify(list);
  return text.length <= LONGEST ? text : undefined;
}

/** `undefined` for what `packArguments` didn't make. */
export function unpackArguments(text: string): readonly unknown[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list : undefined;
  } catch {
    return undefined;
  }
}

function isPlain(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || depth >= DEEPEST) return false;
  if (Array.isArray(value)) return isPlainList(value) && value.every((item) => isPlain(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype || enumerableSymbolOf(value) !== undefined) return false;
  return Object.values(value).every((field) => isPlain(field, depth + 1));
}
