import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Cacheable, CacheModule } from 'nestjs-hybrid-cache';
import { CacheEvents, CacheEventsModule, type CacheEventsOptions } from 'nestjs-hybrid-cache/events';
import { ForkedListener } from '../../support/processes/forked-listeners.js';
import { eventually } from '../../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../../support/servers/redis-server.js';
import { TcpProxy } from '../../support/servers/tcp-proxy.js';

/** What is promised of a process that is connected, ms; tests allow for a machine that does something else as well. */
const SOON_MS = 1_000;

/** Of the caches. */
let redis: RedisServer;
/** Of whoever publishes; it is killed and emptied. */
let feed: RedisServer;
beforeAll(async () => {
  [redis, feed] = await Promise.all([startRedis(), startRedis()]);
});
afterAll(async () => {
  await Promise.all([redis?.stop(), feed?.stop()]);
});

/** The rows that are cached, by id. */
const rows = new Map<string, string>();
beforeEach(() => rows.clear());

const ROWS = Symbol('rows');

@Injectable()
class Reader {
  constructor(@Inject(ROWS) private readonly source: ReadonlyMap<string, string>) {}

  @Cacheable({ cache: 'users', key: (id: string) => id, tags: (id: string) => [`user:${id}`] })
  async user(id: string): Promise<string> {
    return this.source.get(id)!;
  }
}

interface Listener {
  readonly service: string;
  readonly events: CacheEvents;
  read(id: string): Promise<string>;
  stop(): Promise<void>;
}

/** A process of a service, as far as that matters: an application of its own. */
async function listen(service: string, events: CacheEventsOptions): Promise<Listener> {
  class ListenerModule {}
  Module({
    imports: [
      CacheModule.forRoot({
        namespace: service,
        redis: { url: redis.url, commandTimeout: '2s' },
        ttl: '1h',
        caches: { users: {} },
      }),
      CacheEventsModule.forRoot(events),
    ],
    providers: [Reader, { provide: ROWS, useValue: rows }],
  })(ListenerModule);
  const app = await NestFactory.createApplicationContext(ListenerModule, { logger: false, abortOnError: false });
  onTestFinished(async () => app.close());
  const listener = {
    service,
    events: app.get(CacheEvents),
    read: async (id: string) => app.get(Reader).user(id),
    stop: async () => app.close(),
  };
  await eventually('it listens', () => listener.events.status().transports.every(({ connected }) => connected));
  return listener;
}

/** Has every process keep the row, then changes it. */
async function change(id: string, listeners: readonly Pick<Listener, 'read'>[]): Promise<void> {
  rows.set(id, 'old');
  for (const { read } of listeners) expect(await read(id)).toBe('old');
  rows.set(id, 'new');
}

const fresh = async (id: string, listeners: readonly Pick<Listener, 'read'>[], withinMs = 20_000): Promise<void> => {
  for (const { read } of listeners) {
    await eventually(`${id} is fresh`, async () => (await read(id)) === 'new', { withinMs, everyMs: 1 });
  }
};

const sumOf = (listeners: readonly Listener[], count: 'received' | 'applied' | 'duplicates' | 'underWay'): number =>
  listeners.reduce((sum, { events }) => sum + events.status().events[count], 0);

const serviceNames = (): [string, string] => [`catalogue-${randomUUID()}`, `gateway-${randomUUID()}`];

describe('a channel of Redis', () => {
  const channel = 'cache:invalidate';
  const events = (more: CacheEventsOptions = {}, url = feed.url): CacheEventsOptions => ({
    redis: { channel, connection: { url } },
    ...more,
  });
  /** The first process of a service makes everything expire, because nobody was listening before. */
  const haveBegun = async (...listeners: Listener[]): Promise<void> => {
    for (const { service } of listeners) {
      await eventually('it says that it listens', async () => {
        const marks = (await redis.command('KEYS', `*${service}*:~once:*`)) as string[];
        return marks.length > 0;
      });
    }
  };
  const publish = async (text: string): Promise<unknown> => feed.command('PUBLISH', channel, text);

  it('reaches every process of every service, and each service applies what it said once', async () => {
    const services = serviceNames();
    const replicas = await Promise.all(
      services.flatMap((service) => [
        listen(service, events({ onGap: 'nothing' })),
        listen(service, events({ onGap: 'nothing' })),
      ]),
    );
    await change('7', replicas);
    expect(await publish('{"tags":["user:7"]}')).toBe(4);
    await fresh('7', replicas, SOON_MS);
    // without an id nobody can tell that it is the same
    await eventually('all have applied it', () => sumOf(replicas, 'applied') === 4);
    await publish('{"id":"once","tags":["user:7"]}');
    await eventually('all have got it', () => sumOf(replicas, 'received') === 8 && sumOf(replicas, 'underWay') === 0);
    expect([sumOf(replicas, 'applied'), sumOf(replicas, 'duplicates')]).toEqual([6, 2]);
  });

  it('may be connected to with the Redis of the cache', async () => {
    const [service] = serviceNames();
    const replicas = [await listen(service, { redis: { channel }, onGap: 'nothing' })];
    await change('7', replicas);
    expect(await redis.command('PUBLISH', channel, '["user:7"]')).toBe(1);
    await fresh('7', replicas, SOON_MS);
  });

  it('may bring anything: what is bad is counted and dropped, and the next good one is applied', async () => {
    const [service] = serviceNames();
    const replica = await listen(service, events({ onGap: 'nothing' }));
    await change('7', [replica]);
    for (const bad of ['', '{', 'null', '{"tags":"user:7"}', '{"userId":7}', `["${'x'.repeat(70_000)}"]`])
      await publish(bad);
    await publish('{"tags":["user:7"]}');
    await fresh('7', [replica]);
    await eventually('none is under way', () => replica.events.status().events.underWay === 0);
    expect(replica.events.status().events).toMatchObject({
      received: 7,
      applied: 1,
      refused: { malformed: 3, foreign: 2, oversized: 1 },
    });
  });

  it('loses what is published while it is away, which makes everything expire', async () => {
    const replicas = await Promise.all(serviceNames().map((service) => listen(service, events())));
    await haveBegun(...replicas);
    await change('7', replicas);
    await feed.kill();
    expect(await Promise.all(replicas.map(async ({ read }) => read('7')))).toEqual(['old', 'old']);
    await eventually('they know', () =>
      replicas.every(({ events }) => events.status().transports.every(({ connected }) => !connected)),
    );
    await feed.restart();
    await fresh('7', replicas);
    for (const { events } of replicas) {
      expect(events.status().transports).toMatchObject([
        { transport: 'redis-channel', reach: 'everyone', connected: true, gaps: 1, onGap: 'expire' },
      ]);
    }
    // and it is subscribed again
    await change('8', replicas);
    await publish('{"tags":["user:8"]}');
    await fresh('8', replicas, SOON_MS);
  });

  it('that falls silent without a word is noticed, and what was missed is made good for', async () => {
    const proxy = await TcpProxy.start(feed.port);
    onTestFinished(() => proxy.stop());
    const [service] = serviceNames();
    const replica = await listen(service, events({}, proxy.url));
    await haveBegun(replica);
    await change('7', [replica]);
    proxy.silence();
    await publish('{"tags":["user:7"]}');
    await fresh('7', [replica]);
    expect(replica.events.status().events.received).toBe(0);
    expect(replica.events.status().transports).toMatchObject([{ connected: true, gaps: 1 }]);
  });
});

describe('a stream of Redis', () => {
  const events = (stream: string): CacheEventsOptions => ({ redis: { stream, connection: { url: feed.url } } });
  const add = async (stream: string, event: string): Promise<string> =>
    String(await feed.command('XADD', stream, '*', 'event', event));
  /** Entries that somebody took and didn't finish. */
  const taken = async (stream: string, group: string): Promise<unknown[]> =>
    (await feed.command('XPENDING', stream, group, '-', '+', '10')) as unknown[];

  it('reaches one process of each service, and all of them know', async () => {
    const stream = `events-${randomUUID()}`;
    const services = serviceNames();
    const replicas = await Promise.all(
      services.flatMap((service) => [listen(service, events(stream)), listen(service, events(stream))]),
    );
    await change('7', replicas);
    await add(stream, '{"tags":["user:7"]}');
    await fresh('7', replicas, SOON_MS);
    await eventually('each service has applied it', () => sumOf(replicas, 'applied') === 2);
    expect(sumOf(replicas, 'received')).toBe(2);
    for (const service of services) {
      await eventually('it is acknowledged', async () => (await taken(stream, service)).length === 0);
    }
  });

  it('brings all of a thousand events, each once to each service', async () => {
    const stream = `events-${randomUUID()}`;
    const services = serviceNames();
    const replicas = await Promise.all(
      services.flatMap((service) => [listen(service, events(stream)), listen(service, events(stream))]),
    );
    const script = `for i = 1, 1000 do redis.call('XADD', KEYS[1], '*', 'event', '{"tags":["user:' .. i .. '"]}') end`;
    const begun = performance.now();
    await feed.command('EVAL', script, 1, stream);
    await eventually('all are applied', () => sumOf(replicas, 'applied') === 2_000);
    const perSecond = 1_000 / ((performance.now() - begun) / 1_000);
    process.stdout.write(`events over a stream of Redis: ${perSecond.toFixed(0)} a second\n`);
    expect(sumOf(replicas, 'received')).toBe(2_000);
  });

  it('keeps what is added while no process is there, and what is bad is acknowledged as well', async () => {
    const stream = `events-${randomUUID()}`;
    const [service] = serviceNames();
    const first = await listen(service, events(stream));
    await change('7', [first]);
    await first.stop();
    await feed.command('XADD', stream, '*', 'other', 'field');
    await add(stream, '{');
    await add(stream, '{"tags":["user:7"]}');
    const second = await listen(service, events(stream));
    await fresh('7', [second], SOON_MS);
    await eventually('all are acknowledged', async () => (await taken(stream, service)).length === 0);
    expect(second.events.status().events).toMatchObject({ received: 3, applied: 1, refused: { malformed: 2 } });
  });

  it('delivers late what is added while it is away', async () => {
    const stream = `events-${randomUUID()}`;
    const proxy = await TcpProxy.start(feed.port);
    onTestFinished(() => proxy.stop());
    const [service] = serviceNames();
    const replica = await listen(service, { redis: { stream, connection: { url: proxy.url } } });
    await change('7', [replica]);
    proxy.cut();
    await add(stream, '{"tags":["user:7"]}');
    await fresh('7', [replica]);
    expect(replica.events.status().transports).toMatchObject([
      { transport: 'redis-stream', reach: 'one', connected: true, gaps: 1, onGap: 'nothing' },
    ]);
  });

  it('that is gone, group and all, is made anew: everything expires, and what comes next is applied', async () => {
    const stream = `events-${randomUUID()}`;
    const [service] = serviceNames();
    const replicas = await Promise.all([listen(service, events(stream)), listen(service, events(stream))]);
    await change('7', replicas);
    // whatever was in it is lost; what is added before the group is there again is not
    const script = `redis.call('FLUSHALL') redis.call('XADD', KEYS[1], '*', 'event', '["user:any"]')`;
    await feed.command('EVAL', script, 1, stream);
    await fresh('7', replicas);
    await eventually('what was added at once is applied', () => sumOf(replicas, 'applied') === 1);
    await change('8', replicas);
    await add(stream, '{"tags":["user:8"]}');
    await fresh('8', replicas, SOON_MS);
    expect(sumOf(replicas, 'received')).toBe(2);
  });

  it('has another process apply what one took that was killed', async () => {
    const stream = `events-${randomUUID()}`;
    const [service] = serviceNames();
    const cache = { namespace: service, redis: { url: redis.url }, caches: { users: {} }, ttl: '1h' } as const;
    const victim = await ForkedListener.start({ sourceUrl: redis.url, cache, events: events(stream) });
    await eventually('it waits for an event', async () =>
      /flags=\S*b\S* .*cmd=xreadgroup/.test(String(await feed.command('CLIENT', 'LIST'))),
    );
    // it stands still while it waits, so that what is added is taken by it and not applied
    victim.freeze();
    const id = await add(stream, '{"id":"left","tags":["user:7"]}');
    const [[, owner]] = (await eventually('it has taken it', async () => {
      const items = (await taken(stream, service)) as [string, string][];
      return items.length > 0 && items;
    })) as [[string, string]];
    const survivor = await listen(service, events(stream));
    await change('7', [survivor]);
    await victim.kill();
    expect(survivor.events.status().events.received).toBe(0);
    // 15 seconds later, without waiting for them
    await feed.command('XCLAIM', stream, service, owner, '0', id, 'IDLE', '15000', 'JUSTID');
    await fresh('7', [survivor]);
    await eventually('it is acknowledged', async () => (await taken(stream, service)).length === 0);
    expect(survivor.events.status().events).toMatchObject({ received: 1, applied: 1 });
  });
});
