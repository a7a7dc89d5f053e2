import type { CountedCall } from './hot-calls.js';

/** What a fleet knows of the hottest calls of a cache, and who is part of it. */
export interface HotRecord {
  /** Epoch ms. */
  readonly at: number;
  /** When a process with this schema was last seen, epoch ms. */
  readonly schemas: readonly (readonly [schema: number, at: number])[];
  /** Hottest first. */
  readonly calls: readonly CountedCall[];
}

export const EMPTY_RECORD: HotRecord = { at: 0, schemas: [], calls: [] };

/** What was called half as often long ago counts as much as what was called once now. */
const HALF_LIFE_MS = 600_000;
const REMEMBERED_SCHEMAS = 8;

export interface HotNews {
  readonly now: number;
  readonly counted: readonly CountedCall[];
  /** `undefined`: it isn't part of the fleet yet. */
  readonly schema: number | undefined;
  /** So many calls are remembered. */
  readonly most: number;
}

/** The record with what one process has counted since. */
export function mergeHotRecord(record: HotRecord, { now, counted, schema, most }: HotNews): HotRecord {
  const rest = 0.5 ** (Math.max(0, now - record.at) / HALF_LIFE_MS);
  const counts = new Map(record.calls.map(([call, count]) => [call, count * rest]));
  for (const [call, count] of counted) counts.set(call, (counts.get(call) ?? 0) + count);
  const calls = [...counts]
    .filter(([, count]) => count >= 0.01)
    .sort(([, a], [, b]) => b - a)
    .slice(0, most);
  const others = record.schemas.filter(([other]) => other !== schema);
  const seen = schema === undefined ? others : [[schema, now] as const, ...others];
  return { at: now, schemas: seen.slice(0, REMEMBERED_SCHEMAS), calls };
}

export function packHotRecord({ at, schemas, calls }: HotRecord): Buffer {
  const rounded = calls.map(([call, count]) => [call, Math.round(count * 100) / 100]);
  return Buffer.from(JSON.stringify({ at, schemas, calls: rounded }));
}

/** `undefined` for bytes that are no record. */
export function unpackHotRecord(bytes: Buffer | undefined): HotRecord | undefined {
  if (bytes === undefined) return undefined;
  try {
    const { at, schemas, calls } = JSON.parse(bytes.toString()) as HotRecord;
    if (typeof at !== 'number' || !Array.isArray(schemas) || !Array.isArray(calls)) return undefined;
    return { at, schemas: schemas.filter(isPair('number')), calls: calls.filter(isPair('string')) };
  } catch {
    return undefined;
  }
}

const isPair =
  (type: 'number' | 'string') =>
  (item: unknown): boolean =>
    Array.isArray(item) && typeof item[0] === type && typeof item[1] === 'number';
