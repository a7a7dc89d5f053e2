import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Counter, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { Cacheable, CacheModule, CacheService } from 'nestjs-hybrid-cache';
import { CacheEventsModule } from 'nestjs-hybrid-cache/events';
import { CacheMetrics, CacheMetricsModule, getCacheMetricsToken } from 'nestjs-hybrid-cache/metrics';
import { METRICS } from '../../../lib/metrics/metric-list.js';
import { PLATFORMS, startHttpApp } from '../../support/http-app.js';
import { refusalOf, startApp, startWith } from '../../support/nest-app.js';
import { Scrape } from '../../support/scrape.js';

const LOAD_MS = 20;

/** Counts for itself what the metrics have to say. */
@Injectable()
class Products {
  readonly driver = { calls: 0, loads: 0, failed: 0 };

  @Cacheable({ cache: 'products', key: (id: number) => String(id) })
  async find(id: number): Promise<{ id: number }> {
    this.driver.loads++;
    await pause(LOAD_MS);
    if (id < 0) throw new Error('no such product');
    return { id };
  }

  async ask(id: number): Promise<void> {
    this.driver.calls++;
    await this.find(id).catch(() => this.driver.failed++);
  }
}

const reads = (scrape: Scrape, cache: string): { reads: number; hits: number; misses: number } => ({
  reads: scrape.value('hybrid_cache_reads_total', { cache }),
  hits: scrape.sum('hybrid_cache_hits_total', { cache }),
  misses: scrape.sum('hybrid_cache_misses_total', { cache }),
});

describe.each(PLATFORMS)('a scrape over %s', (platform) => {
  it('says what the driver counted, while there is traffic and after it', async () => {
    const { app, get } = await startHttpApp(platform, {
      cache: { caches: { products: { isolation: 'frozen' } } },
      imports: [CacheMetricsModule.forRoot()],
      providers: [Products],
    });
    const products = app.get(Products);
    const traffic = (async () => {
      for (let round = 0; round < 5; round++) {
        await Promise.all(Array.from({ length: 200 }, (_, call) => products.ask((call * 7) % 50)));
        await products.ask(-1);
      }
    })();
    const early = new Scrape((await get('/metrics')).body);
    const meanwhile = reads(early, 'products');
    expect(meanwhile.hits + meanwhile.misses).toBe(meanwhile.reads);
    await traffic;

    const answer = await get('/metrics');
    const scrape = new Scrape(answer.body);
    const { driver } = products;

    expect(answer.headers['content-type']).toContain('text/plain; version=0.0.4');
    const end = reads(scrape, 'products');
    expect(end.reads).toBe(driver.calls);
    expect(end.hits + end.misses).toBe(end.reads);
    expect(scrape.value('hybrid_cache_misses_total', { cache: 'products', outcome: 'error' })).toBe(driver.failed);
    expect(scrape.value('hybrid_cache_load_seconds_count', { cache: 'products' })).toBe(driver.loads);
    expect(scrape.value('hybrid_cache_load_errors_total', { cache: 'products' })).toBe(driver.failed);
    expect(scrape.value('hybrid_cache_misses_total', { cache: 'products', outcome: 'joined' })).toBe(150);
    expect(scrape.value('hybrid_cache_entries', { cache: 'products' })).toBe(50);
    expect(scrape.value('hybrid_cache_reads_under_way', { cache: 'products' })).toBe(0);
    expect(scrape.value('hybrid_cache_journal_trusted')).toBe(1);
  });
});

describe('the time of reads', () => {
  it('is told with the cache and without it, and each read is in it once', async () => {
    const app = await startApp(
      { imports: [CacheMetricsModule.forRoot()], providers: [Products] },
      { caches: { products: {} } },
    );
    const products = app.get(Products);
    await Promise.all([products.ask(1), products.ask(1), products.ask(1)]);
    for (let call = 0; call < 97; call++) await products.ask(1);
    const scrape = new Scrape(await app.get(CacheMetrics).text());
    const cache = { cache: 'products' };

    expect(scrape.value('hybrid_cache_read_seconds_count', cache)).toBe(100);
    expect(scrape.value('hybrid_cache_read_seconds_bucket', { ...cache, le: '+Inf' })).toBe(100);
    expect(scrape.value('hybrid_cache_read_seconds_bucket', { ...cache, le: '0.0001' })).toBe(97);
    const without = scrape.value('hybrid_cache_load_seconds_sum', cache) * 100;
    const with_ = scrape.value('hybrid_cache_read_seconds_sum', cache);
    // one load, and two callers who joined it
    expect(without / with_).toBeGreaterThan(25);
    expect(with_).toBeGreaterThanOrEqual((2.9 * LOAD_MS) / 1_000);
  });
});

describe('the metrics of an application', () => {
  it('are what the list says, with names and units as Prometheus has them', async () => {
    const app = await startApp({ imports: [CacheMetricsModule.forRoot()] }, { caches: { products: {} } });
    const { types } = new Scrape(await app.get(CacheMetrics).text());

    expect(types).toEqual(new Map(METRICS.map(({ name, kind }) => [name, kind])));
    for (const [name, type] of types) expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(new Set(METRICS.map(({ name }) => name)).size).toBe(METRICS.length);
  });

  it('go into the registry they are given, beside others, and leave it when the application ends', async () => {
    const register = new Registry();
    new Counter({ name: 'requests_total', help: 'Requests.', registers: [register] }).inc(3);
    const imports = [CacheMetricsModule.forRoot({ register, path: false })];
    const app = await startApp({ imports }, { caches: { products: {} } });

    const scrape = new Scrape(await register.metrics());
    expect(scrape.value('requests_total')).toBe(3);
    expect(scrape.value('hybrid_cache_entries', { cache: 'products' })).toBe(0);
    await app.close();
    expect(register.getMetricsAsArray().map(({ name }) => name)).toEqual(['requests_total']);
  });

  it('name the registration, where it isn’t the only one', async () => {
    const register = new Registry();
    const app = await startApp(
      {
        imports: [
          CacheModule.forRoot({ registration: 'sessions', caches: { users: {} } }),
          CacheMetricsModule.forRoot({ register }),
          CacheMetricsModule.forRoot({ register, registration: 'sessions', path: false }),
        ],
      },
      { caches: { products: {} } },
    );
    const scrape = new Scrape(await app.get<CacheMetrics>(getCacheMetricsToken('sessions')).text());

    expect(scrape.value('hybrid_cache_entries', { cache: 'products' })).toBe(0);
    expect(scrape.value('hybrid_cache_entries', { cache: 'users', registration: 'sessions' })).toBe(0);
    expect(scrape.value('hybrid_cache_journal_trusted', { registration: 'sessions' })).toBe(1);
  });

  it('are told in the format of OpenMetrics too', async () => {
    const register = new Registry();
    register.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
    const imports = [CacheMetricsModule.forRoot({ register })];
    const app = await startApp({ imports }, { caches: { products: {} } });
    const text = await app.get(CacheMetrics).text();

    expect(text).toContain('# TYPE hybrid_cache_reads counter');
    expect(text).toContain('hybrid_cache_reads_total{cache="products"} 0');
    expect(text.endsWith('# EOF\n')).toBe(true);
    await app.close();
    expect(register.getMetricsAsArray()).toEqual([]);
  });

  it('have events too, where there are some', async () => {
    const app = await startApp({ imports: [CacheMetricsModule.forRoot(), CacheEventsModule.forRoot()] });
    const metrics = app.get(CacheMetrics);
    const kind = 'invalidation';

    expect(new Scrape(await metrics.text()).value('hybrid_cache_events_received_total', { kind })).toBe(0);
    await app.get(CacheService).invalidate({ tags: ['a'] });
    expect(new Scrape(await metrics.text()).value('hybrid_cache_invalidations_total', { status: 'applied' })).toBe(1);
  });

  it('never have a key in them', async () => {
    const app = await startApp({ imports: [CacheMetricsModule.forRoot()] }, { caches: { products: {} } });
    await app.get(CacheService).getOrLoad('products', 'secret-key', () => 'secret-value', { tags: ['secret-tag'] });
    await app.get(CacheService).invalidate({ tags: ['secret-tag'] });

    expect(await app.get(CacheMetrics).text()).not.toContain('secret');
  });

  it('may come before the cache, from a factory', async () => {
    const app = await startWith({
      imports: [
        CacheMetricsModule.forRootAsync({ useFactory: () => ({ register: new Registry() }), path: 'numbers' }),
        CacheModule.forRoot({ caches: { products: {} } }),
      ],
    });

    expect(await app.get(CacheMetrics).text()).toContain('hybrid_cache_entries{cache="products"} 0');
  });
});

describe('an application with CacheMetricsModule doesn’t start', () => {
  it.each<[what: string, options: object, ...says: string[]]>([
    [
      'a registry that isn’t one',
      { register: {} },
      'CacheMetricsModule.register: got {}; takes a Registry of prom-client',
    ],
    ['an option that is misspelt', { registre: 1 }, 'CacheMetricsModule.registre', 'did you mean `register`?'],
    ['a path that isn’t one', { path: '' }, 'CacheMetricsModule.path: got ""; takes a path such as'],
    ['OpenTelemetry as it isn’t', { openTelemetry: 'yes' }, "CacheMetricsModule.openTelemetry: got 'yes'; takes true"],
    ['a part of it that isn’t', { openTelemetry: { spans: true } }, 'CacheMetricsModule.openTelemetry.spans'],
    ['a registration that isn’t there', { registration: 'x' }, "there is no CacheModule with registration: 'x'"],
  ])('with %s', async (_what, options, ...says) => {
    const message = await refusalOf({ imports: [CacheMetricsModule.forRoot(options)] });
    for (const words of says) expect(message).toContain(words);
  });

  it('where somebody else’s metric has one of its names', async () => {
    const register = new Registry();
    register.registerMetric(new Counter({ name: 'hybrid_cache_hits_total', help: 'Mine.', registers: [] }));

    expect(await refusalOf({ imports: [CacheMetricsModule.forRoot({ register })] })).toContain(
      'CacheMetricsModule.register: has a metric named hybrid_cache_hits_total already',
    );
  });
});
