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

  it('asks for very many page by page, and stores them in pages that are neither too many nor too large', async () => {
    const keys = Array.from({ length: 2_500 }, (_, at) => `${at}`);
    await tier.setMany(keys.map((key) => ({ address: address(key), bytes: Buffer.from(key), ttlMs: 1_000 })));
    expect((await tier.getMany(keys.map(address))).map(String)).toEqual(keys);
    expect([redis.count('setMany'), redis.count('getMany')]).toEqual([3, 3]);
    const large = ['a', 'b', 'c', 'd', 'e'].map((key) => ({
      address: address(key),
      bytes: Buffer.alloc(1_500_000),
      ttlMs: 1_000,
    }));
    await tier.setMany(large);
    expect(redis.count('setMany')).toBe(3 + 3);
  });

  it('says once what went wrong with many, and has what came before', async () => {
    const keys = Array.from({ length: 1_500 }, (_, at) => `${at}`);
    await tier.setMany(keys.map((key) => ({ address: address(key), bytes: Buffer.from(key), ttlMs: 1_000 })));
    redis.mode = 'holds';
    const reading = tier.getMany(keys.map(address));
    redis.held[0]!.deliver();
    await new Promise(setImmediate);
    redis.held[1]!.lose();
    const found = await reading;
    expect([found.filter((bytes) => bytes !== undefined).length, found.length]).toEqual([1_000, 1_500]);
    redis.mode = 'fails';
    await tier.setMany([{ address: address('a'), bytes: Buffer.from('a'), ttlMs: 1_000 }]);
    expect(reports.map(([cache, command]) => [cache, command])).toEqual([
      ['users', 'get'],
      ['users', 'set'],
    ]);
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
