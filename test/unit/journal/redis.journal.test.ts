import { describe, expect, it } from 'vitest';
import { confirmedBench, DEADLINE_MS, KEYS } from '../../support/journal-bench.js';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a confirmation', () => {
  it('is shared by all of one turn, and not by the next', async () => {
    const { journal, redis } = await confirmedBench();
    expect(await Promise.all([journal.confirm(), journal.confirm(), journal.confirm()])).toEqual([true, true, true]);
    expect(redis.count('sync')).toBe(1);
    redis.mode = 'holds';
    const first = journal.confirm();
    await settle();
    const second = journal.confirm();
    await settle();
    expect(redis.count('sync')).toBe(3);
    for (const reply of redis.held) reply.deliver();
    expect([await first, await second]).toEqual([true, true]);
  });

  it('brings what others have appended, and counts from when it was sent', async () => {
    const { journal, redis, clock, elsewhere, isFresh } = await confirmedBench();
    const { position } = elsewhere('t:a');
    redis.mode = 'holds';
    const confirmation = journal.confirm();
    await clock.advance(50);
    redis.held[0]!.deliver();
    expect(await confirmation).toBe(true);
    expect([isFresh('t:a', position - 1), isFresh('t:a', position)]).toEqual([false, true]);
    expect(journal.status(clock.now())).toMatchObject({ trusted: true, confirmedAt: clock.now() - 50 });
    expect([journal.replica.trusts(clock.now() + 849), journal.replica.trusts(clock.now() + 850)]).toEqual([
      true,
      false,
    ]);
  });

  it('goes on page by page until it has reached the head', async () => {
    const { journal, redis, elsewhere } = await confirmedBench({ pageSize: 3 });
    const positions = Array.from({ length: 10 }, () => elsewhere('t:a').position);
    expect(await journal.confirm()).toBe(true);
    expect([redis.count('sync'), journal.replica.applied]).toEqual([4, positions.at(-1)]);
  });

  it('gives up running after a journal that grows faster than it is read', async () => {
    const { journal, redis, clock, elsewhere } = await confirmedBench({ pageSize: 1, maxRecords: 10_000 });
    const run = redis.run.bind(redis);
    redis.run = (...command) => {
      elsewhere('t:a');
      elsewhere('t:b');
      return run(...command);
    };
    await clock.advance(900);
    expect(await journal.confirm()).toBe(false);
    expect(journal.replica.trusts(clock.now())).toBe(false);
    expect(redis.count('sync')).toBe(1_000);
  });

  it('fails where the server doesn’t answer, and leaves everything as it was', async () => {
    const { journal, redis, clock } = await confirmedBench();
    const { version, applied } = journal.replica;
    redis.mode = 'never answers';
    const confirmation = journal.confirm();
    await clock.advance(DEADLINE_MS);
    expect(await confirmation).toBe(false);
    expect([journal.replica.version, journal.replica.applied]).toEqual([version, applied]);
  });
});

describe('an acknowledgement', () => {
  it('that comes before the records of others is nothing to be confirmed by: those are brought first', async () => {
    const { journal, elsewhere, isFresh } = await confirmedBench();
    const before = journal.replica.applied;
    elsewhere('t:theirs');
    const receipt = await journal.append(['t:mine']);
    expect(receipt.status).toBe('applied');
    expect([journal.replica.applied, isFresh('t:theirs', before), isFresh('t:mine', before)]).toEqual([
      before,
      true,
      false,
    ]);
    expect(await journal.confirm()).toBe(true);
    expect([journal.replica.applied, isFresh('t:theirs', before)]).toEqual([
      receipt.status === 'applied' && receipt.position,
      false,
    ]);
  });

  it('of a record that was lost since begins the journal anew', async () => {
    const { journal, redis, elsewhere, clock } = await confirmedBench();
    const { epoch } = journal.replica;
    elsewhere('t:kept');
    const snapshot = redis.redis.snapshot();
    await journal.append(['t:lost']);
    redis.redis.restore(snapshot);
    await clock.advance(5);
    elsewhere('t:later');
    expect(await journal.confirm()).toBe(true);
    expect(journal.replica.epoch).not.toBe(epoch);
  });

  it('of a record of which only a later one was lost begins the journal anew, also where a rebuild is needed', async () => {
    const { journal, redis, elsewhere, clock } = await confirmedBench({ maxRecords: 4 });
    const { epoch } = journal.replica;
    for (let n = 0; n < 6; n++) elsewhere('t:a');
    await journal.append(['t:kept']);
    const snapshot = redis.redis.snapshot();
    await journal.append(['t:lost']);
    redis.redis.restore(snapshot);
    await clock.advance(5);
    elsewhere('t:later');
    expect(await journal.confirm()).toBe(true);
    expect(journal.replica.epoch).not.toBe(epoch);
    expect(redis.count('sync')).toBeLessThan(6);
  });

  it('from a later epoch counts only when this process is there too', async () => {
    const { journal, redis, isFresh, clock } = await confirmedBench();
    const { epoch } = journal.replica;
    await clock.advance(5);
    redis.redis.flushAll();
    const receipt = await journal.append(['t:a']);
    expect(receipt).toMatchObject({ status: 'applied', epoch: journal.replica.epoch });
    expect(journal.replica.epoch).not.toBe(epoch);
    const position = receipt.status === 'applied' ? receipt.position : 0;
    expect([isFresh('t:a', position - 1), isFresh('t:a', position)]).toEqual([false, true]);
    await settle();
    expect(journal.replica.trusts(clock.now())).toBe(true);
  });

  it('from an epoch that is over is none: the record is sent again', async () => {
    const { journal, redis, clock } = await confirmedBench();
    const { epoch } = journal.replica;
    redis.mode = 'holds';
    const append = journal.append(['t:a']);
    await settle();
    const [late] = redis.held.splice(0);
    redis.redis.flushAll();
    redis.mode = 'answers';
    await clock.advance(5);
    expect(await journal.confirm()).toBe(true);
    late!.deliver();
    const receipt = await append;
    expect(receipt.status).toBe('queued');
    expect(await journal.confirm()).toBe(true);
    const appended = receipt.status === 'queued' ? await receipt.appended : undefined;
    expect(appended?.epoch).toBe(journal.replica.epoch);
    expect(appended?.epoch).not.toBe(epoch);
    expect(journal.replica.pendingTags).toBe(0);
  });

  it('tells the largest bound of the fleet', async () => {
    const { journal, redis } = await confirmedBench();
    redis.redis.keyspace.hset(KEYS.clock, 'bound', '60000');
    expect(await journal.append(['t:a'])).toMatchObject({ fleetStalenessMs: 60_000 });
    redis.redis.flushAll();
    await journal.confirm();
    expect(redis.redis.keyspace.hget(KEYS.clock, 'bound')).toBe('60000');
  });

  it('says whether a replica has the record where that is asked for', async () => {
    const { journal, redis } = await confirmedBench({ replicationWaitMs: 50 });
    expect(await journal.append(['t:a'])).toMatchObject({ status: 'applied', replicated: true });
    expect(redis.count('runReplicated')).toBe(1);
  });
});

describe('two synchronisations in flight after a lost clock', () => {
  it('end in the later epoch, the older answer last', async () => {
    const { journal, redis, clock, elsewhere } = await confirmedBench();
    elsewhere('t:a');
    redis.mode = 'holds';
    const first = journal.confirm();
    await settle();
    await clock.advance(5);
    redis.redis.flushAll();
    const second = journal.confirm();
    await settle();
    const [older, younger] = redis.held.splice(0);
    redis.mode = 'answers';
    younger!.deliver();
    expect(await second).toBe(true);
    const { epoch, applied } = journal.replica;
    older!.deliver();
    expect(await first).toBe(true);
    expect([journal.replica.epoch, journal.replica.applied]).toEqual([epoch, applied]);
    expect(redis.count('sync')).toBe(3);
  });

  it('that both tell of the new epoch never move back', async () => {
    const { journal, redis, clock, elsewhere, isFresh } = await confirmedBench();
    await clock.advance(5);
    redis.redis.flushAll();
    redis.mode = 'holds';
    const first = journal.confirm();
    await settle();
    const { position } = elsewhere('t:a');
    const second = journal.confirm();
    await settle();
    const [older, younger] = redis.held.splice(0);
    younger!.deliver();
    expect(await second).toBe(true);
    older!.deliver();
    expect(await first).toBe(true);
    expect([journal.replica.applied, isFresh('t:a', position - 1)]).toEqual([position, false]);
  });
});

describe('a clock that is set', () => {
  it.each([-600_000, -500, 600_000])(
    'by %d ms between two synchronisations is doubt until the next answer',
    async (ms) => {
      const { journal, redis, clock } = await confirmedBench();
      clock.wallOffset = ms;
      redis.mode = 'holds';
      const confirmation = journal.confirm();
      await settle();
      expect(journal.replica.trusts(clock.now())).toBe(false);
      expect(journal.status(clock.now()).shared).toMatchObject({ lastDoubt: 'a clock was set' });
      redis.mode = 'answers';
      for (const reply of redis.held) reply.deliver();
      expect(await confirmation).toBe(true);
      expect([journal.replica.trusts(clock.now()), journal.clockOffsetMs]).toEqual([true, -ms]);
    },
  );

  it('makes what was sent before it confirm nothing, nor tell the time', async () => {
    const { journal, redis, clock } = await confirmedBench();
    redis.mode = 'holds';
    const before = journal.confirm();
    await settle();
    clock.wallOffset = 500;
    const after = journal.confirm();
    await settle();
    const [older, ...younger] = redis.held.splice(0);
    older!.deliver();
    await settle();
    expect([journal.replica.trusts(clock.now()), journal.clockOffsetMs]).toEqual([false, 0]);
    for (const reply of [...younger, ...redis.held]) reply.deliver();
    redis.mode = 'answers';
    expect([await before, await after]).toEqual([true, true]);
    expect(journal.clockOffsetMs).toBe(-500);
  });
});
