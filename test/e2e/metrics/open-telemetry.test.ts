import { setTimeout as pause } from 'node:timers/promises';
import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CacheService } from 'nestjs-hybrid-cache';
import { CacheMetricsModule } from 'nestjs-hybrid-cache/metrics';
import { engineToken } from '../../../lib/cache.constants.js';
import type { CacheMachine } from '../../../lib/cache.providers.js';
import { startApp } from '../../support/nest-app.js';
import { pointsOf, ReadByHand } from '../../support/read-by-hand.js';
import { eventually } from '../../support/servers/eventually.js';
import { treesOf } from '../../support/spans.js';

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const imports = [CacheMetricsModule.forRoot({ path: false, openTelemetry: true })];

function startSdk(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
}

beforeEach(() => exporter.reset());
afterEach(() => {
  trace.disable();
  context.disable();
  metrics.disable();
});

const spans = (): readonly ReadableSpan[] => exporter.getFinishedSpans();
const named = (name: string): ReadableSpan[] => spans().filter((span) => span.name === name);

/** A request, as an instrumentation of HTTP would trace it. */
const request = <T>(name: string, handle: () => Promise<T>): Promise<T> =>
  trace.getTracer('http').startActiveSpan(name, async (span) => handle().finally(() => span.end()));

describe('spans', () => {
  it('of a miss are a read and, inside it, the load; those of the loader are inside the load', async () => {
    startSdk();
    const app = await startApp({ imports }, { caches: { products: {} } });
    const cache = app.get(CacheService);
    await request('GET /products/1', () =>
      cache.getOrLoad('products', '1', () => request('SELECT', async () => 'a product')),
    );

    expect(treesOf(spans())).toEqual(['GET /products/1 > (cache.read loaded > (cache.load > (SELECT)))']);
    expect(named('cache.read')[0]!.attributes).toMatchObject({
      'cache.name': 'products',
      'cache.hit': false,
      'cache.tier': 'source',
    });
  });

  it('of a hit in memory there are none', async () => {
    startSdk();
    const app = await startApp({ imports }, { caches: { products: {} } });
    const cache = app.get(CacheService);
    await cache.getOrLoad('products', '1', () => 'a product');
    exporter.reset();
    for (let call = 0; call < 10; call++) await cache.getOrLoad('products', '1', () => 'a product');

    expect(spans()).toEqual([]);
  });

  it('of a stampede are one load, to which everybody else’s read is linked', async () => {
    startSdk();
    const app = await startApp({ imports }, { caches: { products: {} } });
    const cache = app.get(CacheService);
    const load = async (): Promise<string> => {
      await pause(20);
      return 'a product';
    };
    await Promise.all(
      [1, 2, 3].map((caller) => request(`request ${caller}`, () => cache.getOrLoad('products', '1', load))),
    );

    expect(treesOf(spans())).toEqual([
      'request 1 > (cache.read loaded > (cache.load))',
      'request 2 > (cache.read joined)',
      'request 3 > (cache.read joined)',
    ]);
    const [led] = named('cache.load');
    for (const joined of named('cache.read').filter((span) => span.attributes['cache.outcome'] === 'joined'))
      expect(joined.links.map((link) => link.context.spanId)).toEqual([led!.spanContext().spanId]);
    expect(app.get(CacheService).status().caches['products']).toMatchObject({ reads: 3, misses: 3 });
  });

  it('of a refresh in the background are a trace of their own, linked to the read that asked for it', async () => {
    startSdk();
    const app = await startApp({ imports }, { caches: { products: { grace: '1h' } } });
    const cache = app.get(CacheService);
    await cache.getOrLoad('products', '1', () => 'old');
    await cache.invalidate({ keys: [['products', '1']], mode: 'soft' });
    exporter.reset();
    await request('GET', () => cache.getOrLoad('products', '1', async () => 'new'));
    await eventually('it is refreshed', () => Promise.resolve(named('cache.load').length === 1));

    expect(treesOf(spans())).toEqual(['GET > (cache.read stale)', 'cache.load']);
    const [read] = named('cache.read');
    const [load] = named('cache.load');
    expect(load!.links.map((link) => link.context.spanId)).toEqual([read!.spanContext().spanId]);
    expect(load!.spanContext().traceId).not.toBe(read!.spanContext().traceId);
    expect(load!.attributes['cache.background']).toBe(true);
  });

  it('of a load that fails say so, and neither the message nor the key', async () => {
    startSdk();
    const app = await startApp({ imports }, { caches: { products: {} } });
    const failing = app.get(CacheService).getOrLoad('products', 'secret', () => {
      throw new RangeError('secret');
    });

    await expect(failing).rejects.toThrow('secret');
    expect(named('cache.load')[0]).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'RangeError' } });
    expect(named('cache.read')[0]!.attributes).toMatchObject({ 'cache.outcome': 'error', 'error.type': 'RangeError' });
    expect(JSON.stringify(spans().map(({ attributes, events, status }) => [attributes, events, status]))).not.toContain(
      'secret',
    );
  });

  it('of an invalidation say where the journal stands', async () => {
    startSdk();
    const app = await startApp({ imports }, { caches: { products: {} } });
    const result = await app.get(CacheService).invalidate({ tags: ['a', 'b'] });

    expect(named('cache.invalidate')[0]!.attributes).toMatchObject({
      'cache.tags': 2,
      'cache.invalidation.status': 'applied',
      'cache.journal.position': 'position' in result ? result.position : undefined,
    });
  });

  it('aren’t made at all without a SDK', async () => {
    const app = await startApp({ imports }, { caches: { products: {} } });
    await app.get(CacheService).getOrLoad('products', '1', () => 'a product');

    expect(app.get<CacheMachine>(engineToken('default')).engine.parts.tracing.tracer).toBeUndefined();
    expect(spans()).toEqual([]);
  });
});

describe('observable instruments', () => {
  it('say what status() says, with the names and units of OpenTelemetry', async () => {
    const reader = new ReadByHand();
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    const app = await startApp({ imports }, { caches: { products: {} } });
    const cache = app.get(CacheService);
    for (const key of ['1', '2', '1']) await cache.getOrLoad('products', key, () => 'a product');
    const collected = await reader.collect();
    const point = pointsOf(collected);

    expect(point('hybrid_cache.reads', { cache: 'products' })).toBe(3);
    expect(point('hybrid_cache.hits', { cache: 'products', tier: 'memory' })).toBe(1);
    expect(point('hybrid_cache.misses', { cache: 'products', outcome: 'loaded' })).toBe(2);
    expect(point('hybrid_cache.load.count', { cache: 'products' })).toBe(2);
    expect(point('hybrid_cache.load.bucket', { cache: 'products', le: '+Inf' })).toBe(2);
    expect(point('hybrid_cache.memory', {})).toBeGreaterThan(0);
    const units = collected.resourceMetrics.scopeMetrics.flatMap(({ metrics: all }) =>
      all.map(({ descriptor: { name, unit } }) => [name, unit]),
    );
    expect(units).toContainEqual(['hybrid_cache.memory', 'By']);
    expect(units).toContainEqual(['hybrid_cache.load.sum', 's']);
    await app.close();
    await cache.getOrLoad('products', '1', () => 'a product');
    expect(cache.status().caches['products']?.bypassed).toBe(1);
    // nobody looks any more
    expect(pointsOf(await reader.collect())('hybrid_cache.bypassed', { cache: 'products' })).toBe(0);
  });
});
