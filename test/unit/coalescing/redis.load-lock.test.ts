import { beforeEach, describe, expect, it } from 'vitest';
import { RedisLoadLock } from '../../../lib/coalescing/redis.load-lock.js';
import { RedisFault } from '../../../lib/redis/redis-fault.js';
import { RedisKeys } from '../../../lib/redis/redis-keys.js';
import { TestClock } from '../../../lib/testing/test-clock.js';
import { SimulatedRedis } from '../../simulation/redis/simulated-redis.js';
import { GatedRedis } from '../../support/gated-redis.js';

const ADDRESS = { cache: 'users', schema: 1, key: '7' };
const KEYS = new RedisKeys('shop');
const { lock: LOCK, entry: ENTRY } = KEYS.lock(KEYS.entry('users', 1, '7'));
const LIFE_MS = 900;

let clock: TestClock;
let redis: GatedRedis;
let lock: RedisLoadLock;
let other: RedisLoadLock;

beforeEach(() => {
  clock = new TestClock();
  redis = new GatedRedis(new SimulatedRedis(clock.now));
  let draws = 0;
  const runtime = new TestClock({ random: () => ++draws / 10 });
  lock = new RedisLoadLock(redis, KEYS, clock, LIFE_MS);
  other = new RedisLoadLock(redis, KEYS, { ...clock, after: clock.after, random: runtime.random }, LIFE_MS);
});

describe('the load lock', () => {
  it('is got by one, and the others see what the entry holds by then', async () => {
    redis.redis.set(ENTRY, Buffer.from('value'), 10_000);
    const [mine, theirs] = [await lock.tryAcquire(ADDRESS), await other.tryAcquire(ADDRESS)];
    expect(mine.lease).toBeDefined();
    expect([theirs.lease, theirs.found?.toString()]).toEqual([undefined, 'value']);
    await mine.lease!.release();
    const next = await other.tryAcquire(ADDRESS);
    expect(next.lease).toBeDefined();
    await next.lease!.release();
  });

  it('lives as long as the load: it is renewed three times a life', async () => {
    const { lease } = await lock.tryAcquire(ADDRESS);
    await clock.advance(10 * LIFE_MS);
    expect(redis.count('renewLock')).toBe(30);
    expect((await other.tryAcquire(ADDRESS)).lease).toBeUndefined();
    expect(lock.held).toBe(1);
    await lease!.release();
    expect([lock.held, clock.pendingTimers]).toEqual([0, 0]);
  });

  it('isn’t renewed any more once it was lost, nor taken from who has it now', async () => {
    const { lease } = await lock.tryAcquire(ADDRESS);
    redis.redis.delete(LOCK);
    const theirs = await other.tryAcquire(ADDRESS);
    await clock.advance(LIFE_MS / 3);
    expect(redis.count('renewLock')).toBe(2);
    await clock.advance(10 * LIFE_MS);
    expect(redis.count('renewLock')).toBe(2 + 30);
    await lease!.release();
    expect((await lock.tryAcquire(ADDRESS)).lease).toBeUndefined();
    await theirs.lease!.release();
    expect(clock.pendingTimers).toBe(0);
  });

  it('is tried to be renewed again where that fails', async () => {
    const { lease } = await lock.tryAcquire(ADDRESS);
    redis.mode = 'fails';
    await clock.advance(LIFE_MS / 3);
    redis.mode = 'answers';
    await clock.advance(2 * LIFE_MS);
    expect((await other.tryAcquire(ADDRESS)).lease).toBeUndefined();
    await lease!.release();
  });

  it('is given back once, and ends with that', async () => {
    const { lease } = await lock.tryAcquire(ADDRESS);
    await Promise.all([lease!.release(), lease!.release()]);
    await lease!.release();
    expect(redis.count('releaseLock')).toBe(1);
    await clock.advance(10 * LIFE_MS);
    expect([redis.count('renewLock'), clock.pendingTimers]).toEqual([0, 0]);
  });

  it('isn’t renewed after it was given back, though the answer to a renewal came only then', async () => {
    const { lease } = await lock.tryAcquire(ADDRESS);
    redis.mode = 'holds';
    await clock.advance(LIFE_MS / 3);
    const released = lease!.release();
    for (const reply of redis.held) reply.deliver();
    await released;
    await clock.advance(10 * LIFE_MS);
    expect([redis.count('renewLock'), clock.pendingTimers]).toEqual([1, 0]);
  });

  it('is given back without a word where that fails: its life will end', async () => {
    const { lease } = await lock.tryAcquire(ADDRESS);
    redis.mode = 'fails';
    await lease!.release();
    redis.mode = 'answers';
    await clock.advance(LIFE_MS + 1);
    expect((await other.tryAcquire(ADDRESS)).lease).toBeDefined();
  });
});

describe('the locks of many keys', () => {
  const addresses = (count: number) => Array.from({ length: count }, (_, at) => ({ ...ADDRESS, key: `${at}` }));

  it('are taken, renewed and given back each with one command', async () => {
    const { lease, acquired } = await lock.tryAcquireMany(addresses(100));
    expect([acquired.every(Boolean), redis.count('acquireMany'), lock.held]).toEqual([true, 1, 100]);
    await clock.advance(LIFE_MS);
    expect(redis.count('renewLock')).toBe(3);
    expect((await other.tryAcquireMany(addresses(100))).lease).toBeUndefined();
    await lease!.release();
    expect([redis.count('releaseLock'), lock.held, clock.pendingTimers]).toEqual([1, 0, 0]);
    expect((await other.tryAcquireMany(addresses(1))).acquired).toEqual([true]);
  });

  it('are given to the one who comes first, key by key', async () => {
    const theirs = await other.tryAcquireMany(addresses(2));
    const mine = await lock.tryAcquireMany(addresses(4));
    expect(mine.acquired).toEqual([false, false, true, true]);
    await mine.lease!.release();
    expect((await lock.tryAcquireMany(addresses(4))).acquired).toEqual([false, false, true, true]);
    await theirs.lease!.release();
  });

  it('are held on to while one of them is left', async () => {
    const { lease } = await lock.tryAcquireMany(addresses(2));
    redis.redis.delete(KEYS.lock(KEYS.entry('users', 1, '0')).lock);
    await clock.advance(10 * LIFE_MS);
    expect((await other.tryAcquireMany(addresses(2))).acquired).toEqual([true, false]);
    await lease!.release();
  });

  it('are taken page by page where they are very many', async () => {
    const { lease, acquired } = await lock.tryAcquireMany(addresses(2_500));
    expect([acquired.length, redis.count('acquireMany'), lock.held]).toEqual([2_500, 3, 2_500]);
    await lease!.release();
    expect([redis.count('releaseLock'), lock.held]).toEqual([3, 0]);
  });

  it('that can’t be reached let everybody load', async () => {
    redis.faults.set('acquireMany', new RedisFault('timeout', 'no'));
    const { lease, acquired, found } = await lock.tryAcquireMany(addresses(2));
    expect([acquired, found]).toEqual([
      [true, true],
      [undefined, undefined],
    ]);
    await lease!.release();
    expect([lock.held, clock.pendingTimers]).toEqual([0, 0]);
  });
});

describe('a load lock that can’t be reached', () => {
  it.each(['unreachable', 'timeout', 'refused'] as const)('lets everybody load: %s', async (kind) => {
    redis.faults.set('acquire', new RedisFault(kind, 'no'));
    for (let time = 0; time < 2; time++) {
      const { lease, found } = await lock.tryAcquire(ADDRESS);
      expect(found).toBeUndefined();
      await lease!.release();
    }
    expect([redis.count('releaseLock'), lock.held, clock.pendingTimers]).toEqual([0, 0, 0]);
  });
});
