import type { StreamItem } from './scripts.js';

/** The items of a stream from a reply: `[[id, [field, record]], …]`; records have one field. */
export function streamItems(reply: unknown): StreamItem[] {
  return (reply as [id: Buffer, fields: Buffer[] | null][])
    .map(([id, fields]) => ({ id: String(id), record: fields?.[1] }))
    .filter((item): item is StreamItem => item.record !== undefined);
}
