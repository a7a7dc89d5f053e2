import { inspect } from 'node:util';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { EntryAddress } from '../../../lib/entry/entry-address.js';
import type { EntryCipher } from '../../../lib/entry/entry-cipher.js';
import { decodeEntry, encodeEntry, type EntryForm, type StoredEntry } from '../../../lib/entry/entry-codec.js';
import { cipherWith, formWith, headerWith } from '../../support/entries.js';
import { seededRandom } from '../../support/seeded-random.js';

const ADDRESS: EntryAddress = { cache: 'users', schema: 1, key: '7' };
const SECRET = 'the account number is 4711';
const header = headerWith({ tags: ['*', 't:patient:hiv'], meta: { headers: { 'set-cookie': 'session=abc' } } });
const entryAt = (address: Partial<EntryAddress> = {}, payload = Buffer.from(SECRET)): StoredEntry => ({
  address: { ...ADDRESS, ...address },
  header,
  payload,
  clockOffsetMs: 0,
});
const encrypting = (cipher: EntryCipher = cipherWith({ k1: 1 })): EntryForm =>
  formWith({ encryption: { cipher, required: true } });
const reading = (cipher: EntryCipher = cipherWith({ k1: 1 })): EntryForm =>
  formWith({ encryption: { cipher, required: false } });
/** What a reader makes of bytes: the payload as text, or why not. */
const read = (bytes: Buffer, form: EntryForm, address: Partial<EntryAddress> = {}): string => {
  const decoded = decodeEntry(bytes, entryAt(address), form);
  return decoded.readable ? Buffer.from(decoded.payload).toString() : decoded.reason;
};
/** The same bytes with a length and checksum that fit: what somebody writes who knows the format and has no key. */
const sealed = (bytes: Buffer): Buffer => {
  bytes.writeUInt32BE(bytes.length, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(8)), 4);
  return bytes;
};

describe('an encrypted entry', () => {
  it('gives back header and payload', () => {
    const form = encrypting();

    expect(decodeEntry(encodeEntry(entryAt(), form), entryAt(), form)).toEqual({
      readable: true,
      header,
      payload: Buffer.from(SECRET),
    });
  });

  it.each([0, 1, 300, 10_000, 1024 ** 2])('gives back %i bytes', (size) => {
    const payload = Buffer.alloc(size, 'x');
    const form = encrypting();

    expect(read(encodeEntry(entryAt({}, payload), form), form) === payload.toString()).toBe(true);
  });

  it('shows neither value nor tags nor headers of a response', () => {
    const text = encodeEntry(entryAt(), encrypting()).toString('latin1');

    for (const word of [SECRET, 'patient', 'session', 'epoch-1', 'msgpack', 'users']) expect(text).not.toContain(word);
    expect(text).toContain('k1');
  });

  it('is another every time it is written', () => {
    const form = encrypting();
    const ivs = Array.from({ length: 1_000 }, () => encodeEntry(entryAt(), form).toString('hex', 15, 27));

    expect(new Set(ivs).size).toBe(1_000);
  });

  it('stays readable for later versions of the package', () => {
    const pinned =
      'c1484301f9058654000000ea026b317b26aa0b127e8172c36a5c86abc089c90da5c5dfc38d553f777271d04cf52f9cdc' +
      '2a3a6640682e505ef96f42d0e8179799b3fdb7d78a54a5c2037206bdc5dc1b18480ef805afc0dde57d75ba13843fc8c3' +
      '98cebf3659bdf02c50e4d590124e92a425c31985330e109ee16d4431ac459491a355a357c025053bde2d80b8dffb797b' +
      'aa7b4d3a6b5973dbcfd5736b52ce60053ef8db4dd6c3501d0c9c154cf48cef08952eb8bdf868960b8b4ed411bd4d22b1' +
      'dded29cc68b0917cca95ccbf097bf43c407076fd82540d65cb770229be60511c1c7d5fd77e7d1211c45d';

    expect(read(Buffer.from(pinned, 'hex'), encrypting())).toBe(SECRET);
  });

  it.each([
    ['another key of the cache', { key: '8' }],
    ['another version of the shape', { schema: 2 }],
  ])('is a miss under %s', (_what, address) => {
    expect(read(encodeEntry(entryAt(), encrypting()), encrypting(), address)).toBe('other-entry');
  });

  it.each([
    ['cache', { cache: 'bills', namespace: 'shop' }],
    ['namespace', { cache: 'users', namespace: 'other' }],
  ])('can’t be opened in another %s with the same keys', (_what, { cache, namespace }) => {
    const bytes = encodeEntry(entryAt(), encrypting());

    expect(read(bytes, encrypting(cipherWith({ k1: 1 }, { cache, namespace })), { cache })).toBe('forged');
  });

  it('can’t be opened with another key of the same id', () => {
    expect(read(encodeEntry(entryAt(), encrypting()), encrypting(cipherWith({ k1: 2 })))).toBe('forged');
  });

  it('is bound to the id of its key, should another be the same key', () => {
    const bytes = encodeEntry(entryAt(), encrypting());
    bytes.write('k2', 13);

    expect(read(sealed(bytes), encrypting(cipherWith({ k1: 1, k2: 1 })))).toBe('forged');
  });

  it('is a miss for who has no keys at all', () => {
    expect(read(encodeEntry(entryAt(), encrypting()), formWith())).toBe('key');
  });

  it('that two keys’ entries swapped their bytes for is a miss under both', () => {
    const form = encrypting();
    const [seven, eight] = [entryAt(), entryAt({ key: '8' })].map((entry) => encodeEntry(entry, form));

    expect(read(eight!, form)).toBe('other-entry');
    expect(read(seven!, form, { key: '8' })).toBe('other-entry');
  });

  it('that has the header of one entry and the payload of another is a miss', () => {
    const form = encrypting();
    const [one, other] = [Buffer.from('a'.repeat(40)), Buffer.from('b'.repeat(40))].map((payload) =>
      encodeEntry(entryAt({}, payload), form),
    );
    for (let cut = 16; cut < one!.length; cut++) {
      const spliced = sealed(Buffer.concat([one!.subarray(0, cut), other!.subarray(cut)]));
      expect(read(spliced, form)).toBe('forged');
    }
  });

  it('with any bit changed is a miss, though its checksum fits', () => {
    const form = encrypting();
    const bytes = encodeEntry(entryAt(), form);

    for (let bit = 12 * 8; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(['forged', 'key', 'not-encrypted']).toContain(read(sealed(flipped), form));
    }
  });

  it('changed at random 10,000 times is never an exception and never a value', () => {
    const random = seededRandom(11);
    const upTo = (end: number): number => Math.floor(random() * end);
    const form = { ...encrypting(), compression: { algorithm: 'gzip', thresholdBytes: 100 } } as const;
    const originals = [10, 99, 400, 3_000].map((size) => encodeEntry(entryAt({}, Buffer.alloc(size, 'abc')), form));
    const change: ((bytes: Buffer) => Buffer)[] = [
      (bytes) => bytes.subarray(0, upTo(bytes.length)),
      (bytes) => Buffer.concat([bytes, Buffer.from([upTo(256)])]),
      (bytes) => (bytes.writeUInt8(bytes[13]! ^ (1 + upTo(255)), 13), bytes),
      (bytes) => {
        for (let times = 1 + upTo(4); times > 0; times--) bytes[upTo(bytes.length)]! ^= 1 + upTo(255);
        return bytes;
      },
      (bytes) => {
        const [from, to] = [upTo(bytes.length), upTo(bytes.length)];
        return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
      },
    ];
    let changed = 0;
    for (let run = 0; run < 10_000; run++) {
      const original = originals[upTo(originals.length)]!;
      const bytes = change[upTo(change.length)]!(Buffer.from(original));
      const mutated = bytes.length > 12 && random() < 0.8 ? sealed(Buffer.from(bytes)) : bytes;
      if (mutated.equals(original)) continue;
      changed++;
      expect(decodeEntry(mutated, entryAt(), form).readable).toBe(false);
    }
    expect(changed).toBeGreaterThan(9_900);
  });
});

describe('an entry in clear', () => {
  it('is refused where entries are encrypted, so that nobody can slip one in', () => {
    expect(read(encodeEntry(entryAt(), formWith()), encrypting())).toBe('not-encrypted');
  });

  it('is read where encryption is only being prepared', () => {
    expect(read(encodeEntry(entryAt(), formWith()), reading())).toBe(SECRET);
    expect(read(encodeEntry(entryAt(), reading()), formWith())).toBe(SECRET);
  });
});

describe('keys', () => {
  it('may be changed: what an older one encrypted is read while it is listed', () => {
    const old = encodeEntry(entryAt(), encrypting(cipherWith({ k1: 1 })));
    const rotated = encrypting(cipherWith({ k2: 2, k1: 1 }));

    expect(read(old, rotated)).toBe(SECRET);
    expect(read(old, encrypting(cipherWith({ k2: 2 })))).toBe('key');
  });

  it('may be changed: new entries are for those who have the new key', () => {
    const fresh = encodeEntry(entryAt(), encrypting(cipherWith({ k2: 2, k1: 1 })));

    expect(read(fresh, encrypting(cipherWith({ k1: 1, k2: 2 })))).toBe(SECRET);
    expect(read(fresh, encrypting(cipherWith({ k1: 1 })))).toBe('key');
  });

  it('may be listed before they are used', () => {
    expect(read(encodeEntry(entryAt(), encrypting()), reading(cipherWith({ k2: 2, k1: 1 })))).toBe(SECRET);
  });

  it('aren’t shown by what holds them', () => {
    const key = Buffer.alloc(32, 7);
    const shown = inspect(encrypting(cipherWith({ k1: 7 })), { depth: Infinity, showHidden: true });

    for (const form of [key.toString('base64'), key.toString('hex'), '7, 7, 7', '07 07 07']) {
      expect(shown).not.toContain(form);
    }
  });
});
