import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OpenTelemetryTracer } from '../../../lib/metrics/open-telemetry-tracer.js';
import { newNamespace, startFleet, startMachine, type Machine } from '../../support/machines.js';
import { eventually } from '../../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../../support/servers/redis-server.js';
import { treesOf } from '../../support/spans.js';

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const spans = () => exporter.getFinishedSpans();
const named = (name: string) => spans().filter((span) => span.name === name);

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
});
afterAll(async () => {
  await server.stop();
  trace.disable();
  context.disable();
});
beforeEach(() => exporter.reset());

function traceIn({ internals: { engine } }: Machine): void {
  const tracer = new OpenTelemetryTracer({ ...api, context, trace }, trace.getTracer('test'));
  engine.parts.tracing.tracer = tracer;
}

const api = await import('@opentelemetry/api');
const request = <T>(name: string, handle: () => Promise<T>): Promise<T> =>
  trace.getTracer('http').startActiveSpan(name, async (span) => handle().finally(() => span.end()));

describe('spans over Redis', () => {
  it('of a miss look into the shared store first, and what is stored is a trace of its own', async () => {
    const machine = await startMachine(server, { namespace: newNamespace() });
    traceIn(machine);
    await request('GET', () => machine.cache.getOrLoad('users', '1', () => 'Ada'));
    await eventually('it is stored', () => Promise.resolve(treesOf(spans()).length === 2));

    expect(treesOf(spans())).toEqual([
      'GET > (cache.read loaded > (cache.load, cache.shared get))',
      'cache.shared set',
    ]);
    const stored = named('cache.shared').find((span) => span.attributes['cache.command'] === 'set');
    const [read] = named('cache.read');
    expect(stored!.links.map((link) => link.context.spanId)).toEqual([read!.spanContext().spanId]);
  });

  it('of a hit in Redis are a read and the look inside it, with tier and age', async () => {
    const namespace = newNamespace();
    const writer = await startMachine(server, { namespace });
    const reader = await startMachine(server, { namespace });
    await writer.cache.getOrLoad('users', '1', () => 'Ada');
    await eventually('it is stored', async () => (await reader.cache.explain('users', '1')).tier === 'shared');
    traceIn(reader);
    expect(await request('GET', () => reader.cache.getOrLoad('users', '1', () => 'nobody'))).toBe('Ada');

    expect(treesOf(spans())).toEqual(['GET > (cache.read l2 > (cache.shared get))']);
    expect(named('cache.read')[0]!.attributes).toMatchObject({ 'cache.tier': 'shared', 'cache.hit': true });
    expect(named('cache.read')[0]!.attributes['cache.age_ms']).toBeGreaterThanOrEqual(0);
    expect(reader.count()).toMatchObject({ reads: 1, hits: 1 });
  });

  it('of an invalidation are linked across processes', async () => {
    const [one, other] = (await startFleet(server, 2)) as [Machine, Machine];
    traceIn(one);
    traceIn(other);
    const result = await request('PUT', () => one.cache.invalidate({ tags: ['user:1'] }));
    await eventually('the other one knows', () => Promise.resolve(named('cache.invalidation.applied').length === 1));

    expect(treesOf(spans())).toEqual(['PUT > (cache.invalidate)', 'cache.invalidation.applied']);
    const [sent] = named('cache.invalidate');
    const [applied] = named('cache.invalidation.applied');
    expect(applied!.links.map((link) => link.context)).toMatchObject([
      { spanId: sent!.spanContext().spanId, traceId: sent!.spanContext().traceId, isRemote: true },
    ]);
    expect(applied!.attributes['cache.tags']).toBe(1);
    const position = 'position' in result ? result.position : Number.NaN;
    expect(sent!.attributes['cache.journal.position']).toBe(position);
    expect(applied!.attributes['cache.journal.position']).toBe(position);
    expect(other.replica.applied).toBeGreaterThanOrEqual(position);
  });
});
