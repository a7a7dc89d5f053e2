import type { StreamItem } from '../redis/scripts.js';
import type { JournalRecord } from './journal-record.js';
import { positionOf } from './journal-position.js';

/** A record that names the one before it, so that a gap is noticed. */
export interface ChainedRecord extends JournalRecord {
  /** Unique; tells a record from another one at the same position of a history that was lost. */
  readonly nonce: string;
  /** Position of the record before it, or where the epoch began. */
  readonly previous: number;
  readonly previousNonce: string;
  /** Of the spans it was made in, as texts; absent when nobody traces. */
  readonly traces?: readonly string[];
}

/** The nonce of the position an epoch begins at. */
export const BEGIN = 'begin';

/** What looks like a tag that nothing carries, so that processes of older versions take no harm. */
const TRACE = 'w:';

/** Tags as one text, and what the record was made for. */
export const packTags = (tags: readonly string[], traces: readonly string[] = []): string =>
  JSON.stringify(traces.length === 0 ? tags : [...tags, ...traces.map((trace) => TRACE + trace)]);

const RECORD = /^1\|([^|]*)\|(\d+)\|([^|]*)\|([^|]*)\|(.*)$/su;

/** `undefined` for what isn't a record of ours. */
export function readRecord({ id, record }: StreamItem): ChainedRecord | undefined {
  const match = RECORD.exec(record.toString());
  if (match === null) return undefined;
  const [epoch, previous, previousNonce, nonce, packed] = match.slice(1) as [string, string, string, string, string];
  const tags = unpackTags(packed);
  if (tags === undefined) return undefined;
  const read = { epoch, position: positionOf(id), tags, nonce, previous: Number(previous), previousNonce };
  // they come last
  if (tags.at(-1)?.startsWith(TRACE) !== true) return read;
  const traces = tags.filter((tag) => tag.startsWith(TRACE)).map((tag) => tag.slice(TRACE.length));
  return { ...read, tags: tags.filter((tag) => !tag.startsWith(TRACE)), traces };
}

function unpackTags(packed: string): readonly string[] | undefined {
  try {
    const tags: unknown = JSON.parse(packed);
    return Array.isArray(tags) && tags.every((tag) => typeof tag === 'string') ? tags : undefined;
  } catch {
    return undefined;
  }
}
