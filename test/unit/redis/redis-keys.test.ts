import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupsBySlot } from '../../../lib/redis/slots.js';
import { RedisKeys } from '../../../lib/redis/redis-keys.js';

/** CRC16 (XMODEM) of the part of a key that counts, as every node of a cluster computes it. */
function slotOf(key: string): number {
  const bytes = Buffer.from(key);
  const open = bytes.indexOf('{');
  const close = open < 0 ? -1 : bytes.indexOf('}', open + 1);
  let crc = 0;
  for (const byte of close > open + 1 ? bytes.subarray(open + 1, close) : bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021) & 0xffff;
  }
  return crc % 16_384;
}

describe('slots', () => {
  it('are computed here as the specification says', () => {
    expect(slotOf('123456789')).toBe(0x31c3);
    expect(slotOf('foo{hash}bar')).toBe(slotOf('hash'));
    expect(slotOf('{}hash')).not.toBe(slotOf('hash'));
  });
});

describe('the keys in Redis', () => {
  const keys = new RedisKeys('shop');

  it('have the documented names', () => {
    expect([keys.clock, keys.journal, keys.entry('users', 2, '7')]).toEqual([
      '{shop}:clock',
      '{shop}:journal',
      'shop:users:v2:7',
    ]);
    expect(keys.lock('shop:users:v2:7').lock).toBe('shop:~lock:{shop:users:v2:7}');
  });

  it('of the journal lie in one slot, whatever the client puts in front', () => {
    for (const prefix of ['', 'app:', '{app}:', 'a{b', 'a}b']) {
      const { clock, journal } = new RedisKeys('shop', prefix);
      expect(slotOf(prefix + clock)).toBe(slotOf(prefix + journal));
    }
  });

  it('of an entry is given back as it is with its lock', () => {
    expect(keys.lock(keys.entry('users', 1, 'a{b}')).entry).toBe('shop:users:v1:a{b}');
  });

  it('of two locks differ where those of the entries do', () => {
    const names = ['a', '{a}', '{a', 'a}', '', '{}', '{{a}}', 'a:b', '~lock:a'].map((key) =>
      keys.entry('users', 1, key),
    );
    const locks = names.map((name) => keys.lock(name).lock);
    expect(new Set([...names, ...locks]).size).toBe(2 * names.length);
  });
});

describe('a lock', () => {
  const beside = (key: string, prefix = ''): boolean => {
    const keys = new RedisKeys('shop', prefix);
    const { lock, entry, beside } = keys.lock(keys.entry('users', 1, key));
    if (beside) expect(slotOf(prefix + lock), `${prefix} ${key}`).toBe(slotOf(prefix + entry));
    return beside;
  };

  it.each(['7', 'a:b', 'a{b}c', '{a}', '{{a}}', '{a}{b}', 'a{b', 'ü€𝒳'])('lies in the slot of its entry: %s', (key) => {
    expect(beside(key)).toBe(true);
  });

  it.each(['a}b', '{}', '{}a{b}', '{}{a', '}{'])('says so where it can’t lie there: %s', (key) => {
    expect(beside(key)).toBe(false);
  });

  it('lies there with what the client puts in front, with a hash tag in it or without', () => {
    expect(['app:', '{app}:', 'a{b}c{'].map((prefix) => beside('a{b}c', prefix))).toEqual([true, true, true]);
    expect(['app:', '{app}:', 'a{b}c{'].map((prefix) => beside('7', prefix))).toEqual([true, true, true]);
  });

  it('never says that it lies there where it doesn’t', () => {
    const text = fc.string({ unit: fc.constantFrom('{', '}', ':', 'a', 'é'), maxLength: 8 });
    let there = 0;
    fc.assert(
      fc.property(text, text, (key, prefix) => void (there += beside(key, prefix) ? 1 : 0)),
      { numRuns: 3_000 },
    );
    expect(there).toBeGreaterThan(500);
  });
});

describe('keys of a cluster', () => {
  it('go together where they are certain to lie in one slot', () => {
    const keys = ['a', '{t}:b', 'c', 'x{t}y', '{}d', 'a', '{t'];
    expect(groupsBySlot(keys)).toEqual([[0, 5], [1, 3], [2], [4], [6]]);
    expect(groupsBySlot([])).toEqual([]);
  });
});
