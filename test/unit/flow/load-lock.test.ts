import { describe, expect, it } from 'vitest';
import { TestClock } from '../../../lib/testing/test-clock.js';
import { ControlledLoader, settle, stateOf, twoTierEngine, type TwoTierBench } from '../../support/engine.js';

/** Somebody else holds the lock of every key. */
const lockedOut = (options = {}): TwoTierBench => {
  const bench = twoTierEngine(options);
  bench.locks.heldElsewhere = true;
  bench.locks.peek = (cache, key) => bench.shared.bytes.get(`${cache}:v1:${key}`);
  return bench;
};

/** What another process would put into the store for key 1. */
async function bytesOf(value: string, { journal, clock }: TwoTierBench): Promise<Buffer> {
  const other = twoTierEngine({}, { journal, clock: new TestClock({ at: clock.time }) });
  await other.cache.getOrLoad('users', '1', () => value);
  await settle();
  await other.cache.close();
  return other.shared.bytes.get('users:v1:1')!;
}

describe('the load lock', () => {
  it('is held while the loader runs, and given back when the value is stored', async () => {
    const { cache, locks, shared } = twoTierEngine();
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad('users', '1', loader.load);
    await settle();
    expect(locks.held).toBe(1);
    const open = shared.hold();
    loader.resolve('a');
    expect(await read).toBe('a');
    expect(locks.held).toBe(1);
    open();
    await settle();
    expect(locks.held).toBe(0);
  });

  it('is given back when the loader fails', async () => {
    const { cache, locks } = twoTierEngine();
    await expect(cache.getOrLoad('users', '1', () => Promise.reject(new Error('down')))).rejects.toThrow('down');
    await settle();
    expect(locks.held).toBe(0);
  });

  it('is asked for once by all callers of this process', async () => {
    const { cache, locks } = twoTierEngine();
    await Promise.all(Array.from({ length: 50 }, () => cache.getOrLoad('users', '1', () => 'a')));
    expect(locks.attempts).toBe(1);
  });

  it('held elsewhere: the value is taken when it comes, after 5, then every 10, then every 40 ms', async () => {
    const bench = lockedOut();
    const { cache, locks, clock, shared, count } = bench;
    const read = cache.getOrLoad('users', '1', () => 'never');
    await settle();
    expect(locks.attempts).toBe(1);
    await clock.advance(5);
    expect(locks.attempts).toBe(2);
    await clock.advance(10);
    expect(locks.attempts).toBe(3);
    await clock.advance(1_000);
    const { attempts } = locks;
    await clock.advance(400);
    expect(locks.attempts - attempts).toBe(10);
    shared.bytes.set('users:v1:1', await bytesOf('theirs', bench));
    await clock.advance(40);
    expect(await read).toBe('theirs');
    expect(count().outcomes).toMatchObject({ l2: 1, loaded: 0 });
  });

  it('that vanishes is taken over', async () => {
    const { cache, locks, clock } = lockedOut();
    const read = cache.getOrLoad('users', '1', () => 'mine');
    await clock.advance(50);
    expect(await stateOf(read)).toBe('pending');
    locks.heldElsewhere = false;
    await clock.advance(10);
    expect(await read).toBe('mine');
  });

  it('is never waited for longer than its timeout', async () => {
    const { cache, clock } = lockedOut();
    const read = cache.getOrLoad('users', '1', () => 'by myself');
    await clock.advance(4_999);
    expect(await stateOf(read)).toBe('pending');
    await clock.advance(41);
    expect(await read).toBe('by myself');
  });

  it('got together with a fresh value is given back without a load', async () => {
    const bench = twoTierEngine();
    const theirs = await bytesOf('theirs', bench);
    bench.locks.peek = () => theirs;
    expect(await bench.cache.getOrLoad('users', '1', () => 'never')).toBe('theirs');
    await settle();
    expect(bench.locks.held).toBe(0);
  });

  it('held elsewhere: a refresh in the background leaves it to them', async () => {
    const bench = lockedOut({ ttl: '1m', grace: '1h' });
    const { cache, locks, clock, count } = bench;
    locks.heldElsewhere = false;
    await cache.getOrLoad('users', '1', () => 'old');
    await clock.advance(61_000);
    locks.heldElsewhere = true;
    expect(await cache.getOrLoad('users', '1', () => 'new')).toBe('old');
    await settle();
    expect(cache.status()).toMatchObject({ flights: 0, background: 0 });
    expect(count().loads).toBe(1);
  });

  it('held elsewhere: who joined the refresh that gave up looks and loads by themselves', async () => {
    const { cache, locks, clock, shared } = lockedOut({ ttl: '1m', grace: { revalidate: '1m', error: '1h' } });
    locks.heldElsewhere = false;
    await cache.getOrLoad('users', '1', () => 'old');
    await clock.advance(61_000);
    locks.heldElsewhere = true;
    const open = shared.hold();
    expect(await cache.getOrLoad('users', '1', () => 'refreshed')).toBe('old');
    const strong = cache.getOrLoad('users', '1', () => 'strong', { consistency: 'strong' });
    await settle();
    open();
    await clock.advance(6_000);
    expect(await strong).toBe('strong');
  });

  it('held elsewhere: an impatient caller leaves with its hard timeout', async () => {
    const { cache, clock } = lockedOut({ hardTimeout: '100ms', abandonAfter: 0 });
    const read = cache.getOrLoad('users', '1', () => 'by myself');
    read.catch(() => undefined);
    await clock.advance(100);
    await expect(read).rejects.toMatchObject({ code: 'CACHE_TIMEOUT' });
    await clock.advance(5_000);
    expect(await cache.get('users', '1')).toBe('by myself');
  });
});
