// What traces of an application look like, with the instrumentation of ioredis that people have.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newNamespace, PATIENT } from '../../support/machines.js';
import { TracedCache, type TracedSpan } from '../../support/processes/traced-caches.js';
import { eventually } from '../../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../../support/servers/redis-server.js';
import { byText, treesOf } from '../../support/spans.js';

const IOREDIS = '@opentelemetry/instrumentation-ioredis';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server?.stop());

/** Two processes that have done everything once, so that the server has their scripts. */
async function startPair(): Promise<[TracedCache, TracedCache]> {
  const redis = { url: server.url, commandTimeout: PATIENT };
  const options = { namespace: newNamespace(), redis, jitter: 0, earlyRefresh: false, caches: { users: {} } } as const;
  const pair = await Promise.all([TracedCache.start(options), TracedCache.start(options)]);
  for (const [index, each] of pair.entries()) await each.call('read', 'GET', `the first of ${index}`);
  for (const each of pair) {
    await eventually('records are pushed', async () => {
      await each.call('invalidate', 'PUT', ['is anybody following?']);
      return (await each.call('status')).journal.shared?.following === true;
    });
  }
  await untilQuiet(pair);
  return pair;
}

/** Until there is nothing more to come of what was asked, and forgets it. */
async function untilQuiet(pair: readonly TracedCache[]): Promise<void> {
  for (const each of pair) {
    let before = -1;
    await eventually('everything has ended', async () => {
      const [{ background, flights }, { length }] = [await each.call('status'), await each.spans()];
      const isQuiet = background === 0 && flights === 0 && length === before;
      before = length;
      return isQuiet;
    });
  }
  for (const each of pair) await each.call('forget');
}

const named = (spans: readonly TracedSpan[], name: string): TracedSpan[] => spans.filter((span) => span.name === name);

/** What the spans of ioredis are inside of. */
const aroundIoredis = (spans: readonly TracedSpan[]): string[] =>
  spans
    .filter(({ scope }) => scope === IOREDIS)
    .map(({ parent }) => spans.find(({ own }) => own.spanId === parent?.spanId)?.name ?? 'nothing')
    .sort(byText);

async function ended(cache: TracedCache, traces: number): Promise<TracedSpan[]> {
  return eventually(`${traces} traces have ended`, async () => {
    const spans = await cache.spans();
    return treesOf(spans).length >= traces && spans;
  });
}

describe('the spans of ioredis', () => {
  it('of a miss are inside the look and the read; of what nobody waits for, inside a trace of its own', async () => {
    const [one] = await startPair();
    await one.call('read', 'GET', '7');
    const spans = await ended(one, 2);

    // the second look and the lock are one round trip
    expect(treesOf(spans)).toEqual([
      'GET > (cache.read loaded > (cache.load > (SELECT), cache.shared get > (get), get, set))',
      'cache.shared set > (set)',
    ]);
    expect(aroundIoredis(spans)).toEqual(['cache.read', 'cache.read', 'cache.shared', 'cache.shared']);
    const [read] = named(spans, 'cache.read');
    const stored = named(spans, 'cache.shared').find((span) => span.attributes['cache.command'] === 'set');
    expect(stored!.links.map(({ spanId }) => spanId)).toEqual([read!.own.spanId]);
  });

  it('of a hit in Redis are inside the look, and of one in memory there are none', async () => {
    const [one, other] = await startPair();
    await one.call('read', 'GET', '7', { value: 'Ada' });
    await eventually('it is stored', async () => (await other.call('tierOf', '7')) === 'shared');
    await untilQuiet([one, other]);

    expect(await other.call('read', 'GET', '7')).toEqual(['Ada']);
    expect(treesOf(await ended(other, 1))).toEqual(['GET > (cache.read l2 > (cache.shared get > (get)))']);
    await other.call('forget');
    expect(await other.call('read', 'GET', '7')).toEqual(['Ada']);
    expect(treesOf(await ended(other, 1))).toEqual(['GET']);
  });

  it('of a stampede over two processes: one load of all, and one look and one wait of each process', async () => {
    const pair = await startPair();
    const storm = { callers: 3, loadMs: 100, value: 'Ada' };
    const answers = await Promise.all(pair.map(async (each) => each.call('read', 'GET', '7', storm)));
    expect(answers.flat()).toEqual(Array.from({ length: 6 }, () => 'Ada'));
    const spans = await Promise.all(pair.map(async (each) => each.spans()));

    const [leading, waiting] = spans.toSorted((a, b) => named(b, 'cache.load').length - named(a, 'cache.load').length);
    const readsOf = (all: readonly TracedSpan[]): string[] =>
      named(all, 'cache.read')
        .map(({ attributes }) => String(attributes['cache.outcome']))
        .sort(byText);
    expect(readsOf(leading!)).toEqual(['joined', 'joined', 'loaded']);
    expect(named(spans.flat(), 'cache.load')).toHaveLength(1);
    expect(named(spans.flat(), 'SELECT')).toHaveLength(1);
    // whoever found it stored by the other process, or came while that was looked for
    expect(readsOf(waiting!).filter((outcome) => outcome === 'l2').length).toBeGreaterThan(0);
    const load = named(leading!, 'cache.load')[0]!;
    for (const { attributes, links } of named(leading!, 'cache.read').filter((span) => span.links.length > 0))
      expect([attributes['cache.outcome'], links.map(({ spanId }) => spanId)]).toEqual(['joined', [load.own.spanId]]);
    for (const all of spans) {
      // by the first of three, for all of them
      const looks = named(all, 'cache.shared').filter(({ attributes }) => attributes['cache.command'] === 'get');
      expect(looks).toHaveLength(1);
      expect(aroundIoredis(all).filter((name) => name !== 'cache.read' && name !== 'cache.shared')).toEqual([]);
    }
  });

  it('of an invalidation are inside it, and the other process’s trace is linked to it', async () => {
    const [one, other] = await startPair();
    const result = await one.call('invalidate', 'PUT', ['user:7']);
    expect(result.status).toBe('applied');
    const sent = await ended(one, 1);
    const arrived = await ended(other, 1);

    expect(treesOf(sent)).toEqual(['PUT > (cache.invalidate > (evalsha))']);
    expect(aroundIoredis(sent)).toEqual(['cache.invalidate']);
    expect(treesOf(arrived)).toEqual(['cache.invalidation.applied']);
    const [invalidate] = named(sent, 'cache.invalidate');
    const [applied] = named(arrived, 'cache.invalidation.applied');
    expect(applied!.links).toMatchObject([{ traceId: invalidate!.own.traceId, spanId: invalidate!.own.spanId }]);
    expect(applied!.attributes['cache.journal.position']).toBe(invalidate!.attributes['cache.journal.position']);
  });

  it('say the key, as their instrumentation does unless it is told not to; those of the cache don’t', async () => {
    const [one] = await startPair();
    await one.call('read', 'GET', 'a-key');
    const spans = await ended(one, 2);
    const [look] = named(spans, 'get');
    expect(look!.attributes['db.query.text']).toMatch(/^get \S+:users:v1:a-key$/u);
    const own = spans.filter(({ scope }) => scope === 'nestjs-hybrid-cache');
    expect(own.length).toBeGreaterThan(3);
    expect(JSON.stringify(own.map(({ attributes }) => attributes))).not.toContain('a-key');
  });
});
