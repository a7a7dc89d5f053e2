import { describe, expect, it } from 'vitest';
import { confirmedBench, DEADLINE_MS, journalBench, KEYS } from '../../support/journal-bench.js';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('an outage', () => {
  it('is over only when what was called meanwhile is in the journal', async () => {
    const { journal, redis, clock, isFresh } = await confirmedBench();
    const before = journal.replica.applied;
    redis.mode = 'fails';
    const receipt = await journal.append(['t:a']);
    expect(receipt.status).toBe('queued');
    expect([journal.status(clock.now()).queued, await journal.confirm()]).toEqual([1, false]);
    redis.mode = 'answers';
    redis.sent.length = 0;
    expect(await journal.confirm()).toBe(true);
    expect(redis.sent).toEqual(['append', 'sync']);
    expect(receipt.status === 'queued' && (await receipt.appended)).toMatchObject({ status: 'applied' });
    expect([journal.status(clock.now()).queued, isFresh('t:a', before)]).toEqual([0, false]);
  });

  it('is noticed to be over without anybody’s asking', async () => {
    const { journal, redis, clock, feed } = await confirmedBench();
    journal.start();
    redis.mode = 'fails';
    const receipt = await journal.append(['t:a']);
    await clock.advance(5_000);
    expect(journal.replica.trusts(clock.now())).toBe(false);
    redis.mode = 'answers';
    await clock.advance(600);
    expect(receipt.status === 'queued' && (await receipt.appended)).toMatchObject({ status: 'applied' });
    expect(journal.replica.trusts(clock.now())).toBe(true);
    await journal.close();
    feed.fail();
    await clock.advance(DEADLINE_MS);
    expect(clock.pendingTimers).toBe(0);
  });

  it('during which a record got there and its answer didn’t makes a second one, which does no harm', async () => {
    const { journal, redis, clock } = await confirmedBench();
    redis.mode = 'holds';
    const append = journal.append(['t:a']);
    await clock.advance(DEADLINE_MS);
    expect((await append).status).toBe('queued');
    redis.mode = 'answers';
    const { epoch } = journal.replica;
    expect(await journal.confirm()).toBe(true);
    for (const reply of redis.held) reply.deliver();
    await settle();
    expect([redis.redis.keyspace.xlen(KEYS.journal), journal.replica.epoch]).toEqual([2, epoch]);
    expect([await journal.confirm(), journal.replica.pendingTags]).toEqual([true, 0]);
  });
});

describe('the records that are pushed', () => {
  it('are known at once, and at a gap what is missing is brought', async () => {
    const { journal, redis, feed, clock, elsewhere, isFresh } = await confirmedBench({ maxRecords: 3 });
    journal.start();
    await clock.advance(0);
    const one = elsewhere('t:a').position;
    feed.push();
    await clock.advance(0);
    expect([isFresh('t:a', one - 1), journal.replica.applied]).toEqual([false, one]);
    const syncs = redis.count('sync');
    const many = Array.from({ length: 8 }, () => elsewhere('t:b').position);
    feed.push();
    await clock.advance(0);
    expect([journal.replica.applied, redis.count('sync') > syncs]).toEqual([many.at(-1), true]);
    expect(journal.replica.trusts(clock.now())).toBe(true);
    expect(journal.status(clock.now()).shared).toMatchObject({ lastDoubt: 'records are missing', following: true });
    await journal.close();
    feed.fail();
    await clock.advance(DEADLINE_MS);
    expect(clock.pendingTimers).toBe(0);
  });

  it('confirm nothing', async () => {
    const { journal, redis, feed, clock, elsewhere } = await confirmedBench();
    journal.start();
    await clock.advance(0);
    redis.mode = 'never answers';
    for (let n = 0; n < 20; n++) {
      elsewhere('t:a');
      feed.push();
      await clock.advance(50);
    }
    expect(journal.replica.trusts(clock.now())).toBe(false);
    await journal.close();
  });

  it('of somebody else in the stream begin the journal anew', async () => {
    const { journal, redis, feed, clock } = await confirmedBench();
    const { epoch } = journal.replica;
    await journal.append(['t:a']);
    journal.start();
    await clock.advance(0);
    redis.redis.addForeign(KEYS.journal, `${clock.time + 1_000}-0`, 'r', 'hello');
    feed.push();
    await clock.advance(0);
    expect(journal.replica.epoch).not.toBe(epoch);
    expect(journal.replica.trusts(clock.now())).toBe(true);
    await journal.close();
  });
});

describe('a process that starts', () => {
  it('learns the newest records first, and then the older ones as far as they go', async () => {
    const { journal, redis, elsewhere, isFresh } = journalBench({ pageSize: 5 });
    const positions = Array.from({ length: 23 }, (_, n) => elsewhere(`t:${n}`).position);
    expect(await journal.confirm()).toBe(true);
    await settle();
    await settle();
    expect([journal.replica.applied, journal.replica.rememberedTags, journal.replica.floor]).toEqual([
      positions.at(-1),
      23,
      positions[0]! - 1,
    ]);
    expect([isFresh('t:3', positions[2]!), isFresh('t:3', positions[3]!)]).toEqual([false, true]);
    expect(redis.count('readBack')).toBe(4);
  });

  it('can append before it knows anything', async () => {
    const { journal, elsewhere, clock } = journalBench();
    elsewhere('t:theirs');
    expect(await journal.append(['t:mine'])).toMatchObject({ status: 'applied', epoch: journal.replica.epoch });
    await settle();
    expect(journal.replica.trusts(clock.now())).toBe(true);
  });

  it('says once what a server refuses that stands in the way', async () => {
    const { journal, redis, reports } = journalBench();
    redis.redis.keyspace.hset(KEYS.clock, 'format', '2');
    expect(await journal.confirm()).toBe(false);
    expect(reports).toEqual([expect.stringContaining('the journal has format 2')]);
  });
});

describe('closing', () => {
  it('ends though the server never answers, and leaves no timer', async () => {
    const { journal, redis, feed, clock } = await confirmedBench();
    journal.start();
    redis.mode = 'never answers';
    const append = journal.append(['t:a']);
    let isClosed = false;
    const closed = journal.close().then(() => (isClosed = true));
    await clock.advance(5 * DEADLINE_MS);
    expect(isClosed).toBe(true);
    await closed;
    expect((await append).status).toBe('queued');
    feed.fail();
    await clock.advance(10_000);
    expect(clock.pendingTimers).toBe(0);
    expect([await journal.confirm(), journal.replica.trusts(clock.now())]).toEqual([false, false]);
  });

  it('delivers what was called in this very turn', async () => {
    const { journal, redis } = await confirmedBench();
    const append = journal.append(['t:a']);
    await journal.close();
    expect((await append).status).toBe('applied');
    expect(redis.redis.keyspace.xlen(KEYS.journal)).toBe(1);
  });

  it('waits for what is being delivered', async () => {
    const { journal, redis } = await confirmedBench();
    redis.mode = 'fails';
    const receipt = await journal.append(Array.from({ length: 200 }, (_, n) => `t:${n}`));
    redis.mode = 'holds';
    const confirmation = journal.confirm();
    await settle();
    const closed = journal.close();
    redis.mode = 'answers';
    for (const reply of redis.held) reply.deliver();
    await closed;
    expect(receipt.status === 'queued' && (await receipt.appended)).toMatchObject({ status: 'applied' });
    expect(redis.redis.keyspace.xlen(KEYS.journal)).toBe(2);
    await confirmation;
  });
});
