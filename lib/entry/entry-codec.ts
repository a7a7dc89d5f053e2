import { crc32 } from 'node:zlib';
import { Packr } from 'msgpackr';
import type { EntryHeader, EntryKind } from './cache-entry.js';
import { compress, decompress, type Compression, type CompressionAlgorithm } from './compression.js';
import type { EntryAddress } from './entry-address.js';
import type { EntryCipher, SealedReason } from './entry-cipher.js';

/**
 * An entry as bytes, for stores outside the process:
 *
 *     0      magic   0xC1 'H' 'C'  (0xC1 is the one byte MessagePack never starts with)
 *     3      format  1
 *     4–7    CRC-32 of everything after it, big endian
 *     8–11   length of the whole entry, big endian
 *     12     length of the id of an encryption key, and what `EntryCipher` puts behind it; 0: nothing is encrypted
 *     13 …   length of the header, big endian (4), header (MessagePack list), payload
 *
 * What begins at 13 is encrypted as a whole, header and all, if anything is: its tags and `meta` say much of a value.
 * Anything else under our key is somebody else's, torn, forged or from another version: a miss, never an exception.
 */
const MAGIC = [0xc1, 0x48, 0x43] as const;
export const ENTRY_FORMAT = 1;
const PREFIX_BYTES = 12;
/** From here on an encrypted entry is authenticated. */
const BOUND = 8;
const LENGTH_BYTES = 4;
const KINDS: readonly EntryKind[] = ['value', 'undefined', 'error'];
const ALGORITHMS: readonly (CompressionAlgorithm | undefined)[] = [undefined, 'gzip', 'brotli'];

const packr = new Packr({ useRecords: false });

/** How the entries of one cache lie in a store. */
export interface EntryForm {
  readonly serializer: string;
  /** What is compressed into less is taken for no more than this. */
  readonly maxValueBytes: number;
  readonly compression: Compression | undefined;
  readonly encryption: EntryEncryption | undefined;
}

export interface EntryEncryption {
  readonly cipher: EntryCipher;
  /** `true`: entries are encrypted, and those that aren't are refused. `false`: encrypted ones can be read, no more. */
  readonly required: boolean;
}

export interface StoredEntry {
  readonly address: EntryAddress;
  readonly header: EntryHeader;
  readonly payload: Uint8Array;
  /** What the clock of the store is ahead of that of this process: times lie in the store by its clock. */
  readonly clockOffsetMs: number;
}

/** Why bytes are no entry of ours. */
export type UnreadableReason =
  | 'foreign'
  | 'format'
  | 'truncated'
  | 'corrupt'
  | 'too-large'
  | 'not-encrypted'
  | SealedReason
  | 'other-entry'
  | 'other-serializer';

export type DecodedEntry =
  | { readonly readable: true; readonly header: EntryHeader; readonly payload: Uint8Array }
  | { readonly readable: false; readonly reason: UnreadableReason };

export function encodeEntry({ address, header, payload, clockOffsetMs }: StoredEntry, form: EntryForm): Buffer {
  const { compression, encryption } = form;
  const compressed = compression === undefined ? undefined : compress(payload, compression);
  const stored = compressed ?? payload;
  const packed = packr.pack([
    address.cache,
    address.schema,
    address.key,
    form.serializer,
    header.epoch,
    header.position,
    header.ownRecord,
    header.asOf + clockOffsetMs,
    header.staleAt + clockOffsetMs,
    header.graceUntil + clockOffsetMs,
    header.costMs,
    KINDS.indexOf(header.kind),
    header.tags,
    header.meta ?? null,
    header.slidingMs,
    ALGORITHMS.indexOf(compressed === undefined ? undefined : compression!.algorithm),
    payload.byteLength,
  ]);
  const cipher = encryption?.required === true ? encryption.cipher : undefined;
  const body = PREFIX_BYTES + (cipher?.frontBytes ?? 1);
  const payloadAt = body + LENGTH_BYTES + packed.length;
  const length = payloadAt + stored.byteLength + (cipher?.tagBytes ?? 0);
  const bytes = Buffer.allocUnsafe(length);
  bytes.set(MAGIC, 0);
  bytes[3] = ENTRY_FORMAT;
  bytes.writeUInt32BE(length, 8);
  bytes[PREFIX_BYTES] = 0;
  bytes.writeUInt32BE(packed.length, body);
  bytes.set(packed, body + LENGTH_BYTES);
  bytes.set(stored, payloadAt);
  cipher?.seal(bytes, BOUND, PREFIX_BYTES);
  bytes.writeUInt32BE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** Reads an entry of this address, as its cache writes them. Never throws. */
export function decodeEntry(
  bytes: Buffer,
  { address, clockOffsetMs }: Pick<StoredEntry, 'address' | 'clockOffsetMs'>,
  { serializer, maxValueBytes, encryption }: EntryForm,
): DecodedEntry {
  const fault = faultOfFrame(bytes);
  if (fault !== undefined) return unreadable(fault);
  const body = bodyOf(bytes, encryption);
  if (typeof body === 'string') return unreadable(body);
  const payloadAt = body.length < LENGTH_BYTES ? Number.NaN : LENGTH_BYTES + body.readUInt32BE(0);
  const fields = payloadAt <= body.length ? unpackFields(body.subarray(LENGTH_BYTES, payloadAt)) : undefined;
  if (fields === undefined) return unreadable('corrupt');
  const isOurs = fields[0] === address.cache && fields[1] === address.schema && fields[2] === address.key;
  if (!isOurs) return unreadable('other-entry');
  const header = headerOf(fields, clockOffsetMs);
  if (fields[3] !== serializer && header.kind === 'value') return unreadable('other-serializer');
  const [algorithm, plainBytes] = [ALGORITHMS[fields[15]], fields[16]];
  const stored = body.subarray(payloadAt);
  if (algorithm !== undefined && plainBytes > maxValueBytes) return unreadable('too-large');
  const payload = algorithm === undefined ? stored : decompress(stored, algorithm, plainBytes);
  return payload?.byteLength === plainBytes ? { readable: true, header, payload } : unreadable('corrupt');
}

function faultOfFrame(bytes: Buffer): UnreadableReason | undefined {
  if (bytes.length < 4 || MAGIC.some((byte, index) => bytes[index] !== byte)) return 'foreign';
  if (bytes[3] !== ENTRY_FORMAT) return 'format';
  if (bytes.length <= PREFIX_BYTES || bytes.length < bytes.readUInt32BE(8)) return 'truncated';
  const isWhole = bytes.length === bytes.readUInt32BE(8) && crc32(bytes.subarray(8)) === bytes.readUInt32BE(4);
  return isWhole ? undefined : 'corrupt';
}

/** Header and payload in clear. */
function bodyOf(bytes: Buffer, encryption: EntryEncryption | undefined): Buffer | UnreadableReason {
  if (bytes[PREFIX_BYTES] !== 0) return encryption?.cipher.open(bytes, BOUND, PREFIX_BYTES) ?? 'key';
  return encryption?.required === true ? 'not-encrypted' : bytes.subarray(PREFIX_BYTES + 1);
}

function headerOf(fields: HeaderFields, clockOffsetMs: number): EntryHeader {
  const meta = fields[13];
  return {
    epoch: fields[4],
    position: fields[5],
    ownRecord: fields[6],
    asOf: fields[7] - clockOffsetMs,
    staleAt: fields[8] - clockOffsetMs,
    graceUntil: fields[9] - clockOffsetMs,
    costMs: fields[10],
    kind: KINDS[fields[11]]!,
    tags: fields[12],
    ...(meta === null ? {} : { meta }),
    slidingMs: fields[14],
  };
}

type HeaderFields = [
  ...[cache: string, schema: number, key: string, serializer: string, epoch: string, position: number],
  ...[ownRecord: number, asOf: number, staleAt: number, graceUntil: number, costMs: number, kind: number],
  ...[tags: string[], meta: unknown, slidingMs: number, algorithm: number, plainBytes: number],
];

const SHAPE = (
  'string number string string string number number number number number number number ' +
  'object any number number number'
).split(' ');

function unpackFields(bytes: Uint8Array): HeaderFields | undefined {
  try {
    const fields: unknown = packr.unpack(bytes);
    if (!Array.isArray(fields) || fields.length !== SHAPE.length) return undefined;
    const hasShape = SHAPE.every((type, index) => type === 'any' || typeof fields[index] === type);
    if (!hasShape || !isListOfTexts(fields[12])) return undefined;
    const isKnown = KINDS[fields[11] as number] !== undefined && (fields[15] as number) in ALGORITHMS;
    return isKnown ? (fields as HeaderFields) : undefined;
  } catch {
    return undefined;
  }
}

const isListOfTexts = (list: unknown): boolean => Array.isArray(list) && list.every((item) => typeof item === 'string');

const unreadable = (reason: UnreadableReason): DecodedEntry => ({ readable: false, reason });
