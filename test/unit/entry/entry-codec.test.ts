import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEntry, encodeEntry, type DecodedEntry, type StoredEntry } from '../../../lib/entry/entry-codec.js';
import { headerWith } from '../../support/entries.js';

const stored = (fields: Partial<StoredEntry> = {}): StoredEntry => ({
  cache: 'users',
  key: '7',
  serializer: 'msgpack',
  header: headerWith({
    tags: ['*', 't:user:7', '~t:ü😀'],
    meta: { status: 200, headers: { etag: 'x' } },
    slidingMs: 5,
  }),
  payload: Buffer.from('payload'),
  ...fields,
});
const EXPECTED = { cache: 'users', key: '7', serializer: 'msgpack' };
const reason = (decoded: DecodedEntry): string => (decoded.readable ? 'readable' : decoded.reason);
const decode = (bytes: Uint8Array, expected: Partial<typeof EXPECTED> = {}): DecodedEntry =>
  decodeEntry(Buffer.from(bytes), { ...EXPECTED, ...expected });

/** The same bytes with a checksum that fits. */
const sealed = (bytes: Buffer): Buffer => {
  bytes.writeUInt32BE(crc32(bytes.subarray(8)), 4);
  return bytes;
};

describe('the bytes of an entry', () => {
  it('give back header and payload', () => {
    const entry = stored();

    const decoded = decode(encodeEntry(entry));

    expect(decoded).toStrictEqual({ readable: true, header: entry.header, payload: entry.payload });
  });

  it('give back any header', () => {
    const time = fc.double({ min: 0, max: 1e14, noNaN: true });
    const header = fc.record({
      epoch: fc.string(),
      position: fc.maxSafeNat(),
      ownRecord: fc.maxSafeNat(),
      asOf: time,
      staleAt: fc.oneof(time, fc.constant(Infinity)),
      graceUntil: time,
      costMs: time,
      kind: fc.constantFrom('value' as const, 'undefined' as const, 'error' as const),
      tags: fc.array(fc.string({ unit: 'binary' }), { maxLength: 20 }),
      slidingMs: time,
    });
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 50 }), fc.string(), (anyHeader, bytes, key) => {
        const payload = Buffer.from(bytes);
        const decoded = decode(encodeEntry(stored({ header: anyHeader, payload, key })), { key });
        expect(decoded).toEqual({ readable: true, header: anyHeader, payload });
      }),
      { numRuns: 500 },
    );
  });

  it('begin with what no MessagePack begins with, and the format', () => {
    expect([...encodeEntry(stored()).subarray(0, 4)]).toEqual([0xc1, 0x48, 0x43, 1]);
  });

  it('stay readable for later versions of the package', () => {
    const pinned =
      'c1484301b14a85400000004600000001' +
      '9ea57573657273a137a76d73677061636ba765706f63682d310500cd03e8cd07d0cd0bb80a00' +
      '94a12aa7633a7573657273a96b3a75736572733a37a8743a757365723a37c00001';

    expect(encodeEntry(stored({ header: headerWith(), payload: Buffer.from([1]) })).toString('hex')).toBe(pinned);
    expect(decode(Buffer.from(pinned, 'hex'))).toEqual({
      readable: true,
      header: headerWith(),
      payload: Buffer.from([1]),
    });
  });

  it('with another’s key, cache or serializer are a miss', () => {
    const bytes = encodeEntry(stored());

    expect(reason(decode(bytes, { key: '8' }))).toBe('other-entry');
    expect(reason(decode(bytes, { cache: 'billing' }))).toBe('other-entry');
    expect(reason(decode(bytes, { serializer: 'json' }))).toBe('other-serializer');
  });

  it.each(['undefined', 'error'] as const)('of kind %s don’t depend on the serializer', (kind) => {
    const bytes = encodeEntry(stored({ header: headerWith({ kind }) }));

    expect(reason(decode(bytes, { serializer: 'json' }))).toBe('readable');
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a text', Buffer.from('"hello"')],
    ['JSON', Buffer.from('{"id":7}')],
    ['MessagePack', Buffer.from([0x93, 1, 2, 3])],
    ['a part of the magic', Buffer.from([0xc1, 0x48])],
  ])('that are %s are foreign', (_what, bytes) => {
    expect(reason(decode(bytes))).toBe('foreign');
  });

  it.each([0, 2, 255])('of format %i are not read', (format) => {
    const bytes = encodeEntry(stored());
    bytes[3] = format;

    expect(reason(decode(bytes))).toBe('format');
  });

  it('cut off anywhere are a miss', () => {
    const bytes = encodeEntry(stored());

    for (let length = 0; length < bytes.length; length++) {
      expect(reason(decode(bytes.subarray(0, length)))).toBe(length < 4 ? 'foreign' : 'truncated');
    }
  });

  it('with one bit flipped are a miss, whichever it is', () => {
    const bytes = encodeEntry(stored());

    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const expected = bit < 24 ? ['foreign'] : bit < 32 ? ['format'] : ['corrupt', 'truncated'];
      expect(expected).toContain(reason(decode(flipped)));
    }
  });

  it('with more behind them are corrupt', () => {
    expect(reason(decode(Buffer.concat([encodeEntry(stored()), Buffer.from([0])])))).toBe('corrupt');
  });

  it('with a sound checksum over a header that isn’t one are corrupt', () => {
    const bytes = encodeEntry(stored());
    for (const wrong of [0xc0, 0x90, 0x9f, 0xc1, 0x80, 0xff]) {
      const broken = Buffer.from(bytes);
      broken[16] = wrong;
      expect(reason(decode(sealed(broken)))).toBe('corrupt');
    }
  });

  it('never throw, whatever they are', () => {
    const anyBytes = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes));
    const withOurMagic = anyBytes.map((bytes) => Buffer.concat([Buffer.from([0xc1, 0x48, 0x43, 1]), bytes]));
    const withSoundFrame = fc
      .tuple(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 8 }))
      .map(([head, payload]) => {
        const bytes = Buffer.concat([encodeEntry(stored()).subarray(0, 16), head, payload]);
        bytes.writeUInt32BE(head.length, 8);
        bytes.writeUInt32BE(payload.length, 12);
        return sealed(bytes);
      });
    fc.assert(
      fc.property(fc.oneof(anyBytes, withOurMagic, withSoundFrame), (bytes) => {
        expect(decode(bytes).readable).toBe(false);
      }),
      { numRuns: 5_000 },
    );
  });
});
