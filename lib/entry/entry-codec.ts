import { crc32 } from 'node:zlib';
import type { EntryHeader } from './cache-entry.js';
import { compress, decompress, type Compression } from './compression.js';
import type { EntryAddress } from './entry-address.js';
import type { EntryCipher, SealedReason } from './entry-cipher.js';
import { asOfAt, HEADER_FRONT_BYTES, packHeader, readHeader, type ReadHeader } from './entry-header.js';

/**
 * An entry as bytes, for stores outside the process:
 *
 *     0      magic   0xC1 'H' 'C'  (0xC1 is the one byte MessagePack never starts with)
 *     3      format  1
 *     4–7    CRC-32 of everything after it, big endian
 *     8–11   length of the whole entry, big endian
 *     12     length of the id of an encryption key, and what `EntryCipher` puts behind it; 0: nothing is encrypted
 *     13 …   length of the header, big endian (4), header (`entry-header`), payload
 *
 * What begins at 13 is encrypted as a whole, header and all, if anything is: its tags and `meta` say much of a value.
 * Anything else under our key is somebody else's, torn, forged or from another version: a miss, never an exception.
 */
const MAGIC = 0xc14843;
export const ENTRY_FORMAT = 1;
const PREFIX_BYTES = 12;
/** From here on an encrypted entry is authenticated. */
const BOUND = 8;
const LENGTH_BYTES = 4;

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
  const packed = packHeader(address, header, clockOffsetMs, {
    serializer: form.serializer,
    algorithm: compressed === undefined ? undefined : compression!.algorithm,
    plainBytes: payload.byteLength,
  });
  const cipher = encryption?.required === true ? encryption.cipher : undefined;
  const body = PREFIX_BYTES + (cipher?.frontBytes ?? 1);
  const payloadAt = body + LENGTH_BYTES + packed.length;
  const length = payloadAt + stored.byteLength + (cipher?.tagBytes ?? 0);
  const bytes = Buffer.allocUnsafe(length);
  bytes.writeUInt32BE(MAGIC * 256 + ENTRY_FORMAT, 0);
  bytes.writeUInt32BE(length, 8);
  bytes[PREFIX_BYTES] = 0;
  bytes.writeUInt32BE(packed.length, body);
  bytes.set(packed, body + LENGTH_BYTES);
  bytes.set(stored, payloadAt);
  cipher?.seal(bytes, BOUND, PREFIX_BYTES);
  bytes.writeUInt32BE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** An entry whose header was read, whatever its payload is. */
export interface OpenedEntry extends ReadHeader {
  /** The payload, compressed if it is. */
  readonly stored: Uint8Array;
}

/** Reads an entry of this address, as its cache writes them. Never throws. */
export function decodeEntry(
  bytes: Buffer,
  at: Pick<StoredEntry, 'address' | 'clockOffsetMs'>,
  { serializer, maxValueBytes, encryption }: Pick<EntryForm, 'serializer' | 'maxValueBytes' | 'encryption'>,
): DecodedEntry {
  const opened = openEntry(bytes, at, encryption);
  if (typeof opened === 'string') return unreadable(opened);
  const { header } = opened;
  if (opened.serializer !== serializer && header.kind === 'value') return unreadable('other-serializer');
  const payload = payloadOf(opened, maxValueBytes);
  return typeof payload === 'string' ? unreadable(payload) : { readable: true, header, payload };
}

/** An entry of this address as any cache may have written it; else why it can't be read. Never throws. */
export function openEntry(
  bytes: Buffer,
  { address, clockOffsetMs }: Pick<StoredEntry, 'address' | 'clockOffsetMs'>,
  encryption: EntryEncryption | undefined,
): OpenedEntry | UnreadableReason {
  const fault = faultOfFrame(bytes);
  if (fault !== undefined) return fault;
  const isEncrypted = bytes[PREFIX_BYTES] !== 0;
  if (!isEncrypted && encryption?.required === true) return 'not-encrypted';
  const opened = isEncrypted ? (encryption?.cipher.open(bytes, BOUND, PREFIX_BYTES) ?? 'key') : bytes;
  if (typeof opened === 'string') return opened;
  const headerAt = (isEncrypted ? 0 : PREFIX_BYTES + 1) + LENGTH_BYTES;
  const payloadAt = opened.length < headerAt ? Number.NaN : headerAt + opened.readUInt32BE(headerAt - LENGTH_BYTES);
  const read = payloadAt <= opened.length ? readHeader(opened, headerAt, payloadAt, address, clockOffsetMs) : 'corrupt';
  return typeof read === 'string' ? read : { ...read, stored: opened.subarray(payloadAt) };
}

/** What was encoded, of no more than so many bytes. */
export function payloadOf(
  { algorithm, plainBytes, stored }: OpenedEntry,
  maxValueBytes: number,
): Uint8Array | 'too-large' | 'corrupt' {
  if (algorithm !== undefined && plainBytes > maxValueBytes) return 'too-large';
  const payload = algorithm === undefined ? stored : decompress(stored, algorithm, plainBytes);
  return payload?.byteLength === plainBytes ? payload : 'corrupt';
}

/** The id of the key that an entry is encrypted with; `undefined` for one in clear, and for what is no entry. */
export function encryptionKeyIdOf(bytes: Buffer): string | undefined {
  if (faultOfFrame(bytes) !== undefined || bytes[PREFIX_BYTES] === 0) return undefined;
  return bytes.toString('latin1', PREFIX_BYTES + 1, PREFIX_BYTES + 1 + bytes[PREFIX_BYTES]!);
}

/** How many bytes of an entry `asOfIn` looks at. */
export const FRONT_BYTES = PREFIX_BYTES + 1 + LENGTH_BYTES + HEADER_FRONT_BYTES;

/** As of when an entry was true, by the clock of the store, from its first bytes; `undefined` when it is encrypted, or none. */
export function asOfIn(front: Buffer): number | undefined {
  if (front.length < FRONT_BYTES || front.readUIntBE(0, 3) !== MAGIC || front[3] !== ENTRY_FORMAT) return undefined;
  return front[PREFIX_BYTES] === 0 ? asOfAt(front, PREFIX_BYTES + 1 + LENGTH_BYTES) : undefined;
}

function faultOfFrame(bytes: Buffer): UnreadableReason | undefined {
  if (bytes.length < 4 || bytes.readUIntBE(0, 3) !== MAGIC) return 'foreign';
  if (bytes[3] !== ENTRY_FORMAT) return 'format';
  if (bytes.length <= PREFIX_BYTES || bytes.length < bytes.readUInt32BE(8)) return 'truncated';
  const isWhole = bytes.length === bytes.readUInt32BE(8) && crc32(bytes.subarray(8)) === bytes.readUInt32BE(4);
  return isWhole ? undefined : 'corrupt';
}

const unreadable = (reason: UnreadableReason): DecodedEntry => ({ readable: false, reason });
