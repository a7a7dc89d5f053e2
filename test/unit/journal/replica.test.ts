import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { softTag } from '../../../lib/entry/tags.js';
import { JournalReplica, type Judged } from '../../../lib/journal/journal-replica.js';
import { replicaAt } from '../../support/replicas.js';

const entryAt = (position: number, ...tags: string[]): Judged => ({ epoch: 'e1', position, ownRecord: 0, tags });
const record = (position: number, ...tags: string[]) => ({ epoch: 'e1', position, tags });

describe('an invalidation called here', () => {
  it('counts from the call on, for what was begun before', () => {
    const replica = replicaAt(10);
    const before = replica.mark(0).sequence;
    replica.begin(['t:a']);
    const after = replica.mark(0).sequence;

    expect(replica.judge(entryAt(10, 't:a'), before)).toBe('dead');
    expect(replica.judge(entryAt(10, 't:a'), after)).toBe('fresh');
    expect(replica.judge(entryAt(10, 't:b'), before)).toBe('fresh');
  });

  it('makes an entry that another process may have loaded stale', () => {
    const replica = replicaAt(10);
    replica.begin(['t:a']);

    expect(replica.judge(entryAt(10, 't:a'), 0)).toBe('dead');
  });

  it('is pending until it is acknowledged, once for each call', () => {
    const replica = replicaAt(10);
    const { sequence } = replica.mark(0);
    replica.begin(['t:a']);
    replica.begin(['t:a', 't:b']);
    expect(replica.pendingTags).toBe(2);

    replica.acknowledge(['t:a'], { epoch: 'other', position: 1, tags: ['t:a'] });
    expect(replica.judge(entryAt(10, 't:a'), sequence)).toBe('dead');

    replica.acknowledge(['t:a', 't:b'], record(12, 't:a', 't:b'));
    expect(replica.pendingTags).toBe(0);
    expect(replica.judge(entryAt(10, 't:a'), sequence)).toBe('dead');
  });

  it('is told apart from later loads by its place in the order of this process', () => {
    const replica = replicaAt(10);
    const marks = [replica.mark(0).sequence];
    replica.begin(['t:a']);
    expect(replica.lastOwnInvalidation).toBeGreaterThan(marks[0]!);
    marks.push(replica.mark(0).sequence);
    replica.begin(['t:b']);
    marks.push(replica.mark(0).sequence);

    expect(marks.map((sequence) => replica.judge(entryAt(10, 't:a', 't:b'), sequence))).toEqual([
      'dead',
      'dead',
      'fresh',
    ]);
  });
});

describe('an acknowledgement', () => {
  it('raises the tags and nothing else', () => {
    const replica = replicaAt(10);
    replica.begin(['t:a']);

    replica.acknowledge(['t:a'], record(15, 't:a'));

    expect(replica.applied).toBe(10);
    expect(replica.floor).toBe(10);
    replica.apply(record(16, 't:b'));
    expect(replica.judge(entryAt(14, 't:a'), 0)).toBe('dead');
    expect(replica.judge(entryAt(15, 't:a'), 0)).toBe('fresh');
  });

  it('leaves the records before it to be applied', () => {
    const replica = replicaAt(10);
    replica.begin(['t:a']);
    replica.acknowledge(['t:a'], record(12, 't:a'));

    replica.apply(record(11, 't:b'));

    expect(replica.applied).toBe(11);
    expect(replica.judge(entryAt(10, 't:b'), 0)).toBe('dead');
  });

  it('never moves a tag back', () => {
    const replica = replicaAt(10);
    replica.apply(record(20, 't:a'));

    replica.acknowledge(['t:a'], record(15, 't:a'));

    expect(replica.judge(entryAt(19, 't:a'), 0)).toBe('dead');
  });

  it('raises all tags of the record, in which several calls may share', () => {
    const replica = replicaAt(10);
    replica.begin(['t:a']);

    replica.acknowledge(['t:a'], record(11, 't:a', 't:b'));

    expect(replica.judge(entryAt(10, 't:b'), 0)).toBe('dead');
  });
});

describe('a record', () => {
  it('moves the position, in the order of the journal', () => {
    const replica = replicaAt(10);
    replica.apply(record(11, 't:a'));
    replica.apply(record(15, 't:b'));

    expect(replica.applied).toBe(15);
    expect(replica.mark(77)).toMatchObject({ epoch: 'e1', position: 15, at: 77 });
  });

  it('of the past changes nothing', () => {
    const replica = replicaAt(10);
    replica.apply(record(12, 't:a'));
    const { version } = replica;

    replica.apply(record(11, 't:b'));
    replica.apply(record(12, 't:b'));

    expect([replica.applied, replica.version]).toEqual([12, version]);
    expect(replica.judge(entryAt(10, 't:b'), 0)).toBe('fresh');
  });

  it('of another epoch changes nothing', () => {
    const replica = replicaAt(10);
    const { version } = replica;

    replica.apply({ epoch: 'e0', position: 99, tags: ['t:a'] });

    expect([replica.applied, replica.version]).toEqual([10, version]);
    expect(replica.judge(entryAt(10, 't:a'), 0)).toBe('fresh');
  });
});

describe('an epoch', () => {
  it('that begins makes everything before it a miss, and forgets its records', () => {
    const replica = replicaAt(10);
    replica.apply(record(11, 't:a'));

    replica.startEpoch('e2', 50);

    expect([replica.epoch, replica.applied, replica.floor, replica.rememberedTags]).toEqual(['e2', 50, 50, 0]);
    expect(replica.judge(entryAt(99, 't:b'), 99)).toBe('dead');
    expect(replica.judge({ ...entryAt(50, 't:a'), epoch: 'e2' }, 99)).toBe('fresh');
  });

  it('that begins leaves invalidations on their way pending', () => {
    const replica = replicaAt(10);
    replica.begin(['t:a']);

    replica.startEpoch('e2', 50);

    expect(replica.judge({ ...entryAt(50, 't:a'), epoch: 'e2' }, 0)).toBe('dead');
  });
});

describe('what is remembered', () => {
  it('is bounded; forgetting a tag raises the floor to its record', () => {
    const replica = replicaAt(10, 3);
    for (let n = 1; n <= 4; n++) replica.apply(record(10 + n, `t:${n}`));

    expect([replica.rememberedTags, replica.floor]).toEqual([3, 11]);
    expect(replica.judge(entryAt(10, 't:unheard-of'), 0)).toBe('dead');
    expect(replica.judge(entryAt(11, 't:unheard-of'), 0)).toBe('fresh');
    expect(replica.judge(entryAt(11, 't:2'), 0)).toBe('dead');
  });

  it('loses first the tag whose last record is the oldest', () => {
    const replica = replicaAt(10, 2);
    for (const [position, tag] of [
      [11, 't:a'],
      [12, 't:b'],
      [13, 't:a'],
      [14, 't:c'],
    ] as const)
      replica.apply(record(position, tag));

    expect(replica.floor).toBe(12);
    expect(replica.judge(entryAt(12, 't:a'), 0)).toBe('dead');
  });

  it('is never less than what is true: with any bound, what is fresh has no record behind it', () => {
    const tag = fc.constantFrom('t:a', 't:b', 't:c', '~t:a', '*');
    const records = fc.array(fc.array(tag, { minLength: 1, maxLength: 3 }), { maxLength: 30 });
    fc.assert(
      fc.property(
        records,
        fc.integer({ min: 1, max: 4 }),
        fc.nat(30),
        fc.array(tag, { maxLength: 3 }),
        (journal, bound, position, tags) => {
          const replica = replicaAt(0, bound);
          journal.forEach((recordTags, index) => replica.apply(record(index + 1, ...recordTags)));
          const later = new Set<string>(journal.slice(position).flat());
          const verdict = replica.judge(entryAt(position, ...tags), 0);
          const isHard = tags.some((one) => later.has(one));
          const isSoft = tags.some((one) => later.has(softTag(one)));
          const allowed = isHard ? ['dead'] : isSoft ? ['dead', 'soft'] : ['dead', 'soft', 'fresh'];
          expect(allowed).toContain(verdict);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('the version', () => {
  it('changes whenever an answer could', () => {
    const replica = new JournalReplica(10);
    const versions = [replica.version];
    const changes = [
      () => replica.startEpoch('e1', 0),
      () => replica.begin(['t:a']),
      () => replica.acknowledge(['t:a'], record(1, 't:a')),
      () => replica.apply(record(1, 't:a')),
    ];
    for (const change of changes) {
      change();
      versions.push(replica.version);
    }

    expect(new Set(versions).size).toBe(versions.length);
  });
});

describe('trust', () => {
  it('lasts as long as it was given, and begins no sooner', () => {
    const replica = replicaAt(10);
    replica.trustedFrom = 1_000;
    replica.trustedUntil = 2_000;

    expect([999, 1_000, 1_999, 2_000].map((now) => replica.trusts(now))).toEqual([false, true, true, false]);
  });

  it('isn’t there before anybody gives it', () => {
    expect(replicaAt(10).trusts(Date.now())).toBe(false);
  });

  it('dates from its confirmation, never from the future', () => {
    const replica = replicaAt(10);
    replica.trust(1_000, 500);

    expect([replica.confirmedAt(1_500), replica.confirmedAt(900)]).toEqual([1_000, 900]);
    replica.doubt();
    expect(replica.confirmedAt(1_500)).toBe(1_000);

    replica.trustedFrom = Number.NEGATIVE_INFINITY;
    expect(replica.confirmedAt(1_500)).toBe(1_500);
  });
});
