import { beforeEach, describe, expect, it } from 'vitest';
import { RedisFault } from '../../../lib/redis/redis-fault.js';
import { RedisKeys } from '../../../lib/redis/redis-keys.js';
import { RedisTier } from '../../../lib/tiers/redis.tier.js';
import { SimulatedRedis } from '../../simulation/redis/simulated-redis.js';
import { GatedRedis } from '../../support/gated-redis.js';

const address = (key: string) => ({ cache: 'users', schema: 3, key });

let now: number;
let redis: GatedRedis;
let tier: RedisTier;
let reports: [string, string, unknown][];

beforeEach(() => {
  now = 1_000;
  reports = [];
  redis = new GatedRedis(new SimulatedRedis(() => now));
  const commands = Object.assign(redis, { isReachable: true });
  tier = new RedisTier(commands, new RedisKeys('shop'), (...report) => void reports.push(report));
});

describe('the tier in Redis', () => {
  it('keeps an entry under its documented name, for as long as it is told', async () => {
    await tier.set(address('7'), Buffer.from('value'), 1_000);
    expect(redis.redis.get('shop:users:v3:7')?.toString()).toBe('value');
    now += 1_001;
    expect(await tier.get(address('7'))).toBeUndefined();
  });

  it('keeps it for whole milliseconds, and at least one', async () => {
    await tier.set(address('half'), Buffer.from('value'), 0.2);
    await tier.set(address('more'), Buffer.from('value'), 10.2);
    now += 1;
    expect(await tier.get(address('half'))).toBeDefined();
    now += 10;
    expect([await tier.get(address('half')), String(await tier.get(address('more')))]).toEqual([undefined, 'value']);
  });

  it('answers for many in their order, and asks nobody for none', async () => {
    await tier.set(address('b'), Buffer.from('value'), 1_000);
    expect((await tier.getMany(['a', 'b', 'c'].map(address))).map(String)).toEqual(['undefined', 'value', 'undefined']);
    expect(await tier.getMany([])).toEqual([]);
    expect(redis.count('getMany')).toBe(1);
  });

  it('removes what is deleted', async () => {
    await tier.set(address('7'), Buffer.from('value'), 1_000);
    await tier.delete(address('7'));
    expect(await tier.get(address('7'))).toBeUndefined();
    expect(reports).toEqual([]);
  });

  it('is as reachable as its commands', () => {
    expect([tier.present, tier.isReachable]).toEqual([true, true]);
    Object.assign(redis, { isReachable: false });
    expect(tier.isReachable).toBe(false);
  });

  it('tells of what goes wrong whom it is told to tell, and nobody else', async () => {
    redis.mode = 'fails';
    expect(await tier.get(address('7'))).toBeUndefined();
    expect(await tier.getMany(['a', 'b'].map(address))).toEqual([undefined, undefined]);
    await tier.set(address('7'), Buffer.from('value'), 1_000);
    await tier.delete(address('7'));
    expect(reports.map(([cache, command]) => [cache, command])).toEqual(
      ['get', 'get', 'set', 'delete'].map((command) => ['users', command]),
    );
    expect(reports.every(([, , error]) => error instanceof RedisFault)).toBe(true);
  });
});
