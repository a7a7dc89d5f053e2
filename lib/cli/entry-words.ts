import type { UnreadableReason } from '../entry/entry-codec.js';
import { readableTag } from '../entry/tags.js';
import { timeOf } from '../journal/journal-position.js';
import { bytesText, spanText, timeText } from './format.js';
import type { StoredView } from './stored-entries.js';

const REASONS: Readonly<Record<UnreadableReason, string>> = {
  foreign: "it isn't from this package",
  format: 'it is from a version that stores entries differently',
  truncated: 'bytes are missing',
  corrupt: 'its bytes are wrong',
  'too-large': 'it would be decompressed to more than maxValueBytes',
  'not-encrypted': 'it lies in clear',
  key: 'it is encrypted, and its key isn’t among CACHE_ENCRYPTION_KEYS',
  forged: 'it was changed, or is from another cache or namespace, or another key has the same id',
  'other-entry': "it is another key's",
  'other-serializer': 'it has another serializer',
};

export const reasonText = (reason: UnreadableReason): string => REASONS[reason];

/** What is said of an entry, but its value. @param now by the server's clock */
export function entryFields(view: StoredView, now: number): (readonly [string, string | undefined])[] {
  const { address, name, bytes, leftMs, opened, encryptedWith } = view;
  const fields: (readonly [string, string | undefined])[] = [
    ['key', address.key],
    ['schema', String(address.schema)],
    ['in Redis', name],
    ['bytes', bytesText(bytes.length)],
    ['kept for', leftMs === undefined ? undefined : leftMs < 0 ? 'ever: it has no expiry' : spanText(leftMs)],
    ['encrypted', encryptedWith === undefined ? 'no' : `with the key ${encryptedWith}`],
  ];
  if (typeof opened === 'string') return [...fields, ['unreadable', reasonText(opened)]];
  const { header } = opened;
  const until = (time: number): string =>
    `${timeText(time)} (${time > now ? 'in ' : ''}${spanText(Math.abs(time - now))}${time > now ? '' : ' ago'})`;
  return [
    ...fields,
    [
      'holds',
      header.kind === 'value' ? `a value (${opened.serializer})` : header.kind === 'error' ? 'an error' : 'undefined',
    ],
    ['compressed', opened.algorithm === undefined ? 'no' : `${opened.algorithm}, from ${bytesText(opened.plainBytes)}`],
    ['as of', until(header.asOf)],
    ['expires', until(header.staleAt)],
    ['grace until', header.graceUntil > header.staleAt ? until(header.graceUntil) : undefined],
    ['sliding', header.slidingMs > 0 ? spanText(header.slidingMs) : undefined],
    ['loaded in', spanText(header.costMs)],
    ['position', `${header.position} (${timeText(timeOf(header.position))})`],
    ['tags', header.tags.map(readableTag).join(', ')],
    ['response', header.meta === undefined ? undefined : 'with status and headers'],
  ];
}

/** The same for programs. */
export function entryDocument({ address, name, bytes, leftMs, opened, encryptedWith }: StoredView): object {
  const common = {
    key: address.key,
    schema: address.schema,
    redisKey: name,
    bytes: bytes.length,
    keptForMs: leftMs ?? null,
    encryptedWith: encryptedWith ?? null,
  };
  if (typeof opened === 'string') return { ...common, readable: false, reason: opened };
  const { header, serializer, algorithm, plainBytes } = opened;
  const time = (ms: number): string => new Date(ms).toISOString();
  return {
    ...common,
    readable: true,
    kind: header.kind,
    serializer,
    compression: algorithm ?? null,
    plainBytes,
    asOf: time(header.asOf),
    staleAt: time(header.staleAt),
    graceUntil: time(header.graceUntil),
    slidingMs: header.slidingMs,
    costMs: header.costMs,
    epoch: header.epoch,
    position: header.position,
    ownRecord: header.ownRecord,
    tags: header.tags.map(readableTag),
    rawTags: header.tags,
    hasMeta: header.meta !== undefined,
  };
}
