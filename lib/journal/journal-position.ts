/** Positions are milliseconds × 1024 + sequence: a number keeps them exactly, and they order as the ids do. */
const SEQUENCES = 1024;

/** The id of a position in a Redis stream. */
export const idOf = (position: number): string => `${Math.floor(position / SEQUENCES)}-${position % SEQUENCES}`;

/** The position of an id; sequences beyond what a position holds, which only others write, count as the highest. */
export function positionOf(id: string): number {
  const [ms, sequence] = id.split('-');
  return Number(ms) * SEQUENCES + Math.min(Number(sequence ?? 0), SEQUENCES - 1);
}

/** When a position was given, epoch ms by the server's clock. */
export const timeOf = (position: number): number => Math.floor(position / SEQUENCES);

/** The first position that may have been given at a time, epoch ms by the server's clock. */
export const positionAt = (timeMs: number): number => Math.floor(timeMs) * SEQUENCES;

/** Epochs begin with the position they begin at: which of two came later can be told. */
export function isLaterEpoch(epoch: string, other: string): boolean {
  const [begun, otherBegun] = [Number.parseInt(epoch, 10) || 0, Number.parseInt(other, 10) || 0];
  return begun === otherBegun ? epoch > other : begun > otherBegun;
}
