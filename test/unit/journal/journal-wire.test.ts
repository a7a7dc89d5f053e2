import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packTags, readRecord } from '../../../lib/journal/journal-wire.js';

const item = (text: string, id = '5-1') => ({ id, record: Buffer.from(text) });

describe('a record in the journal', () => {
  it('reads back as it was written, whatever its tags are', () => {
    const tag = fc.string({
      unit: fc.oneof(fc.constantFrom('|', '\n', '\r', '"', '\\', '\0', '\u2028', '𝒳'), fc.string()),
    });
    // every tag has the prefix of its kind, and this isn't one of them
    const some = fc.array(tag.filter((text) => !text.startsWith('w:')));
    fc.assert(
      fc.property(some, fc.nat(), (tags, previous) => {
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

describe('a record that says where it was made', () => {
  it('has its tags for tags, and nothing else', () => {
    const packed = packTags(['t:user:1', 'c:users'], ['trace one', 'trace two']);
    const record = readRecord(item(`1|9.e|1|p|n|${packed}`));

    expect(record?.tags).toEqual(['t:user:1', 'c:users']);
    expect(record?.traces).toEqual(['trace one', 'trace two']);
  });

  it('is, without a trace, what it always was', () => {
    expect(packTags(['t:user:1'])).toBe('["t:user:1"]');
    expect(readRecord(item('1|9.e|1|p|n|["t:user:1"]'))).not.toHaveProperty('traces');
  });

  it('has it where older versions see a tag that no entry carries', () => {
    expect(JSON.parse(packTags(['t:user:1'], ['trace']))).toEqual(['t:user:1', 'w:trace']);
  });
});
