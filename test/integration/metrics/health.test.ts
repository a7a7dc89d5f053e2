import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CacheModule, CacheService } from 'nestjs-hybrid-cache';
import { CacheHealth, CacheMetricsModule } from 'nestjs-hybrid-cache/metrics';
import { newNamespace } from '../../support/machines.js';
import { eventually } from '../../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../../support/servers/redis-server.js';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  server.thaw();
  await server.stop();
});

async function start(required: boolean): Promise<{ health: CacheHealth; cache: CacheService }> {
  const redis = {
    url: server.url,
    required,
    commandTimeout: '250ms',
    breaker: { failures: 3, probeEvery: '100ms' },
  } as const;
  class AppModule {}
  Module({
    imports: [
      CacheModule.forRoot({ namespace: newNamespace(), maxStaleness: '500ms', redis, caches: { users: {} } }),
      CacheMetricsModule.forRoot({ path: false }),
    ],
  })(AppModule);
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  onTestFinished(async () => app.close());
  return { health: app.get(CacheHealth), cache: app.get(CacheService) };
}

describe('while Redis is frozen', () => {
  it.each([
    [false, 'degraded'],
    [true, 'down'],
  ] as const)('a cache whose `redis.required` is %s is %s, and up again afterwards', async (required, state) => {
    const { health, cache } = await start(required);
    await eventually('it is up', () => Promise.resolve(health.report().state === 'up'));

    await server.freeze();
    void cache.invalidate({ tags: ['user:1'] });
    await eventually('it says so', () => {
      const { details } = health.report();
      return Promise.resolve(health.report().state === state && !details.trusted && details.queuedInvalidations > 0);
    });
    const { reasons, details } = health.report();
    expect(details).toMatchObject({ trusted: false, redis: 'away', queuedInvalidations: 1 });
    expect(reasons).toContain('Redis is away');
    expect(reasons).toContain('invalidated tags that wait for the journal: 1');

    server.thaw();
    await eventually('it is up again', () => Promise.resolve(health.report().state === 'up'));
  });
});
