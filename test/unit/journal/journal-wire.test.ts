import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packTags, readRecord } from '../../../lib/journal/journal-wire.js';

const item = (text: string, id = '5-1') => ({ id, record: Buffer.from(text) });

describe('a record in the journal', () => {
  it('reads back as it was written, whatever its tags are', () => {
    const tag = fc.string({
      unit: fc.oneof(fc.constantFrom('|', '\n', '\r', '"', '\\', '\0', '\u2028', '𝒳'), fc.string()),
    });
    fc.assert(
      fc.property(fc.array(tag), fc.nat(), (tags, previous) => {
        const record = readRecord(item(`1|9.e|${previous}|p-1|n-2|${packTags(tags)}`, '7-3'));
        expect(record).toEqual({
          epoch: '9.e',
          position: 7 * 1_024 + 3,
          tags,
          nonce: 'n-2',
          previous,
          previousNonce: 'p-1',
        });
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['somebody else’s', 'hello'],
    ['of a later format', '2|9.e|1|p|n|["a"]'],
    ['without a number where the one before it is named', '1|9.e|x|p|n|["a"]'],
    ['with a field too few', '1|9.e|1|p|["a"]'],
    ['cut off', '1|9.e|1|p|n|["a'],
    ['with tags that are no list', '1|9.e|1|p|n|{"a":1}'],
    ['with tags that are no texts', '1|9.e|1|p|n|["a",1]'],
    ['with something in front', 'x\n1|9.e|1|p|n|["a"]'],
    ['bytes that are no text', '\u{fffd}'],
  ])('is none of ours: %s', (_what, text) => {
    expect(readRecord(item(text))).toBeUndefined();
  });
});
