import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemRuntime } from '../../lib/cache.runtime.js';
import { newNamespace, startFleet, startMachine } from '../support/machines.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server?.stop());

const TTL_MS = 2_000;
/** What a busy machine may add to a moment, and a round trip to the server's clock. */
const SLACK_MS = 500;
const SKEW_MS = 300_000;

describe('an entry that another machine reads from Redis', () => {
  it('expires at its own time, not counted from when it was read', async () => {
    const [writer, reader] = await startFleet(server, 2, { ttl: TTL_MS });
    const begun = performance.now();
    await writer!.cache.getOrLoad('users', '7', () => 'old');
    await pause(TTL_MS * 0.75);
    expect(await reader!.cache.getOrLoad('users', '7', () => 'new')).toBe('old');
    expect(reader!.count().outcomes.l2).toBe(1);

    let value = 'old';
    while (value === 'old') {
      await pause(5);
      value = await reader!.cache.getOrLoad('users', '7', () => 'new');
    }
    const livedMs = performance.now() - begun;

    expect(reader!.count().outcomes.l1).toBeGreaterThan(1);
    expect(livedMs).toBeGreaterThan(TTL_MS - 20);
    expect(livedMs).toBeLessThan(TTL_MS + SLACK_MS);
  });

  it('expires at its time wherever the clocks of writer and reader stand', async () => {
    const namespace = newNamespace();
    const startAt = async (skewMs: number) => {
      const runtime = { ...systemRuntime, now: () => Date.now() + skewMs };
      return startMachine(server, { namespace, ttl: TTL_MS, runtime });
    };
    const right = await startAt(0);
    const ahead = await startAt(SKEW_MS);
    const behind = await startAt(-SKEW_MS);
    const all = [right, ahead, behind];
    for (const writer of all) {
      const key = `by ${all.indexOf(writer)}`;
      await writer.cache.getOrLoad('users', key, () => 'old');
      for (const reader of all) {
        await expect.poll(async () => reader.cache.get('users', key)).toBe('old');
        const { expiresInMs } = await reader.cache.explain('users', key);

        expect(expiresInMs).toBeGreaterThan(TTL_MS - SLACK_MS);
        expect(expiresInMs).toBeLessThanOrEqual(TTL_MS + 20);
      }
    }
    expect(Math.abs(ahead.journal().shared!.clockOffsetMs + SKEW_MS)).toBeLessThan(50);
    expect(Math.abs(behind.journal().shared!.clockOffsetMs - SKEW_MS)).toBeLessThan(50);

    await pause(TTL_MS + 50);
    for (const reader of all) {
      expect(await reader.cache.getMany('users', ['by 0', 'by 1', 'by 2'])).toEqual([undefined, undefined, undefined]);
    }
  });
});
