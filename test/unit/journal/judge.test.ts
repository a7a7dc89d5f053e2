import { describe, expect, it } from 'vitest';
import { ANY_RECORD, softTag } from '../../../lib/entry/tags.js';
import type { Judged } from '../../../lib/journal/journal-replica.js';
import { replicaAt } from '../../support/replicas.js';

const EPOCH = 'e1';
const entryAt = (position: number, tags: readonly string[] = ['*', 't:a'], ownRecord = 0): Judged => ({
  epoch: EPOCH,
  position,
  ownRecord,
  tags,
});
const record = (position: number, ...tags: string[]) => ({ epoch: EPOCH, position, tags });

describe('an entry', () => {
  it('is fresh while no tag of it has a record behind its position', () => {
    const replica = replicaAt(10);
    replica.apply(record(11, 't:b'));

    expect(replica.judge(entryAt(10), 1)).toBe('fresh');

    replica.apply(record(12, 't:a'));
    expect(replica.judge(entryAt(10), 1)).toBe('dead');
    expect(replica.judge(entryAt(11), 1)).toBe('dead');
    expect(replica.judge(entryAt(12), 1)).toBe('fresh');
  });

  it('is dead by any one of its tags', () => {
    for (const tag of ['*', 't:a', 'k:users:7']) {
      const replica = replicaAt(10);
      replica.apply(record(11, 't:other', tag));
      expect(replica.judge(entryAt(10, ['*', 'k:users:7', 't:a']), 1)).toBe('dead');
    }
  });

  it('of another epoch is dead, whatever its position', () => {
    const replica = replicaAt(10);

    expect(replica.judge({ ...entryAt(10), epoch: 'e0' }, 1)).toBe('dead');
    expect(replica.judge({ ...entryAt(1_000), epoch: 'e2' }, 1)).toBe('dead');
  });

  it('below the floor is dead, because nobody knows any more', () => {
    const replica = replicaAt(10);

    expect(replica.judge(entryAt(9, ['t:unheard-of']), 1)).toBe('dead');
    expect(replica.judge(entryAt(10, ['t:unheard-of']), 1)).toBe('fresh');
  });

  it('with too many tags to list is dead by any record', () => {
    const replica = replicaAt(10);
    expect(replica.judge(entryAt(10, [ANY_RECORD]), 1)).toBe('fresh');

    replica.apply(record(11, 't:whatever'));

    expect(replica.judge(entryAt(10, [ANY_RECORD]), 1)).toBe('dead');
    expect(replica.judge(entryAt(11, [ANY_RECORD]), 1)).toBe('fresh');
  });

  it('with too many tags to list is dead by any invalidation that is on its way', () => {
    const replica = replicaAt(10);
    const before = replica.mark(0).sequence;
    replica.begin(['t:whatever']);

    expect(replica.judge(entryAt(10, [ANY_RECORD]), before)).toBe('dead');
    expect(replica.judge(entryAt(10, [ANY_RECORD]), replica.mark(0).sequence)).toBe('fresh');
  });
});

describe('a softly invalidated entry', () => {
  it('is soft, until it is loaded again', () => {
    const replica = replicaAt(10);
    replica.apply(record(11, softTag('t:a')));

    expect(replica.judge(entryAt(10), 1)).toBe('soft');
    expect(replica.judge(entryAt(11), 1)).toBe('fresh');
    expect(replica.judge(entryAt(10, ['*', 't:b']), 1)).toBe('fresh');
  });

  it('is soft by a tag that everything carries, too', () => {
    const replica = replicaAt(10);
    replica.apply(record(11, softTag('*')));

    expect(replica.judge(entryAt(10), 1)).toBe('soft');
  });

  it.each([
    ['before', ['t:a', softTag('t:a')]],
    ['after', [softTag('t:a'), 't:a']],
  ])('is dead by a hard record, be it %s the soft one', (_when, tags) => {
    const replica = replicaAt(10);
    tags.forEach((tag, index) => replica.apply(record(11 + index, tag)));

    expect(replica.judge(entryAt(10), 1)).toBe('dead');
  });

  it('is dead by a hard record of a later tag, though an earlier one is soft', () => {
    const replica = replicaAt(10);
    replica.apply(record(11, softTag('*'), 't:a'));

    expect(replica.judge(entryAt(10, ['*', 't:a']), 1)).toBe('dead');
  });

  it('is soft from the call on, before anything is in the journal', () => {
    const replica = replicaAt(10);
    const { sequence } = replica.mark(0);
    replica.begin([softTag('t:a')]);

    expect(replica.judge(entryAt(10), sequence)).toBe('soft');
  });
});

describe('a written entry', () => {
  it('is fresh although its own record lies behind its position', () => {
    const replica = replicaAt(10);
    replica.apply(record(11, 't:a'));

    expect(replica.judge(entryAt(10, ['*', 't:a'], 11), 1)).toBe('fresh');
    expect(replica.judge(entryAt(10, ['*', 't:a'], 0), 1)).toBe('dead');
  });

  it('is dead by the next record of its tag', () => {
    const replica = replicaAt(10);
    replica.apply(record(11, 't:a'));
    replica.apply(record(12, 't:a'));

    expect(replica.judge(entryAt(10, ['*', 't:a'], 11), 1)).toBe('dead');
  });

  it('goes by its position for tags its own record doesn’t name', () => {
    const replica = replicaAt(10);
    replica.apply(record(11, 't:b'));
    replica.apply(record(12, 't:a'));

    expect(replica.judge(entryAt(10, ['t:a', 't:b'], 12), 1)).toBe('dead');
    expect(replica.judge(entryAt(11, ['t:a', 't:b'], 12), 1)).toBe('fresh');
  });
});

describe('why an entry is stale', () => {
  it('is told by the tag and the position of the record', () => {
    const replica = replicaAt(10);
    replica.apply(record(11, softTag('t:a')));

    expect(replica.explain(entryAt(10), 1)).toEqual({ tag: '~t:a', position: 11 });
    expect(replica.explain(entryAt(11), 1)).toBeUndefined();
  });

  it('is told without a position while the record is on its way', () => {
    const replica = replicaAt(10);
    const { sequence } = replica.mark(0);
    replica.begin(['t:a']);

    expect(replica.explain(entryAt(10), sequence)).toEqual({ tag: 't:a', position: undefined });
  });
});
