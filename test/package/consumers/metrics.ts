// The numbers of a cache, where prom-client is installed and neither OpenTelemetry nor @nestjs/microservices is.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CacheModule, CacheService } from 'nestjs-hybrid-cache';
import { CacheHealth, CacheMetrics, CacheMetricsModule } from 'nestjs-hybrid-cache/metrics';
import { Registry } from 'prom-client';

const require = createRequire(import.meta.url);
assert.throws(() => require.resolve('@opentelemetry/api'), { code: 'MODULE_NOT_FOUND' });

const register = new Registry();

@Module({
  imports: [CacheModule.forRoot({ caches: { users: {} } }), CacheMetricsModule.forRoot({ register })],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
await app.get(CacheService).getOrLoad('users', '7', () => 'Ada');
assert.match(await register.metrics(), /^hybrid_cache_reads_total\{cache="users"\} 1$/m);
assert.match(await app.get(CacheMetrics).text(), /^hybrid_cache_entries\{cache="users"\} 1$/m);
assert.equal(app.get(CacheHealth).check('cache').cache.status, 'up');
await app.close();

@Module({ imports: [CacheModule.forRoot(), CacheMetricsModule.forRoot({ openTelemetry: true })] })
class TracedModule {}

await assert.rejects(
  NestFactory.createApplicationContext(TracedModule, { logger: false, abortOnError: false }),
  /CacheMetricsModule\.openTelemetry: needs the package @opentelemetry\/api, which is not installed/,
);
process.stdout.write('{"checks":4}\n');
