import { crc32 } from 'node:zlib';
import { Packr } from 'msgpackr';
import type { EntryHeader, EntryKind } from './cache-entry.js';

/**
 * An entry as bytes, for stores outside the process:
 *
 *     0      magic   0xC1 'H' 'C'  (0xC1 is the one byte MessagePack never starts with)
 *     3      format  1
 *     4–7    CRC-32 of everything after it, big endian
 *     8–11   length of the header, big endian
 *     12–15  length of the payload, big endian
 *     16     header (MessagePack list), then payload
 *
 * Anything else under our key is somebody else's, torn or from another version: a miss, never an exception.
 */
const MAGIC = [0xc1, 0x48, 0x43] as const;
export const ENTRY_FORMAT = 1;
const PREFIX_BYTES = 16;
const KINDS: readonly EntryKind[] = ['value', 'undefined', 'error'];

const packr = new Packr({ useRecords: false });

export interface StoredEntry {
  readonly cache: string;
  readonly key: string;
  readonly serializer: string;
  readonly header: EntryHeader;
  readonly payload: Uint8Array;
}

/** Why bytes are no entry of ours. */
export type UnreadableReason = 'foreign' | 'format' | 'truncated' | 'corrupt' | 'other-entry' | 'other-serializer';

export type DecodedEntry =
  | { readonly readable: true; readonly header: EntryHeader; readonly payload: Uint8Array }
  | { readonly readable: false; readonly reason: UnreadableReason };

export function encodeEntry({ cache, key, serializer, header, payload }: StoredEntry): Buffer {
  const packed = packr.pack([
    cache,
    key,
    serializer,
    header.epoch,
    header.position,
    header.ownRecord,
    header.asOf,
    header.staleAt,
    header.graceUntil,
    header.costMs,
    KINDS.indexOf(header.kind),
    header.tags,
    header.meta ?? null,
    header.slidingMs,
  ]);
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + packed.length + payload.byteLength);
  bytes.set(MAGIC, 0);
  bytes.writeUInt8(ENTRY_FORMAT, 3);
  bytes.writeUInt32BE(packed.length, 8);
  bytes.writeUInt32BE(payload.byteLength, 12);
  bytes.set(packed, PREFIX_BYTES);
  bytes.set(payload, PREFIX_BYTES + packed.length);
  bytes.writeUInt32BE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** Reads an entry of this cache, key and serializer. Never throws. */
export function decodeEntry(
  bytes: Buffer,
  expected: { readonly cache: string; readonly key: string; readonly serializer: string },
): DecodedEntry {
  if (bytes.length < 4 || MAGIC.some((byte, index) => bytes[index] !== byte)) return unreadable('foreign');
  if (bytes[3] !== ENTRY_FORMAT) return unreadable('format');
  if (bytes.length < PREFIX_BYTES) return unreadable('truncated');
  const headerEnd = PREFIX_BYTES + bytes.readUInt32BE(8);
  const end = headerEnd + bytes.readUInt32BE(12);
  if (bytes.length < end) return unreadable('truncated');
  if (bytes.length > end || crc32(bytes.subarray(8)) !== bytes.readUInt32BE(4)) return unreadable('corrupt');
  const fields = unpackFields(bytes.subarray(PREFIX_BYTES, headerEnd));
  if (fields === undefined) return unreadable('corrupt');
  const [
    cache,
    key,
    serializer,
    epoch,
    position,
    ownRecord,
    asOf,
    staleAt,
    graceUntil,
    costMs,
    kind,
    tags,
    meta,
    slidingMs,
  ] = fields;
  if (cache !== expected.cache || key !== expected.key) return unreadable('other-entry');
  if (serializer !== expected.serializer && KINDS[kind] === 'value') return unreadable('other-serializer');
  const header: EntryHeader = {
    epoch,
    position,
    ownRecord,
    asOf,
    staleAt,
    graceUntil,
    costMs,
    kind: KINDS[kind]!,
    tags,
    ...(meta === null ? {} : { meta }),
    slidingMs,
  };
  return { readable: true, header, payload: bytes.subarray(headerEnd, end) };
}

type HeaderFields = [
  ...[cache: string, key: string, serializer: string, epoch: string, position: number, ownRecord: number],
  ...[asOf: number, staleAt: number, graceUntil: number, costMs: number, kind: number, tags: string[]],
  ...[meta: unknown, slidingMs: number],
];

const SHAPE = 'string string string string number number number number number number number object object number';

function unpackFields(bytes: Uint8Array): HeaderFields | undefined {
  try {
    const fields: unknown = packr.unpack(bytes);
    if (!Array.isArray(fields)) return undefined;
    const shape = fields.map((field, index) => (index === 12 ? 'object' : typeof field)).join(' ');
    const sound = shape === SHAPE && Array.isArray(fields[11]) && KINDS[fields[10] as number] !== undefined;
    return sound ? (fields as HeaderFields) : undefined;
  } catch {
    return undefined;
  }
}

const unreadable = (reason: UnreadableReason): DecodedEntry => ({ readable: false, reason });
