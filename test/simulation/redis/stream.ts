import { RedisFault } from '../../../lib/redis/redis-fault.js';

export interface Id {
  readonly ms: number;
  readonly sequence: number;
}

export interface StreamEntry {
  readonly id: Id;
  /** Names and values by turns. */
  readonly fields: readonly string[];
}

/** In the order of the ids. */
export interface Stream {
  readonly entries: StreamEntry[];
  /** The highest id it ever had. */
  last: Id;
}

export const compareIds = (one: Id, other: Id): number => one.ms - other.ms || one.sequence - other.sequence;

export const formatId = ({ ms, sequence }: Id): string => `${ms}-${sequence}`;

export function parseId(text: string): Id {
  const match = /^(\d+)-(\d+)$/u.exec(text);
  if (match === null) throw new RedisFault('refused', 'ERR Invalid stream ID specified as stream command argument');
  return { ms: Number(match[1]), sequence: Number(match[2]) };
}

interface Bound extends Id {
  /** The bound itself doesn't belong to the range. */
  readonly exclusive: boolean;
}

export interface Range {
  readonly from: Bound | undefined;
  readonly to: Bound | undefined;
}

/** From one bound to the other: `-`, `+`, an id, or `(` and an id that doesn't belong to it. */
export function readRange(start: string, end: string): Range {
  if (end === '(0-0') throw new RedisFault('refused', 'ERR invalid end ID for the interval');
  return { from: start === '-' ? undefined : readBound(start), to: end === '+' ? undefined : readBound(end) };
}

function readBound(text: string): Bound {
  const exclusive = text.startsWith('(');
  return { ...parseId(exclusive ? text.slice(1) : text), exclusive };
}

/** So many of them as are wanted, from the oldest on or from the newest back. */
export function entriesIn(
  entries: readonly StreamEntry[],
  { from, to }: Range,
  count: number,
  order: 'oldest first' | 'newest first',
): StreamEntry[] {
  const first = from === undefined ? 0 : firstAt(entries, from, from.exclusive);
  const end = to === undefined ? entries.length : firstAt(entries, to, !to.exclusive);
  if (order === 'oldest first') return entries.slice(first, Math.min(end, first + count));
  return entries.slice(Math.max(first, end - count), Math.max(first, end)).reverse();
}

/** The index of the first entry at an id or behind it; strictly behind it where told. */
function firstAt(entries: readonly StreamEntry[], id: Id, behind: boolean): number {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = compareIds(entries[middle]!.id, id);
    if (order < 0 || (behind && order === 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}
