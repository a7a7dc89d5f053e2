// A process of an application that is traced, by the SDK and the instrumentation of ioredis as they are installed.
import 'reflect-metadata';
import { register } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { CacheModule, CacheService } from 'nestjs-hybrid-cache';
import { CacheMetricsModule } from 'nestjs-hybrid-cache/metrics';
import { answerTo } from './answering.js';
import type { TracedCalls } from './traced-caches.js';

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
// as its documentation says for ES modules; ioredis is loaded when the application starts, after this
register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(provider);
registerInstrumentations({ instrumentations: [new IORedisInstrumentation()], tracerProvider: provider });

let cache: CacheService;

/** A request, as an instrumentation of HTTP would trace it. */
const request = <T>(name: string, handle: () => Promise<T>): Promise<T> =>
  trace.getTracer('http').startActiveSpan(name, async (span) => handle().finally(() => span.end()));

const calls: TracedCalls = {
  async open(options) {
    class AppModule {}
    const imports = [CacheModule.forRoot(options), CacheMetricsModule.forRoot({ path: false, openTelemetry: true })];
    Module({ imports })(AppModule);
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    cache = app.get(CacheService);
  },
  read: async (name, key, { callers = 1, loadMs = 0, value = 'loaded' } = {}) => {
    const load = async (): Promise<string> =>
      request('SELECT', async () => {
        await pause(loadMs);
        return value;
      });
    return Promise.all(
      Array.from({ length: callers }, async () => request(name, () => cache.getOrLoad('users', key, load))),
    );
  },
  invalidate: async (name, tags) => request(name, () => cache.invalidate({ tags })),
  tierOf: async (key) => (await cache.explain('users', key)).tier,
  status: async () => cache.status(),
  forget: async () => exporter.reset(),
  spans: async () =>
    exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      scope: span.instrumentationScope.name,
      attributes: span.attributes,
      own: span.spanContext(),
      parent: span.parentSpanContext,
      links: span.links.map((link) => link.context),
    })),
};

answerTo(calls);
