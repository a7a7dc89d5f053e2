import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newNamespace, startMachine } from '../../support/machines.js';
import { eventually } from '../../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../../support/servers/redis-server.js';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  if (server.isRunning) server.thaw();
  await server.stop();
});

describe('what is counted of Redis', () => {
  it('are its commands, how long they took and how they failed, and when it is given up', async () => {
    const redis = { url: server.url, commandTimeout: '250ms', breaker: { failures: 3, probeEvery: '100ms' } } as const;
    const { cache } = await startMachine(server, { namespace: newNamespace(), redis });
    await cache.getOrLoad('users', '1', () => 'Ada');
    const before = cache.status().redis!;
    expect(before).toMatchObject({ reachable: true, breaker: 'closed', opened: 0, skipped: 0 });
    expect(before.commands).toBeGreaterThan(2);
    expect(before.times.count).toBe(before.commands);
    expect(before.times.buckets.reduce((sum, inBucket) => sum + inBucket)).toBe(before.commands);

    await server.freeze();
    await eventually('it is given up', async () => {
      await cache.getOrLoad('users', String(Math.random()), () => 'nobody');
      return cache.status().redis!.breaker === 'open';
    });
    await cache.getOrLoad('users', 'while it is away', () => 'nobody');
    const away = cache.status().redis!;
    expect(away).toMatchObject({ reachable: false, opened: 1 });
    expect(away.failures.timeout).toBeGreaterThanOrEqual(3);

    server.thaw();
    await eventually('it is back', () => Promise.resolve(cache.status().redis!.reachable));
    expect(cache.status().redis).toMatchObject({ breaker: 'closed', opened: 1 });
  });

  it('are loads that waited for those of another process', async () => {
    const namespace = newNamespace();
    const [one, other] = await Promise.all([startMachine(server, { namespace }), startMachine(server, { namespace })]);
    let isLoading = false;
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const leading = one.cache.getOrLoad('users', '1', async () => {
      isLoading = true;
      await finished;
      return 'Ada';
    });
    await eventually('one loads', () => Promise.resolve(isLoading));
    const waiting = other.cache.getOrLoad('users', '1', () => 'nobody');
    const { commands } = other.cache.status().redis!;
    // it has looked, asked for the lock and not got it, and comes back
    await eventually('the other waits', () => Promise.resolve(other.cache.status().redis!.commands > commands + 4));
    finish();

    expect(await Promise.all([leading, waiting])).toEqual(['Ada', 'Ada']);
    expect(one.count()).toMatchObject({ lockWaits: 0, loads: 1 });
    expect(other.count()).toMatchObject({ lockWaits: 1, loads: 0 });
    expect(other.count().lockWaitMs).toBeGreaterThan(5);
  });
});
