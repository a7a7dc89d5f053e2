import { describe, expect, it } from 'vitest';
import { InvalidationOutbox, type Applied } from '../../../lib/journal/invalidation-outbox.js';
import type { AppendReceipt } from '../../../lib/journal/journal.interface.js';
import { replicaAt } from '../../support/replicas.js';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** An outbox over a server that answers when it is told to. */
function outboxOver(maxWaitingTags = 1_000) {
  const replica = replicaAt(10);
  const records: (readonly string[])[] = [];
  const held: { deliver: () => void; lose: () => void }[] = [];
  let mode: 'answers' | 'fails' | 'holds' = 'answers';
  const send = (tags: readonly string[]): Promise<Applied> => {
    records.push(tags);
    const receipt: Applied = { status: 'applied', epoch: 'e1', position: 10 + records.length, fleetStalenessMs: 0 };
    if (mode === 'answers') return Promise.resolve(receipt);
    if (mode === 'fails') return Promise.reject(new Error('no answer'));
    return new Promise((resolve, reject) =>
      held.push({ deliver: () => resolve(receipt), lose: () => reject(new Error('no answer')) }),
    );
  };
  const isFresh = (tag: string, sequence: number): boolean =>
    replica.judge({ epoch: 'e1', position: 10, ownRecord: 0, tags: ['*', tag] }, sequence) === 'fresh';
  return {
    outbox: new InvalidationOutbox(replica, send, maxWaitingTags),
    replica,
    records,
    held,
    isFresh,
    server: (does: typeof mode) => void (mode = does),
  };
}

async function queued(receipt: Promise<AppendReceipt>): Promise<Promise<Applied>[]> {
  const got = await receipt;
  expect(got.status).toBe('queued');
  // in a list: a promise that is returned would be waited for
  return got.status === 'queued' ? [got.appended] : [];
}

describe('the invalidations of one tick', () => {
  it('share one record, each tag once', async () => {
    const { outbox, records } = outboxOver();
    const receipts = await Promise.all([['a'], ['b', 'a'], ['c']].map((tags) => outbox.append(tags)));
    expect(records).toEqual([['a', 'b', 'c']]);
    expect(receipts.map((receipt) => receipt.status === 'applied' && receipt.position)).toEqual([11, 11, 11]);
  });

  it('don’t share with those of the next one', async () => {
    const { outbox, records } = outboxOver();
    const first = outbox.append(['a']);
    await settle();
    await outbox.append(['b']);
    await first;
    expect(records).toEqual([['a'], ['b']]);
  });

  it('need more records where they are many, and get the last one’s receipt', async () => {
    const { outbox, records, replica } = outboxOver();
    const tags = Array.from({ length: 300 }, (_, n) => `t${n}`);
    const receipt = await outbox.append(tags);
    expect(records.map(({ length }) => length)).toEqual([128, 128, 44]);
    expect(records.flat()).toEqual(tags);
    expect(receipt).toMatchObject({ status: 'applied', position: 13 });
    expect(replica.pendingTags).toBe(0);
  });

  it('count from the call on until the receipt, and not longer', async () => {
    const { outbox, replica, isFresh } = outboxOver();
    const before = replica.nextSequence();
    const append = outbox.append(['a', 'a']);
    expect([isFresh('a', before), isFresh('a', replica.nextSequence())]).toEqual([false, true]);
    await append;
    expect(replica.pendingTags).toBe(0);
  });
});

describe('what can’t be delivered', () => {
  it('waits, counts on, and is delivered in one go', async () => {
    const { outbox, replica, records, server, isFresh } = outboxOver();
    const before = replica.nextSequence();
    server('fails');
    const [first] = await queued(outbox.append(['a', 'b']));
    const [second] = await queued(outbox.append(['b', 'c']));
    expect([outbox.size, replica.pendingTags, isFresh('c', before)]).toEqual([3, 3, false]);
    server('answers');
    records.length = 0;
    expect(await outbox.flush()).toBe(true);
    expect(records).toEqual([['a', 'b', 'c']]);
    expect([await first, await second]).toMatchObject([{ position: 11 }, { position: 11 }]);
    expect([outbox.size, replica.pendingTags]).toEqual([0, 0]);
  });

  it('counts from its last call on, though it is pending only once', async () => {
    const { outbox, replica, server, isFresh } = outboxOver();
    server('fails');
    await outbox.append(['a']);
    const between = replica.nextSequence();
    await outbox.append(['a']);
    expect([isFresh('a', between), isFresh('a', replica.nextSequence())]).toEqual([false, true]);
  });

  it('stays when it fails again, whole', async () => {
    const { outbox, replica, server } = outboxOver();
    server('fails');
    const [appended] = await queued(outbox.append(Array.from({ length: 200 }, (_, n) => `t${n}`)));
    expect(await outbox.flush()).toBe(false);
    expect([outbox.size, replica.pendingTags]).toEqual([200, 200]);
    server('answers');
    expect(await outbox.flush()).toBe(true);
    expect(await appended).toMatchObject({ status: 'applied' });
    expect(replica.pendingTags).toBe(0);
  });

  it('stays whole when only a part of it was delivered', async () => {
    const { outbox, replica, server, held } = outboxOver();
    server('fails');
    await outbox.append(Array.from({ length: 200 }, (_, n) => `t${n}`));
    server('holds');
    const flush = outbox.flush();
    held.shift()!.deliver();
    await settle();
    held.shift()!.lose();
    expect(await flush).toBe(false);
    expect([outbox.size, replica.pendingTags]).toEqual([200, 200]);
  });

  it('costs the same however often it was called for', async () => {
    const { outbox, replica, server } = outboxOver();
    server('fails');
    const calls = Array.from({ length: 150_000 }, () => outbox.append(['a', 'b']));
    await Promise.all(calls);
    for (let time = 0; time < 3; time++) expect(await outbox.flush()).toBe(false);
    expect([outbox.size, replica.pendingTags]).toEqual([2, 2]);
    server('answers');
    expect(await outbox.flush()).toBe(true);
    expect(replica.pendingTags).toBe(0);
  });

  it('is delivered together by two who ask at once', async () => {
    const { outbox, server, held, records } = outboxOver();
    server('fails');
    await outbox.append(['a']);
    server('holds');
    const ended: string[] = [];
    const flushes = ['one', 'other'].map((name) => outbox.flush().then(() => ended.push(name)));
    await settle();
    expect([ended, records.length, outbox.size]).toEqual([[], 2, 1]);
    held.shift()!.deliver();
    await Promise.all(flushes);
    expect([ended, outbox.size]).toEqual([['one', 'other'], 0]);
  });

  it('while something is delivered goes next', async () => {
    const { outbox, server, held, records, replica } = outboxOver();
    server('fails');
    await outbox.append(['a']);
    server('holds');
    const flush = outbox.flush();
    server('fails');
    const [appended] = await queued(outbox.append(['b']));
    expect(outbox.size).toBe(2);
    server('answers');
    held.shift()!.deliver();
    expect(await flush).toBe(true);
    expect(records.at(-1)).toEqual(['b']);
    expect(await appended).toMatchObject({ status: 'applied' });
    expect([outbox.size, replica.pendingTags]).toEqual([0, 0]);
  });

  it('while something fails to be delivered waits together with it', async () => {
    const { outbox, server, held, replica } = outboxOver();
    server('fails');
    const [first] = await queued(outbox.append(['a']));
    server('holds');
    const flush = outbox.flush();
    server('fails');
    const [second] = await queued(outbox.append(['a', 'b']));
    held.shift()!.lose();
    expect(await flush).toBe(false);
    expect([outbox.size, replica.pendingTags]).toEqual([2, 2]);
    server('answers');
    await outbox.flush();
    expect([await first, await second]).toMatchObject([{ status: 'applied' }, { status: 'applied' }]);
  });
});

describe('too much that can’t be delivered', () => {
  it('becomes everything, and stays within bounds', async () => {
    const { outbox, replica, server, records, isFresh } = outboxOver(10);
    server('fails');
    const appended: Promise<Applied>[] = [];
    for (let n = 0; n < 50; n++) appended.push(...(await queued(outbox.append([`t${n}`, `u${n}`]))));
    expect([outbox.size, replica.pendingTags]).toEqual([1, 1]);
    expect(isFresh('whatever', 0)).toBe(false);
    server('answers');
    await outbox.flush();
    expect(records.at(-1)).toEqual(['*']);
    expect(await Promise.all(appended)).toHaveLength(50);
    expect(replica.pendingTags).toBe(0);
  });

  it('goes on to stand for what is called later', async () => {
    const { outbox, replica, server, isFresh } = outboxOver(1);
    server('fails');
    await outbox.append(['a', 'b']);
    const between = replica.nextSequence();
    expect(isFresh('c', between)).toBe(true);
    await outbox.append(['c']);
    expect(isFresh('c', between)).toBe(false);
    expect([outbox.size, replica.pendingTags]).toEqual([1, 1]);
  });

  it('leaves alone what is loaded afterwards, however often delivering it fails', async () => {
    const { outbox, replica, server, isFresh } = outboxOver();
    server('fails');
    await outbox.append(['*']);
    const loaded = replica.nextSequence();
    for (let time = 0; time < 3; time++) expect(await outbox.flush()).toBe(false);
    expect(isFresh('a', loaded)).toBe(true);
  });
});

describe('draining', () => {
  it('waits for what is under way, even if it was called in this very turn', async () => {
    const { outbox, server, held, replica } = outboxOver();
    server('holds');
    const append = outbox.append(['a']);
    let isDrained = false;
    const drained = outbox.drain().then(() => (isDrained = true));
    await settle();
    expect([held.length, isDrained]).toEqual([1, false]);
    held.shift()!.deliver();
    await drained;
    expect(await append).toMatchObject({ status: 'applied' });
    expect(replica.pendingTags).toBe(0);
  });

  it('tries once more what waits, and ends though that fails', async () => {
    const { outbox, server, records } = outboxOver();
    server('fails');
    await outbox.append(['a']);
    await outbox.drain();
    expect([records.length, outbox.size]).toEqual([2, 1]);
  });
});
