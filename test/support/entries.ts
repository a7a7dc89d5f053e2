import { createSecretKey } from 'node:crypto';
import { CacheEntry, type EntryHeader, type EntryProvenance } from '../../lib/entry/cache-entry.js';
import { EntryCipher } from '../../lib/entry/entry-cipher.js';
import type { EntryForm } from '../../lib/entry/entry-codec.js';

/** A header with something in every field, but for what a test is about. */
export const headerWith = (fields: Partial<EntryHeader> = {}): EntryHeader => ({
  epoch: 'epoch-1',
  position: 5,
  ownRecord: 0,
  asOf: 1_000,
  staleAt: 2_000,
  graceUntil: 3_000,
  costMs: 10,
  kind: 'value',
  tags: ['*', 'c:users', 'k:users:7', 't:user:7'],
  slidingMs: 0,
  ...fields,
});

/** An entry of a key, of as many bytes as a test needs. */
export const entryOf = (
  key: string,
  {
    bytes = 100,
    header = {},
    ...provenance
  }: { bytes?: number; header?: Partial<EntryHeader> } & Partial<EntryProvenance> = {},
): CacheEntry => new CacheEntry(key, headerWith(header), { value: key, bytes }, { sequence: 1, ...provenance });

/** How entries lie in a store by default, but for what a test is about. */
export const formWith = (fields: Partial<EntryForm> = {}): EntryForm => ({
  serializer: 'msgpack',
  maxValueBytes: 1024 ** 2,
  compression: undefined,
  encryption: undefined,
  ...fields,
});

/** Ids and what fills the 32 bytes of each key; the first encrypts. */
export function cipherWith(
  keys: Readonly<Record<string, number>>,
  { namespace = 'shop', cache = 'users' }: { namespace?: string; cache?: string } = {},
): EntryCipher {
  const made = Object.entries(keys).map(([id, byte]) => [id, createSecretKey(Buffer.alloc(32, byte))] as const);
  return new EntryCipher({ keys: new Map(made), current: made[0]![0] }, namespace, cache);
}
