import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { metrics } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CacheModule, CacheService, type CacheModuleOptions } from 'nestjs-hybrid-cache';
import { CacheMetrics, CacheMetricsModule } from 'nestjs-hybrid-cache/metrics';
import { engineToken } from '../../../lib/cache.constants.js';
import type { CacheMachine } from '../../../lib/cache.providers.js';
import { newNamespace, PATIENT } from '../../support/machines.js';
import { pointsOf, ReadByHand } from '../../support/read-by-hand.js';
import { Scrape } from '../../support/scrape.js';
import { eventually } from '../../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../../support/servers/redis-server.js';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server?.stop());
afterEach(() => metrics.disable());

interface Measured {
  readonly cache: CacheService;
  readonly machine: CacheMachine;
  readonly scrape: () => Promise<Scrape>;
}

async function start(namespace: string, more: CacheModuleOptions = { probe: { sample: 1 } }): Promise<Measured> {
  const redis = { url: server.url, commandTimeout: PATIENT };
  class AppModule {}
  Module({
    imports: [
      CacheModule.forRoot({ namespace, maxStaleness: '500ms', redis, caches: { users: {} }, ...more }),
      CacheMetricsModule.forRoot({ path: false, register: new Registry(), openTelemetry: true }),
    ],
  })(AppModule);
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  onTestFinished(async () => app.close());
  const scrape = async (): Promise<Scrape> => new Scrape(await app.get(CacheMetrics).text());
  return { cache: app.get(CacheService), machine: app.get<CacheMachine>(engineToken('default')), scrape };
}

const CHECKED = 'hybrid_cache_probe_checked_total';
const STALE = 'hybrid_cache_probe_stale_total';
const CONSISTENCY = 'hybrid_cache_probe_consistency';
const VIOLATIONS = 'hybrid_cache_probe_violations_total';

describe('what the probe finds', () => {
  it('is exported to Prometheus and to OpenTelemetry, by the process that it is found in', async () => {
    const namespace = newNamespace();
    const sound = await start(namespace);
    // the meter is that of the process it is found in
    const reader = new ReadByHand();
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    const faulty = await start(namespace);
    await eventually('both are asked', async () => {
      await sound.cache.invalidate({ tags: ['is anybody listening?'] });
      const scrapes = await Promise.all([sound.scrape(), faulty.scrape()]);
      return scrapes.every((scrape) => scrape.value(CHECKED, { window: '1' }) > 0);
    });
    const before = await faulty.scrape();
    expect(before.value(VIOLATIONS)).toBe(0);
    for (const window of ['0.1', '1', '10']) {
      expect(before.value(STALE, { window })).toBe(0);
      expect(before.value(CONSISTENCY, { window })).toBe(1);
    }

    await faulty.cache.getOrLoad('users', '7', () => 'old', { tags: ['user:7'] });
    // a planted fault: the record goes by, and its tags are forgotten
    const { replica } = faulty.machine.engine.parts.journal;
    const apply = replica.apply.bind(replica);
    replica.apply = (record) => apply({ ...record, tags: [] });
    // ten a second are asked about, and the first ones were so many
    const found = async (): Promise<false | Scrape> => {
      await sound.cache.invalidate({ tags: ['user:7'] });
      const scrape = await faulty.scrape();
      return scrape.value(VIOLATIONS) > 0 && scrape;
    };
    await eventually('it is found', found, { everyMs: 400 });

    const [scrape, collected, { probe }] = [await faulty.scrape(), await reader.collect(), faulty.cache.status()];
    const point = pointsOf(collected);
    expect(scrape.value(STALE, { window: '1' })).toBeGreaterThan(0);
    expect(scrape.value(CONSISTENCY, { window: '1' })).toBeLessThan(1);
    expect(point('hybrid_cache.probe_violations', {})).toBeGreaterThan(0);
    for (const { windowMs, checked } of probe!.windows) {
      const window = String(windowMs / 1_000);
      const here = ['checked', 'stale', 'consistency'].map((figure) =>
        point(`hybrid_cache.probe_${figure}`, { window }),
      ) as [number, number, number];
      expect(here[0]).toBeLessThanOrEqual(checked);
      expect(here[2]).toBe(here[0] === 0 ? 1 : 1 - here[1] / here[0]);
    }
    const elsewhere = await sound.scrape();
    expect(elsewhere.value(VIOLATIONS)).toBe(0);
    expect(elsewhere.value(STALE, { window: '1' })).toBe(0);
  });

  it('is absent where nobody is asked', async () => {
    const { scrape } = await start(newNamespace(), {});
    const { text } = await scrape();

    for (const name of [CHECKED, STALE, CONSISTENCY, VIOLATIONS]) {
      expect(text).toContain(`# TYPE ${name} `);
      expect(text).not.toMatch(new RegExp(`^${name}[{ ]`, 'm'));
    }
  });
});
