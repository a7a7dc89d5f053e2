import { beforeEach, describe, expect, it } from 'vitest';
import { JournalChain } from '../../../lib/journal/journal-chain.js';
import { JournalReplica } from '../../../lib/journal/journal-replica.js';
import { EPOCH, history, journal, replyOf } from '../../support/journal-records.js';

let replica: JournalReplica;
let chain: JournalChain;

beforeEach(() => {
  replica = new JournalReplica(1_000);
  chain = new JournalChain(replica);
  chain.take(replyOf('rebuild', []));
});

const isStale = (tag: string, position: number): boolean =>
  replica.judge({ epoch: replica.epoch, position, ownRecord: 0, tags: [tag] }, 0) === 'dead';

describe('following', () => {
  it('goes from record to record, as each names the one before', () => {
    expect(chain.follow(journal(11, 15, 16))).toBe(true);
    expect([replica.applied, chain.nonce]).toEqual([16, 'n16']);
  });

  it('passes over what is known', () => {
    chain.follow(journal(11, 12));
    expect(chain.follow(journal(11, 12, 13))).toBe(true);
    expect(replica.applied).toBe(13);
  });

  it('stops at a gap, with what lies before it applied', () => {
    const [one, two, , four] = journal(11, 12, 13, 14);
    expect(chain.follow([one, two, four])).toBe(false);
    expect(replica.applied).toBe(12);
  });

  it('stops at a record that follows another one of the same position', () => {
    chain.follow(journal(11));
    expect(chain.follow(history(EPOCH, 'x', [11, 12]))).toBe(false);
    expect(replica.applied).toBe(11);
  });

  it('stops at a record of another epoch, and at what is none of ours', () => {
    expect(chain.follow(history('2.e2', 'n', [11]))).toBe(false);
    expect(chain.follow([undefined])).toBe(false);
    expect(replica.applied).toBe(10);
  });
});

describe('an own record', () => {
  const send = (...positions: number[]) => {
    const records = journal(...positions);
    const record = records.at(-1)!;
    chain.sending(record.nonce);
    return { record, records };
  };

  it('is followed at once where nothing lies between', () => {
    const { record } = send(11);
    expect(chain.acknowledged(record)).toBe(true);
    expect([replica.applied, chain.ownRecords]).toEqual([11, 0]);
  });

  it('is waited for where something does', () => {
    const { record, records } = send(11, 12);
    expect(chain.acknowledged(record)).toBe(true);
    expect([replica.applied, chain.own]).toEqual([10, record]);
    expect(chain.follow(records)).toBe(true);
    expect([replica.applied, chain.ownRecords, chain.own.position]).toEqual([12, 0, 0]);
  });

  it('may come by before it is acknowledged', () => {
    const { record, records } = send(11, 12);
    chain.follow([...records, ...journal(11, 12, 13).slice(2)]);
    expect(chain.acknowledged(record)).toBe(true);
    expect(chain.ownRecords).toBe(0);
  });

  it('is lost when the journal has gone past its place without it', () => {
    const { record } = send(11, 12);
    chain.follow(history(EPOCH, 'x', [11, 13]));
    expect(chain.acknowledged(record)).toBe(false);
    expect(chain.own).toMatchObject({ position: 12, nonce: 'n12' });
  });

  it('that was lost is nothing the journal can go on past', () => {
    const { record } = send(11, 12);
    chain.acknowledged(record);
    expect(chain.follow(history(EPOCH, 'x', [11, 13]))).toBe(false);
    expect(replica.applied).toBe(11);
  });

  it('isn’t the record of another writer at its position', () => {
    const { record } = send(11, 12);
    chain.acknowledged(record);
    expect(chain.follow(history(EPOCH, 'x', [11, 12]))).toBe(false);
    expect(replica.applied).toBe(11);
  });

  it('nobody knows the fate of isn’t waited for', () => {
    const { records } = send(11, 12);
    chain.failed('n12');
    expect(chain.follow(records)).toBe(true);
    expect(chain.ownRecords).toBe(0);
  });

  it('from before the floor makes no difference', () => {
    const { record } = send(11, 12);
    replica.skipTo(12);
    expect(chain.acknowledged(record)).toBe(true);
    expect(chain.ownRecords).toBe(0);
  });
});

describe('an answer of the server', () => {
  it('is complete when the replica stands where the server does', () => {
    expect(chain.take(replyOf('records', journal(11, 12)))).toBe(true);
    expect(chain.take(replyOf('records', journal(11, 12), { behind: 12 }))).toBe(true);
  });

  it('isn’t while there are more pages', () => {
    const reply = replyOf('records', journal(11, 12, 13));
    expect(chain.take({ ...reply, items: reply.items.slice(0, 2) })).toBe(false);
    expect(replica.applied).toBe(12);
  });

  it('is complete when more has been applied since', () => {
    chain.follow(journal(11, 12, 13));
    expect(chain.take(replyOf('records', journal(11, 12)))).toBe(true);
    expect(replica.applied).toBe(13);
  });

  it.each([
    ['at the same position', [15, 16]],
    ['at an earlier one', [13, 14]],
  ])('isn’t when the server stands %s of another history', (_where, theirs) => {
    const common = journal(11, 12);
    chain.follow(journal(11, 12, 15, 16));
    const other = history(EPOCH, 'x', theirs).map((record, index) =>
      index === 0 ? { ...record, previous: 12, previousNonce: 'n12' } : record,
    );
    expect(chain.take(replyOf('records', [...common, ...other], { behind: 12 }))).toBe(false);
  });

  it('from an older epoch is ignored', () => {
    chain.take(replyOf('rebuild', history('5.e5', 'n', [60, 61], 50)));
    expect(chain.take(replyOf('rebuild', journal(11, 99)))).toBe(false);
    expect(chain.take(replyOf('records', journal(11, 99)))).toBe(false);
    expect([replica.epoch, replica.applied]).toEqual(['5.e5', 61]);
  });

  it('about another epoch that isn’t a rebuild is ignored', () => {
    expect(chain.take(replyOf('records', history('5.e5', 'n', [60], 50)))).toBe(false);
    expect(replica.epoch).toBe(EPOCH);
  });
});

describe('a rebuild', () => {
  it('into a later epoch makes everything from before a miss and applies what it brings', () => {
    chain.follow(journal(11, 12));
    expect(chain.take(replyOf('rebuild', history('5.e5', 'n', [60, 61], 50)))).toBe(true);
    expect([replica.epoch, replica.applied, replica.floor, chain.nonce]).toEqual(['5.e5', 61, 50, 'n61']);
    expect([isStale('t:60', 59), isStale('t:60', 60)]).toEqual([true, false]);
  });

  it('into a later epoch forgets what was waited for in the former', () => {
    const [, record] = journal(11, 12);
    chain.acknowledged(record!);
    expect(chain.take(replyOf('rebuild', history('5.e5', 'n', [60], 50)))).toBe(true);
    expect(chain.ownRecords).toBe(0);
  });

  it('into a later epoch may lead to a lower position', () => {
    chain.follow(journal(11, 500));
    expect(chain.take(replyOf('rebuild', history('5.e5', 'n', [60], 50)))).toBe(true);
    expect([replica.applied, replica.floor]).toEqual([60, 50]);
  });

  it('within the epoch skips what is out of reach', () => {
    const [, , ...newest] = journal(11, 12, 13, 14);
    expect(chain.take(replyOf('rebuild', newest))).toBe(true);
    expect([replica.applied, replica.floor, chain.nonce]).toEqual([14, 12, 'n14']);
    expect(isStale('t:unheard-of', 11)).toBe(true);
  });

  it('within the epoch never moves back', () => {
    chain.follow(journal(11, 12, 13));
    expect(chain.take(replyOf('rebuild', journal(11, 12)))).toBe(true);
    expect([replica.applied, replica.floor, chain.nonce]).toEqual([13, 10, 'n13']);
  });

  it('within the epoch that brings nothing new takes nothing away', () => {
    chain.follow(journal(11, 12, 13));
    expect(chain.take(replyOf('rebuild', journal(11, 12, 13).slice(1)))).toBe(true);
    expect([replica.applied, replica.floor, chain.nonce]).toEqual([13, 10, 'n13']);
  });

  it('that reaches back beyond the applied record fits in with it', () => {
    chain.follow(journal(11, 12));
    const reply = replyOf('rebuild', journal(11, 12, 13, 14));
    expect(chain.take(reply)).toBe(true);
    expect([replica.applied, replica.floor]).toEqual([14, 10]);
  });

  it('of a history in which the applied record is missing is refused', () => {
    chain.follow(journal(11, 12));
    expect(chain.take(replyOf('rebuild', history(EPOCH, 'x', [11, 13, 14])))).toBe(false);
    expect(replica.applied).toBe(12);
  });

  it('takes of what the server sent only what hangs together', () => {
    const [one, two, three, four] = journal(11, 12, 13, 14);
    expect(chain.take(replyOf('rebuild', [one!, two!, { ...three!, nonce: 'other' }, four!]))).toBe(true);
    expect([replica.applied, replica.floor]).toEqual([14, 13]);
  });

  it('is refused while an own record that should be in it is missing, and that one is asked for', () => {
    const mine = journal(11, 12, 13, 14, 15);
    chain.acknowledged(mine[1]!);
    chain.acknowledged(mine[3]!);
    const kept = mine.slice(0, 3);
    const other = { ...mine[4]!, previous: 13, previousNonce: 'n13' };
    expect(chain.take(replyOf('rebuild', [...kept, other]))).toBe(false);
    expect([replica.applied, chain.own.position]).toEqual([10, 14]);
    expect(chain.take(replyOf('rebuild', mine))).toBe(true);
    expect([replica.applied, chain.own.position]).toEqual([15, 0]);
  });
});

describe('learning older records', () => {
  const newest = (...positions: number[]) =>
    journal(11, 12, 13, 14, 15).filter(({ position }) => positions.includes(position));
  beforeEach(() => {
    chain = new JournalChain((replica = new JournalReplica(1_000)));
    chain.take(replyOf('rebuild', newest(15)));
  });

  it('goes back from the oldest known, until where the epoch began', () => {
    expect([replica.floor, chain.hasOlder]).toEqual([14, true]);
    expect(chain.learnOlder(newest(14, 13).toReversed())).toBe(true);
    expect(replica.floor).toBe(12);
    expect([isStale('t:14', 13), isStale('t:15', 14), isStale('t:other', 12)]).toEqual([true, true, false]);
    expect(chain.learnOlder(newest(12, 11).toReversed())).toBe(false);
    expect([replica.floor, chain.hasOlder]).toEqual([10, false]);
  });

  it('ends where nothing more comes, or what comes doesn’t fit', () => {
    expect(chain.learnOlder([])).toBe(false);
    expect(chain.learnOlder(newest(13))).toBe(false);
    expect(chain.learnOlder(history(EPOCH, 'x', [11, 12, 13, 14]).toReversed())).toBe(false);
    expect(chain.learnOlder([undefined])).toBe(false);
    expect(replica.floor).toBe(14);
  });

  it('recognises an own record whose acknowledgement is still on its way', () => {
    const [record] = newest(13);
    chain.sending(record!.nonce);
    chain.learnOlder(newest(14, 13).toReversed());
    expect(chain.acknowledged(record!)).toBe(true);
    expect(chain.ownRecords).toBe(0);
  });
});
