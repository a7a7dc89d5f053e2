import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { compress, decompress, type Compression } from '../../../lib/entry/compression.js';
import { decodeEntry, encodeEntry, type EntryForm, type StoredEntry } from '../../../lib/entry/entry-codec.js';
import { cipherWith, formWith, headerWith } from '../../support/entries.js';

const address = { cache: 'users', schema: 1, key: '7' };
const entryOf = (payload: Uint8Array): StoredEntry => ({ address, header: headerWith(), payload, clockOffsetMs: 0 });
const repetitive = (bytes: number): Buffer => Buffer.alloc(bytes, '{"id":7,"name":"Ada"}');
const algorithms = ['gzip', 'brotli'] as const;
const compressing = (fields: Partial<Compression> = {}): EntryForm =>
  formWith({ compression: { algorithm: 'brotli', thresholdBytes: 1_000, ...fields } });

describe.each(algorithms)('a payload compressed by %s', (algorithm) => {
  const form = compressing({ algorithm });

  it.each([1_000, 1_001, 65_536, 1024 ** 2])('of %i bytes comes back as it was, from fewer bytes', (size) => {
    const payload = repetitive(size);
    const bytes = encodeEntry(entryOf(payload), form);

    expect(bytes.length).toBeLessThan(payload.length);
    const decoded = decodeEntry(bytes, entryOf(payload), form);
    expect(decoded).toMatchObject({ readable: true, header: headerWith() });
    expect(decoded.readable && payload.equals(decoded.payload)).toBe(true);
  });

  it('is read by a cache that compresses nothing, or by the other algorithm', () => {
    const payload = repetitive(5_000);
    const bytes = encodeEntry(entryOf(payload), form);

    for (const other of [formWith(), compressing({ algorithm: algorithm === 'gzip' ? 'brotli' : 'gzip' })]) {
      expect(decodeEntry(bytes, entryOf(payload), other)).toMatchObject({ readable: true, payload });
    }
  });

  it('is encrypted after it was compressed', () => {
    const payload = repetitive(5_000);
    const sealing = { ...form, encryption: { cipher: cipherWith({ k1: 1 }), required: true } };
    const bytes = encodeEntry(entryOf(payload), sealing);

    expect(bytes.length).toBeLessThan(1_000);
    expect(decodeEntry(bytes, entryOf(payload), sealing)).toMatchObject({ readable: true, payload });
  });

  it('of more than `maxValueBytes` is a miss, before a byte of it is made', () => {
    const bytes = encodeEntry(entryOf(repetitive(5_000)), form);

    expect(decodeEntry(bytes, entryOf(repetitive(0)), { ...form, maxValueBytes: 4_999 })).toEqual({
      readable: false,
      reason: 'too-large',
    });
  });

  it('becomes no more bytes than its entry says, however many are in it', () => {
    const bomb = compress(repetitive(5_000_000), { algorithm, thresholdBytes: 0 })!;

    expect(bomb.byteLength).toBeLessThan(50_000);
    const alloc = vi.spyOn(Buffer, 'allocUnsafe');
    expect(decompress(bomb, algorithm, 10_000)).toBeUndefined();
    const allocated = alloc.mock.calls.reduce((total, [bytes]) => total + bytes, 0);
    alloc.mockRestore();
    expect(allocated).toBeGreaterThanOrEqual(10_000);
    expect(allocated).toBeLessThanOrEqual(30_000);
    expect(decompress(bomb, algorithm, 4_999_999)).toBeUndefined();
    expect(decompress(bomb, algorithm, 5_000_000)?.byteLength).toBe(5_000_000);
  });

  it.each([-1, 0, 0.5, 19_999, 20_001, Number.NaN, Infinity, Number.MAX_SAFE_INTEGER])(
    'is nothing when its entry says it has %d bytes and it has 20,000',
    (said) => {
      const packed = compress(repetitive(20_000), { algorithm, thresholdBytes: 0 })!;

      expect(decompress(packed, algorithm, said)).toBeUndefined();
    },
  );

  it('is nothing when it is cut off, or was never compressed', () => {
    const packed = compress(repetitive(20_000), { algorithm, thresholdBytes: 0 })!;

    for (const length of [0, 1, packed.byteLength >> 1, packed.byteLength - 1]) {
      expect(decompress(packed.subarray(0, length), algorithm, 20_000)).toBeUndefined();
    }
    expect(decompress(repetitive(100), algorithm, 100)).toBeUndefined();
  });
});

describe('a payload', () => {
  it('below the threshold is left as it is', () => {
    const payload = repetitive(999);

    expect(encodeEntry(entryOf(payload), compressing()).includes(payload)).toBe(true);
  });

  it.each(algorithms)('that %s makes no smaller is left as it is', (algorithm) => {
    const payload = randomBytes(5_000);
    const bytes = encodeEntry(entryOf(payload), compressing({ algorithm }));

    expect(bytes.length).toBe(encodeEntry(entryOf(payload), formWith()).length);
    expect(decodeEntry(bytes, entryOf(payload), compressing())).toMatchObject({ readable: true, payload });
  });

  it('of nothing is left as it is, whatever the threshold', () => {
    const payload = Buffer.alloc(0);
    const bytes = encodeEntry(entryOf(payload), compressing({ thresholdBytes: 0 }));

    expect(decodeEntry(bytes, entryOf(payload), compressing())).toMatchObject({ readable: true, payload });
  });

  it('that was compressed before is not decompressed', () => {
    const payload = gzipSync(repetitive(10_000));

    expect(decodeEntry(encodeEntry(entryOf(payload), formWith()), entryOf(payload), compressing())).toMatchObject({
      readable: true,
      payload,
    });
  });
});
