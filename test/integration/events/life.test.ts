import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Module, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule, type ClientProxy, type MicroserviceOptions } from '@nestjs/microservices';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Cacheable, CacheModule } from 'nestjs-hybrid-cache';
import { CacheEvents, CacheEventsModule } from 'nestjs-hybrid-cache/events';
import { ForkedListener } from '../../support/processes/forked-listeners.js';
import { eventually } from '../../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../../support/servers/redis-server.js';
import { BROKERS, type Broker, type BrokerKind, type Reach } from './brokers.js';
import { printedClients, printedServer } from './printed-configuration.js';

/** The rows that are cached, by id. */
const rows = new Map<string, string>();
const ROWS = Symbol('rows');

let redis: RedisServer;
let brokers: ReadonlyMap<BrokerKind, Broker>;
beforeAll(async () => {
  const starting = BROKERS.map(async (kind) => [kind, await kind.start(1)] as const);
  [redis, brokers] = await Promise.all([startRedis(), Promise.all(starting).then((started) => new Map(started))]);
});
afterAll(async () => {
  await Promise.all([redis?.stop(), ...[...(brokers?.values() ?? [])].map(async (broker) => broker.stop())]);
});

@Injectable()
class Reader {
  constructor(@Inject(ROWS) private readonly source: ReadonlyMap<string, string>) {}

  @Cacheable({ cache: 'users', key: (id: string) => id, tags: (id: string) => [`user:${id}`] })
  async user(id: string): Promise<string> {
    return this.source.get(id)!;
  }
}

/** Part of an application that takes its time to end. */
@Injectable()
class Slow implements OnModuleInit, BeforeApplicationShutdown {
  state: 'created' | 'initialised' | 'ending' = 'created';
  /** Until when it takes. */
  until: Promise<void> | undefined;

  onModuleInit(): void {
    this.state = 'initialised';
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.state = 'ending';
    await this.until;
  }
}

const cacheOf = (service: string) =>
  ({ namespace: service, redis: { url: redis.url, commandTimeout: '2s' }, ttl: '1h', caches: { users: {} } }) as const;

/** A process of a service. What a new one makes expire at its start would hide what is tested here. */
function processOf(service: string, kind: BrokerKind, reach: Reach): new () => object {
  class ProcessModule {}
  Module({
    imports: [
      CacheModule.forRoot(cacheOf(service)),
      CacheEventsModule.forRoot({ ...kind.events?.(reach, service), onGap: 'nothing' }),
    ],
    providers: [Reader, Slow, { provide: ROWS, useValue: rows }],
  })(ProcessModule);
  return ProcessModule;
}

async function publisherOver(kind: BrokerKind, broker: Broker): Promise<CacheEvents> {
  class PublisherModule {}
  const clients = printedClients(kind.page, broker.names(0));
  Module({ imports: [ClientsModule.register(clients), CacheEventsModule.forRoot({ clients: ['EVENTS'] })] })(
    PublisherModule,
  );
  const app = await NestFactory.createApplicationContext(PublisherModule, { logger: false, abortOnError: false });
  onTestFinished(async () => app.close());
  await app.get<ClientProxy>('EVENTS', { strict: false }).connect();
  return app.get(CacheEvents);
}

/** What the page says for a process of a service. */
function serverOf(kind: BrokerKind, reach: Reach, service: string): MicroserviceOptions {
  const heading = reach === 'everyone' ? 'Every process' : 'One process of each service';
  const server = printedServer(kind.page, heading, { ...brokers.get(kind)!.names(0), service, process: 0 })!;
  return kind.adapt?.(server) ?? server;
}

describe.each(BROKERS.map((kind) => ({ kind, name: kind.name })))('events over $name', ({ kind }) => {
  it('are applied before an application is initialised, and while it ends', async () => {
    const reach = kind.reaches[0]!;
    const broker = brokers.get(kind)!;
    const service = `late-${randomUUID()}`;
    // one that is told, and one that only shares a Redis with it, by which can be seen what it did
    const told = await NestFactory.create(processOf(service, kind, reach), { logger: false, abortOnError: false });
    told.connectMicroservice(serverOf(kind, reach, service));
    await told.startAllMicroservices();
    const other = await NestFactory.createApplicationContext(processOf(service, kind, reach), { logger: false });
    let end = (): void => undefined;
    let closing: Promise<void> | undefined;
    onTestFinished(async () => {
      end();
      await Promise.all([closing ?? told.close(), other.close()]);
    });
    const [events, slow, reader] = [told.get(CacheEvents), told.get(Slow), other.get(Reader)];
    const publisher = await publisherOver(kind, broker);
    const change = async (id: string): Promise<void> => {
      rows.set(id, 'old');
      expect(await reader.user(id)).toBe('old');
      rows.set(id, 'new');
    };
    const fresh = async (id: string): Promise<unknown> =>
      eventually(`${id} is fresh`, async () => (await reader.user(id)) === 'new', { everyMs: 2 });

    // a subscription may be a moment late, and a group is
    await eventually(
      'it gets events',
      async () => {
        await publisher.invalidate({ tags: ['user:warm'] });
        return events.status().events.applied > 0;
      },
      { withinMs: 40_000, everyMs: 100 },
    );
    await change('early');
    expect(await publisher.invalidate({ tags: ['user:early'] })).toMatchObject({ status: 'emitted' });
    await fresh('early');
    expect(slow.state).toBe('created');

    await told.init();
    slow.until = new Promise((resolve) => (end = resolve));
    closing = told.close();
    await eventually('it ends', () => slow.state === 'ending');
    await change('late');
    expect(await publisher.invalidate({ tags: ['user:late'] })).toMatchObject({ status: 'emitted' });
    await fresh('late');
    expect(slow.state).toBe('ending');
    end();
    await closing;
    const { received, applied, duplicates, underWay } = events.status().events;
    expect([received, underWay]).toEqual([applied + duplicates, 0]);
  });
});

/** Those that deliver again what nobody has acknowledged, or where a group goes on where it was. */
const REDELIVERING = BROKERS.filter(({ keeps, reaches }) => reaches.includes('one') && keeps('one'));

describe.each(REDELIVERING.map((kind) => ({ kind, name: kind.name })))('events over $name', ({ kind }) => {
  it('that a process took and didn’t apply before it was killed are applied by another', async () => {
    const service = `killed-${randomUUID()}`;
    const transport = serverOf(kind, 'one', service);
    const events = { ...kind.events?.('one', service), onGap: 'nothing' } as const;
    const victim = await ForkedListener.start({ sourceUrl: redis.url, cache: cacheOf(service), events, transport });
    const survivor = await NestFactory.create(processOf(service, kind, 'one'), { logger: false, abortOnError: false });
    let closing: Promise<void> | undefined;
    onTestFinished(async () => closing ?? survivor.close());
    survivor.connectMicroservice(transport);
    await survivor.startAllMicroservices();
    await survivor.init();
    const publisher = await publisherOver(kind, brokers.get(kind)!);
    const received = async (): Promise<[number, number]> => {
      const other = await victim.call('status');
      return [survivor.get(CacheEvents).status().events.received, other.events.received];
    };
    await eventually(
      'both get events',
      async () => {
        await publisher.invalidate({ tags: ['user:warm'] });
        return (await received()).every((count) => count > 0);
      },
      { withinMs: 40_000, everyMs: 100 },
    );

    const reader = survivor.get(Reader);
    const ids = Array.from({ length: 20 }, (_, index) => `killed-${index}`);
    for (const id of ids) {
      rows.set(id, 'old');
      await reader.user(id);
      rows.set(id, 'new');
    }
    victim.freeze();
    for (const id of ids) await publisher.invalidate({ tags: [`user:${id}`] });
    const read = async (): Promise<string[]> => Promise.all(ids.map(async (id) => reader.user(id)));
    await eventually('one has applied its part', async () => (await read()).includes('new'));
    // the others are with the one that stands still
    expect(await read()).toContain('old');
    await victim.kill();
    await eventually('all are applied', async () => !(await read()).includes('old'), { withinMs: 40_000 });

    await eventually('none is under way', () => survivor.get(CacheEvents).status().events.underWay === 0);
    closing = survivor.close();
    await closing;
    // what isn't acknowledged would come again
    expect((await brokers.get(kind)!.waiting?.(service)) ?? 0).toBe(0);
  });
});
