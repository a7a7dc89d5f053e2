import { Packr } from 'msgpackr';
import type { EntryHeader, EntryKind } from './cache-entry.js';
import type { CompressionAlgorithm } from './compression.js';
import type { EntryAddress } from './entry-address.js';

/**
 * The header of an entry as bytes. Read for every hit in a store outside, so it is laid out to be read at once:
 *
 *     0       kind, algorithm of the compression (1 each)
 *     2       position, ownRecord, asOf, staleAt, graceUntil, costMs, slidingMs (doubles, 8 each)
 *     58      bytes of the payload before compression, of origin, of source and of all tags; number of tags (4 each)
 *     78 …    origin   cache NUL schema NUL key
 *             source   epoch NUL serializer
 *             tags     the length of each in UTF-16 units (4 each), then all of them
 *             meta     MessagePack, up to the end; empty for none
 *
 * Numbers are big endian, texts UTF-8.
 */
const KIND_AT = 0;
const ALGORITHM_AT = 1;
const NUMBERS_AT = 2;
const SIZES_AT = NUMBERS_AT + 7 * 8;
const TEXTS_AT = SIZES_AT + 5 * 4;

const KINDS: readonly EntryKind[] = ['value', 'undefined', 'error'];
const ALGORITHMS: readonly (CompressionAlgorithm | undefined)[] = [undefined, 'gzip', 'brotli'];

const packr = new Packr({ useRecords: false });
const NO_META = new Uint8Array(0);

/** What is noted with a header of how the payload behind it is to be read. */
export interface PayloadForm {
  readonly serializer: string;
  readonly algorithm: CompressionAlgorithm | undefined;
  /** Before compression. */
  readonly plainBytes: number;
}

export interface ReadHeader extends PayloadForm {
  readonly header: EntryHeader;
}

const originOf = ({ cache, schema, key }: EntryAddress): string => `${cache}\0${schema}\0${key}`;

/** @param clockOffsetMs what the clock of the store is ahead of that of this process: times lie there by its clock */
export function packHeader(
  address: EntryAddress,
  header: EntryHeader,
  clockOffsetMs: number,
  form: PayloadForm,
): Buffer {
  const origin = originOf(address);
  const source = `${header.epoch}\0${form.serializer}`;
  const tags = header.tags.join('');
  const meta = header.meta === undefined ? NO_META : packr.pack(header.meta);
  const sizes = [origin, source, tags].map((text) => Buffer.byteLength(text));
  const [originBytes, sourceBytes, tagBytes] = sizes as [number, number, number];
  const tagsAt = TEXTS_AT + originBytes + sourceBytes;
  const textAt = tagsAt + 4 * header.tags.length;
  const bytes = Buffer.allocUnsafe(textAt + tagBytes + meta.byteLength);
  bytes[KIND_AT] = KINDS.indexOf(header.kind);
  bytes[ALGORITHM_AT] = ALGORITHMS.indexOf(form.algorithm);
  let at = NUMBERS_AT;
  const times = [header.asOf, header.staleAt, header.graceUntil].map((time) => time + clockOffsetMs);
  for (const number of [header.position, header.ownRecord, ...times, header.costMs, header.slidingMs]) {
    at = bytes.writeDoubleBE(number, at);
  }
  for (const size of [form.plainBytes, ...sizes, header.tags.length]) at = bytes.writeUInt32BE(size, at);
  bytes.write(origin, TEXTS_AT);
  bytes.write(source, TEXTS_AT + originBytes);
  at = tagsAt;
  for (const tag of header.tags) at = bytes.writeUInt32BE(tag.length, at);
  bytes.write(tags, textAt);
  bytes.set(meta, textAt + tagBytes);
  return bytes;
}

/** Of them `asOfAt` reads one number. */
export const HEADER_FRONT_BYTES = SIZES_AT;

/** As of when the value of a header that begins there was true, by the clock of the store. */
export const asOfAt = (bytes: Buffer, begin: number): number => bytes.readDoubleBE(begin + NUMBERS_AT + 2 * 8);

/** @returns why not, for bytes that are no header of this address. Never throws */
export function readHeader(
  bytes: Buffer,
  begin: number,
  end: number,
  address: EntryAddress,
  clockOffsetMs: number,
): ReadHeader | 'corrupt' | 'other-entry' {
  if (end - begin < TEXTS_AT) return 'corrupt';
  const kind = KINDS[bytes[begin + KIND_AT]!];
  const algorithmIndex = bytes[begin + ALGORITHM_AT]!;
  const sizesAt = begin + SIZES_AT;
  const originAt = begin + TEXTS_AT;
  const sourceAt = originAt + bytes.readUInt32BE(sizesAt + 4);
  const tagsAt = sourceAt + bytes.readUInt32BE(sizesAt + 8);
  const tagCount = bytes.readUInt32BE(sizesAt + 16);
  const tagTextAt = tagsAt + 4 * tagCount;
  const metaAt = tagTextAt + bytes.readUInt32BE(sizesAt + 12);
  if (kind === undefined || algorithmIndex >= ALGORITHMS.length || metaAt > end) return 'corrupt';
  if (bytes.toString('utf8', originAt, sourceAt) !== originOf(address)) return 'other-entry';
  const source = bytes.toString('utf8', sourceAt, tagsAt);
  const epochEnd = source.indexOf('\0');
  const tags = readTags(bytes, tagsAt, tagCount, bytes.toString('utf8', tagTextAt, metaAt));
  const meta = metaAt === end ? undefined : unpackMeta(bytes.subarray(metaAt, end));
  if (epochEnd < 0 || tags === undefined || meta === UNREADABLE) return 'corrupt';
  const number = (index: number): number => bytes.readDoubleBE(begin + NUMBERS_AT + index * 8);
  const header: EntryHeader = {
    epoch: source.slice(0, epochEnd),
    position: number(0),
    ownRecord: number(1),
    asOf: number(2) - clockOffsetMs,
    staleAt: number(3) - clockOffsetMs,
    graceUntil: number(4) - clockOffsetMs,
    costMs: number(5),
    kind,
    get tags() {
      return tags.list;
    },
    slidingMs: number(6),
    ...(meta === undefined ? undefined : { meta }),
  };
  // a sum is a number only if all of them are
  const sum = header.position + header.ownRecord + header.asOf + header.costMs + header.slidingMs;
  if (Number.isNaN(sum + header.staleAt + header.graceUntil)) return 'corrupt';
  return {
    header,
    serializer: source.slice(epochEnd + 1),
    algorithm: ALGORITHMS[algorithmIndex],
    plainBytes: bytes.readUInt32BE(sizesAt),
  };
}

function readTags(bytes: Buffer, lengthsAt: number, count: number, text: string): StoredTags | undefined {
  const lengths: number[] = [];
  let total = 0;
  for (let index = 0; index < count; index++) {
    const length = bytes.readUInt32BE(lengthsAt + 4 * index);
    lengths.push(length);
    total += length;
  }
  return total === text.length ? new StoredTags(text, lengths) : undefined;
}

/** Tags in one text: an entry that nothing was invalidated after is judged without them. */
class StoredTags {
  #list: readonly string[] | undefined;

  constructor(
    private readonly text: string,
    private readonly lengths: readonly number[],
  ) {}

  get list(): readonly string[] {
    this.#list ??= this.#parted();
    return this.#list;
  }

  #parted(): string[] {
    let end = 0;
    return this.lengths.map((length) => this.text.slice(end, (end += length)));
  }
}

const UNREADABLE = Symbol('unreadable');

function unpackMeta(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes) as unknown;
  } catch {
    return UNREADABLE;
  }
}
