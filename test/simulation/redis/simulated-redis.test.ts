import { beforeEach, describe, expect, it } from 'vitest';
import { JournalChain } from '../../../lib/journal/journal-chain.js';
import { idOf } from '../../../lib/journal/journal-position.js';
import { JournalReplica } from '../../../lib/journal/journal-replica.js';
import { readRecord } from '../../../lib/journal/journal-wire.js';
import { appendRecord, renewLock, syncJournal } from '../../../lib/redis/scripts.js';
import { SimulatedRedis } from './simulated-redis.js';

const KEYS = ['{n}:clock', '{n}:journal'] as const;
const [CLOCK, JOURNAL] = KEYS;
const LOCK = { lock: 'lock', entry: 'entry', beside: true };

let now: number;
let redis: SimulatedRedis;
let nonces: number;

beforeEach(() => {
  now = 1_000_000;
  nonces = 0;
  redis = new SimulatedRedis(() => now);
});

const append = (nonce = `n${++nonces}`) => redis.run(appendRecord, KEYS, [nonce, '["t:a"]', 0, 0, 100, 0]);
const sync = (epoch = '', applied = 0, nonce = '', own = 0, ownNonce = '') =>
  redis.run(syncJournal, KEYS, [`s${++nonces}`, epoch, applied, nonce, own, ownNonce, 0, 100]);

describe('the simulated Redis', () => {
  it('keeps a key for as long as it was told', () => {
    redis.set('entry', Buffer.from('value'), 100);
    now += 100;
    expect(redis.get('entry')?.toString()).toBe('value');
    now += 1;
    expect(redis.get('entry')).toBeUndefined();
    now -= 50;
    expect(redis.get('entry')).toBeUndefined();
  });

  it('gives a lock to one, until it expires', () => {
    expect(redis.acquire(LOCK, 'one', 100).acquired).toBe(true);
    expect(redis.acquire(LOCK, 'two', 100).acquired).toBe(false);
    now += 90;
    expect(redis.run(renewLock, ['lock'], ['one', 100])).toBe(true);
    now += 90;
    expect(redis.acquire(LOCK, 'two', 100).acquired).toBe(false);
    now += 11;
    expect(redis.acquire(LOCK, 'two', 100).acquired).toBe(true);
    expect(redis.run(renewLock, ['lock'], ['one', 100])).toBe(false);
  });

  it('goes back to a copy as often as it is told, and the copy stays as it was', () => {
    append();
    redis.set('entry', Buffer.from('old'), 1_000);
    const copy = redis.snapshot();
    const [hash, length] = [redis.keyspace.hgetall(CLOCK), redis.keyspace.xlen(JOURNAL)];
    for (const round of ['once', 'twice']) {
      append();
      redis.set('entry', Buffer.from(round), 1_000);
      redis.restore(copy);
      expect(redis.keyspace.hgetall(CLOCK)).toEqual(hash);
      expect(redis.keyspace.xlen(JOURNAL)).toBe(length);
      expect(redis.get('entry')?.toString()).toBe('old');
    }
    redis.flushAll();
    expect([redis.get('entry'), redis.keyspace.exists(CLOCK)]).toEqual([undefined, 0]);
  });

  it('numbers a burst within one millisecond without a gap, into the milliseconds after it', () => {
    const positions = Array.from({ length: 3_000 }, () => append().position);
    expect(positions).toEqual(positions.map((_, index) => positions[0]! + index));
    expect(redis.readBack(JOURNAL, '999999999-0', 1)[0]?.id).toBe('1000002-952');
    expect(redis.keyspace.xlen(JOURNAL)).toBe(100);
  });

  it('tells those who wait for a stream once, in their order, when the record is there', () => {
    const told: string[] = [];
    redis.waiters.wait(JOURNAL, () => {
      told.push(`first: ${redis.readAfter(JOURNAL, '0-0', 10).length}`);
      cancel();
    });
    const cancel = redis.waiters.wait(JOURNAL, () => told.push('cancelled'));
    redis.waiters.wait('other', () => told.push('other'));
    redis.waiters.wait(JOURNAL, () => {
      told.push('last');
      redis.waiters.wait(JOURNAL, () => told.push('again'));
    });

    sync();
    expect(told).toEqual([]);
    append();
    expect(told).toEqual(['first: 1', 'last']);
    redis.addForeign(JOURNAL, '9999999-0', 'field', 'text');
    expect(told).toEqual(['first: 1', 'last', 'again']);
  });
});

describe('a sync', () => {
  it('begins an epoch when one that began at the same position is known, whichever name comes first', () => {
    const { epoch, head } = sync();
    for (const other of [`${head}.a`, `${head}.z`, `${head}.-`]) {
      redis.keyspace.hset(CLOCK, 'epoch', epoch);
      const reply = sync(other, head, 'begin');
      expect(reply.kind).toBe('rebuild');
      expect(Number.parseInt(reply.epoch, 10)).toBeGreaterThan(head);
    }
  });

  it('begins an epoch for a process that was overtaken without meeting its own record, and that goes on', () => {
    const replica = new JournalReplica(100);
    const writer = new JournalChain(replica);
    const ask = () => sync(replica.epoch, replica.applied, writer.nonce, writer.own.position, writer.own.nonce);
    expect(writer.take(ask())).toBe(true);
    const before = redis.snapshot();
    writer.sending('own');
    const lost = append('own');
    redis.restore(before);
    now += 10;
    append();
    expect(writer.take(ask())).toBe(true);

    // the acknowledgement of what the failover lost was the slower one
    expect(writer.acknowledged({ ...lost, tags: [] })).toBe(false);
    const reply = ask();

    expect(reply.epoch).not.toBe(lost.epoch);
    expect(writer.take(reply)).toBe(true);
    const next = append();
    expect(writer.follow(redis.readAfter(JOURNAL, idOf(replica.applied), 10).map(readRecord))).toBe(true);
    expect(replica.applied).toBe(next.position);
  });
});
