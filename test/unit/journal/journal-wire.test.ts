import { describe, expect, it } from 'vitest';
import { packTags, readRecord } from '../../../lib/journal/journal-wire.js';

const recordOf = (packed: string) => ({ id: '5-1', record: Buffer.from(`1|epoch|4|before|nonce|${packed}`) });

describe('a record', () => {
  it('brings the traces it was made in along, and its tags are its tags alone', () => {
    const read = readRecord(recordOf(packTags(['t:user:1', 'c:users'], ['trace one', 'trace two'])));

    expect(read?.tags).toEqual(['t:user:1', 'c:users']);
    expect(read?.traces).toEqual(['trace one', 'trace two']);
  });

  it('without a trace is what it always was', () => {
    expect(packTags(['t:user:1'])).toBe('["t:user:1"]');
    expect(readRecord(recordOf('["t:user:1"]'))).not.toHaveProperty('traces');
  });

  it('has a trace for a tag that no entry carries, where it is read by a version that knows of none', () => {
    expect(JSON.parse(packTags(['t:user:1'], ['trace']))).toEqual(['t:user:1', 'w:trace']);
  });
});
