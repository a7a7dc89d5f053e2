import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EntryAddress } from '../../../lib/entry/entry-address.js';
import {
  decodeEntry,
  encodeEntry,
  type DecodedEntry,
  type EntryForm,
  type StoredEntry,
} from '../../../lib/entry/entry-codec.js';
import { formWith, headerWith } from '../../support/entries.js';

const ADDRESS: EntryAddress = { cache: 'users', schema: 1, key: '7' };
const stored = (fields: Partial<StoredEntry> = {}): StoredEntry => ({
  address: ADDRESS,
  header: headerWith({
    tags: ['*', 't:user:7', '~t:ü😀'],
    meta: { status: 200, headers: { etag: 'x' } },
    slidingMs: 5,
  }),
  payload: Buffer.from('payload'),
  clockOffsetMs: 0,
  ...fields,
});
const encode = (entry: StoredEntry): Buffer => encodeEntry(entry, formWith());
const reason = (decoded: DecodedEntry): string => (decoded.readable ? 'readable' : decoded.reason);
const decode = (bytes: Uint8Array, address: Partial<EntryAddress> = {}, form: Partial<EntryForm> = {}): DecodedEntry =>
  decodeEntry(Buffer.from(bytes), { address: { ...ADDRESS, ...address }, clockOffsetMs: 0 }, formWith(form));

const HEADER_AT = 17;

/** The same bytes with a checksum that fits. */
const sealed = (bytes: Buffer): Buffer => {
  bytes.writeUInt32BE(crc32(bytes.subarray(8)), 4);
  return bytes;
};

describe('the bytes of an entry', () => {
  it('give back header and payload', () => {
    const entry = stored();

    const decoded = decode(encode(entry));

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
        const decoded = decode(encode(stored({ header: anyHeader, payload, address: { ...ADDRESS, key } })), { key });
        expect(decoded).toEqual({ readable: true, header: anyHeader, payload });
      }),
      { numRuns: 500 },
    );
  });

  it('begin with what no MessagePack begins with, and the format', () => {
    expect([...encode(stored()).subarray(0, 4)]).toEqual([0xc1, 0x48, 0x43, 1]);
  });

  it('stay readable for later versions of the package', () => {
    const pinned =
      'c1484301764fd5d0000000a1000000008f000040140000000000000000000000000000408f400000000000409f400000' +
      '00000040a77000000000004024000000000000000000000000000000000001000000090000000f000000190000000475' +
      '736572730031003765706f63682d31006d73677061636b000000010000000700000009000000082a633a75736572736b' +
      '3a75736572733a37743a757365723a3701';

    expect(encode(stored({ header: headerWith(), payload: Buffer.from([1]) })).toString('hex')).toBe(pinned);
    expect(decode(Buffer.from(pinned, 'hex'))).toEqual({
      readable: true,
      header: headerWith(),
      payload: Buffer.from([1]),
    });
  });

  it('with another’s key, cache, schema or serializer are a miss', () => {
    const bytes = encode(stored());

    expect(reason(decode(bytes, { key: '8' }))).toBe('other-entry');
    expect(reason(decode(bytes, { cache: 'billing' }))).toBe('other-entry');
    expect(reason(decode(bytes, { schema: 2 }))).toBe('other-entry');
    expect(reason(decode(bytes, {}, { serializer: 'json' }))).toBe('other-serializer');
  });

  it.each(['undefined', 'error'] as const)('of kind %s don’t depend on the serializer', (kind) => {
    const bytes = encode(stored({ header: headerWith({ kind }) }));

    expect(reason(decode(bytes, {}, { serializer: 'json' }))).toBe('readable');
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
    const bytes = encode(stored());
    bytes[3] = format;

    expect(reason(decode(bytes))).toBe('format');
  });

  it('cut off anywhere are a miss', () => {
    const bytes = encode(stored());

    for (let length = 0; length < bytes.length; length++) {
      expect(reason(decode(bytes.subarray(0, length)))).toBe(length < 4 ? 'foreign' : 'truncated');
    }
  });

  it('with one bit flipped are a miss, whichever it is', () => {
    const bytes = encode(stored());

    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const expected = bit < 24 ? ['foreign'] : bit < 32 ? ['format'] : ['corrupt', 'truncated'];
      expect(expected).toContain(reason(decode(flipped)));
    }
  });

  it('with more behind them are corrupt', () => {
    expect(reason(decode(Buffer.concat([encode(stored()), Buffer.from([0])])))).toBe('corrupt');
  });

  it('with a sound checksum over a header that isn’t one are corrupt', () => {
    const bytes = encode(stored());
    for (const wrong of [0xc0, 0x90, 0x9f, 0xc1, 0x80, 0xff]) {
      const broken = Buffer.from(bytes);
      broken[HEADER_AT] = wrong;
      expect(reason(decode(sealed(broken)))).toBe('corrupt');
    }
  });

  it('never throw, whatever they are', () => {
    const anyBytes = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes));
    const withOurMagic = anyBytes.map((bytes) => Buffer.concat([Buffer.from([0xc1, 0x48, 0x43, 1]), bytes]));
    const withSoundFrame = fc
      .tuple(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 8 }))
      .map(([head, payload]) => {
        const bytes = Buffer.concat([encode(stored()).subarray(0, HEADER_AT), head, payload]);
        bytes.writeUInt32BE(bytes.length, 8);
        bytes.writeUInt32BE(head.length, 13);
        return sealed(bytes);
      });
    fc.assert(
      fc.property(fc.oneof(anyBytes, withOurMagic, withSoundFrame), (bytes) => {
        expect(decode(bytes).readable).toBe(false);
      }),
      { numRuns: 5_000 },
    );
  });

  it('with a sound checksum over a length of the header that can’t be are corrupt', () => {
    for (const length of [0, 1, 1_000, 0xffff_ffff]) {
      const bytes = encode(stored({ payload: Buffer.alloc(0) }));
      bytes.writeUInt32BE(length, 13);
      expect(reason(decode(sealed(bytes)))).toBe('corrupt');
    }
  });

  it('with a sound checksum and a payload of another length are corrupt', () => {
    const bytes = Buffer.concat([encode(stored()), Buffer.from([0])]);
    bytes.writeUInt32BE(bytes.length, 8);

    expect(reason(decode(sealed(bytes)))).toBe('corrupt');
  });

  it('with tags whose lengths don’t add up are corrupt', () => {
    const entry = stored({ header: headerWith({ tags: ['*'] }) });
    const lengthAt = encode(entry).lastIndexOf('*payload') - 4;
    for (const length of [0, 2, 0xffff_ffff]) {
      const bytes = encode(entry);
      bytes.writeUInt32BE(length, lengthAt);
      expect(reason(decode(sealed(bytes)))).toBe('corrupt');
    }
  });

  it.each(['position', 'ownRecord', 'asOf', 'staleAt', 'graceUntil', 'costMs', 'slidingMs'] as const)(
    'with a %s that is no number are corrupt',
    (field) => {
      expect(reason(decode(encode(stored({ header: headerWith({ [field]: Number.NaN }) }))))).toBe('corrupt');
    },
  );

  it('hold times by the clock of the store, and give them back by that of the reader', () => {
    const header = headerWith({ asOf: 1_000, staleAt: 2_000, graceUntil: 3_000 });
    const bytes = encode(stored({ header, clockOffsetMs: 250 }));

    const decoded = decodeEntry(bytes, { address: ADDRESS, clockOffsetMs: -50 }, formWith());

    expect(decoded).toMatchObject({ readable: true, header: { asOf: 1_300, staleAt: 2_300, graceUntil: 3_300 } });
    expect(decodeEntry(bytes, { address: ADDRESS, clockOffsetMs: 250 }, formWith())).toMatchObject({ header });
  });
});
