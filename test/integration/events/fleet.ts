import {
  Controller,
  Inject,
  Injectable,
  Module,
  type INestApplication,
  type INestApplicationContext,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule, EventPattern, Payload, type ClientProxy } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { Cacheable, CacheModule } from 'nestjs-hybrid-cache';
import { CacheEvents, CacheEventsModule, InvalidateOn, type CacheEventsOptions } from 'nestjs-hybrid-cache/events';
import { eventually } from '../../support/servers/eventually.js';
import type { Broker, BrokerKind, Reach } from './brokers.js';
import { printedClients, printedServer } from './printed-configuration.js';

export const SECRET = 'a secret of the whole fleet';
const SERVICES = 2;
const REPLICAS = 2;

/** What is cached: versions of things. */
export class Source {
  readonly #versions = new Map<string, number>();

  versionOf(id: string): number {
    return this.#versions.get(id) ?? 0;
  }

  change(id: string): void {
    this.#versions.set(id, this.versionOf(id) + 1);
  }
}

/** What handlers of the application itself were called with. */
export class OwnHandlers {
  readonly seen: unknown[] = [];
}

interface UserUpdated {
  readonly type: string;
  readonly userId: number;
}

@Injectable()
@InvalidateOn('user.updated', ({ userId }: UserUpdated) => [`user:${userId.toFixed()}`])
class Reader {
  constructor(@Inject(Source) private readonly source: Source) {}

  @Cacheable({ cache: 'users', key: (id: string) => id, tags: (id: string) => [`user:${id}`] })
  async user(id: string): Promise<number> {
    return this.source.versionOf(id);
  }
}

/** Beside the handlers of the cache. */
@Controller()
class OwnController {
  constructor(@Inject(OwnHandlers) private readonly handlers: OwnHandlers) {}

  @EventPattern('user.updated')
  updated(@Payload() data: unknown): void {
    this.handlers.seen.push(data);
  }
}

export interface FleetOptions {
  readonly kind: BrokerKind;
  readonly reach: Reach;
  readonly broker: Broker;
  readonly redisUrl: string;
}

let fleets = 0;

/** One process of a service. */
export class Replica {
  private constructor(
    readonly service: string,
    readonly process: number,
    readonly app: INestApplication,
  ) {}

  static async start(service: string, options: FleetOptions, source: Source, number: number): Promise<Replica> {
    const { kind, reach, broker, redisUrl } = options;
    const heading = reach === 'everyone' ? 'Every process' : 'One process of each service';
    const server = printedServer(kind.page, heading, { ...broker.names(number), service, process: number });
    class ReplicaModule {}
    Module({
      imports: [
        CacheModule.forRoot({
          namespace: service,
          redis: { url: redisUrl, commandTimeout: '2s' },
          ttl: '1h',
          caches: { users: {} },
        }),
        CacheEventsModule.forRoot({ secret: SECRET, ...kind.events?.(reach, service) }),
      ],
      controllers: [OwnController],
      providers: [Reader, OwnHandlers, { provide: Source, useValue: source }],
    })(ReplicaModule);
    const app = await NestFactory.create(ReplicaModule, { logger: false, abortOnError: false });
    app.connectMicroservice(kind.adapt?.(server!) ?? server!);
    await app.startAllMicroservices();
    await app.init();
    return new Replica(service, number, app);
  }

  get events(): CacheEvents {
    return this.app.get(CacheEvents);
  }

  get ownHandlers(): OwnHandlers {
    return this.app.get(OwnHandlers);
  }

  async read(id: string): Promise<number> {
    return this.app.get(Reader).user(id);
  }
}

/** Two services of two processes each, over one broker and one Redis, and somebody who tells them. */
export class Fleet {
  private constructor(
    private readonly options: FleetOptions,
    readonly source: Source,
    readonly replicas: readonly Replica[],
    private readonly publisher: INestApplicationContext,
    private readonly clients: readonly string[],
  ) {}

  static async start(options: FleetOptions): Promise<Fleet> {
    const name = `f${++fleets}`;
    const source = new Source();
    const services = Array.from({ length: SERVICES }, (_, index) => `${name}-service${index}`);
    const starting = services.flatMap((service, index) =>
      Array.from({ length: REPLICAS }, (_, replica) =>
        Replica.start(service, options, source, index * REPLICAS + replica),
      ),
    );
    const replicas = await Promise.all(starting);
    const { publisher, clients } = await publisherOf(options, { secret: SECRET });
    return new Fleet(options, source, replicas, publisher, clients);
  }

  get events(): CacheEvents {
    return this.publisher.get(CacheEvents);
  }

  /** The services, each with its processes. */
  get services(): Replica[][] {
    const names = [...new Set(this.replicas.map(({ service }) => service))];
    return names.map((name) => this.replicas.filter(({ service }) => service === name));
  }

  /** Whether everything that was sent has arrived, as far as the broker knows. */
  async isCaughtUp(): Promise<boolean> {
    const { broker, reach } = this.options;
    return (await broker.isCaughtUp?.(this.replicas, reach)) ?? true;
  }

  /** How many processes of a service get an event. */
  get reached(): number {
    return this.options.reach === 'everyone' ? REPLICAS : 1;
  }

  /** Sends anything, past everything that would check it. */
  async sendRaw(pattern: string, data: unknown): Promise<void> {
    for (const client of this.clients) {
      const proxy = this.publisher.get<ClientProxy>(client, { strict: false });
      await lastValueFrom(proxy.emit(pattern, data), { defaultValue: undefined });
    }
  }

  /** What the processes of each service have counted, together. */
  counts() {
    return this.services.map((replicas) => {
      const all = replicas.map(({ events }) => events.status());
      const sum = (of: (status: (typeof all)[number]) => number): number =>
        all.reduce((total, status) => total + of(status), 0);
      return {
        received: sum(({ events }) => events.received),
        applied: sum(({ events }) => events.applied),
        duplicates: sum(({ events }) => events.duplicates),
        failed: sum(({ events }) => events.failed + events.irrelevant + events.queued),
        underWay: sum(({ events }) => events.underWay),
        domain: sum(({ domain }) => domain.applied),
        domainReceived: sum(({ domain }) => domain.received),
        malformed: sum(({ events }) => events.refused.malformed),
        foreign: sum(({ events }) => events.refused.foreign),
        oversized: sum(({ events }) => events.refused.oversized),
        unsigned: sum(({ events }) => events.refused.unsigned),
        forged: sum(({ events }) => events.refused.forged),
        expired: sum(({ events }) => events.refused.expired),
        gaps: sum(({ transports }) => transports.reduce((total, { gaps }) => total + gaps, 0)),
      };
    });
  }

  /** Until each service has counted so much more than it had. */
  async counted(
    before: ReturnType<Fleet['counts']>,
    more: Partial<ReturnType<Fleet['counts']>[number]>,
  ): Promise<void> {
    const wanted = before.map((counts) =>
      Object.fromEntries(Object.entries(more).map(([name, by]) => [name, counts[name as keyof typeof counts] + by])),
    );
    await eventually(
      `each service counts ${JSON.stringify(more)} more`,
      () => {
        const now = this.counts();
        const is = wanted.every((counts, index) =>
          Object.entries(counts).every(([name, value]) => now[index]![name as keyof (typeof now)[number]] === value),
        );
        if (!is) throw new Error(`${JSON.stringify(now)} after ${JSON.stringify(before)}`);
        return is;
      },
      { withinMs: 40_000, everyMs: 1 },
    );
  }

  /** So that every process has something that can get old. */
  async readEverywhere(id: string): Promise<void> {
    for (const replica of this.replicas) await replica.read(id);
  }

  /** Until every process answers with the newest; says how long that took. */
  async freshEverywhere(...ids: string[]): Promise<number> {
    const begun = performance.now();
    for (const id of ids) {
      for (const [index, replica] of this.replicas.entries()) {
        await eventually(
          `process ${index} answers with the newest of ${id}`,
          async () => (await replica.read(id)) === this.source.versionOf(id),
          { everyMs: 1, withinMs: 60_000 },
        );
      }
    }
    return performance.now() - begun;
  }

  async stop(): Promise<void> {
    await this.publisher.close();
    await Promise.all(this.replicas.map(async ({ app }) => app.close()));
  }
}

/** A service that caches nothing and only tells others. */
async function publisherOf({ kind, broker }: FleetOptions, events: CacheEventsOptions) {
  // without a broker there is one client for each service, to one of its processes
  const targets = kind.name === 'tcp' ? Array.from({ length: SERVICES }, (_, index) => index * REPLICAS) : [0];
  const registered = targets.flatMap((target) => {
    const printed = printedClients(kind.page, broker.names(target)) as { name: string }[];
    return printed.map((client) => ({ ...client, name: `${client.name}-${target}` }));
  });
  const clients = registered.map(({ name }) => name);
  class PublisherModule {}
  Module({
    imports: [
      ClientsModule.register(registered as Parameters<typeof ClientsModule.register>[0]),
      CacheEventsModule.forRoot({ ...events, source: 'publisher', clients }),
    ],
  })(PublisherModule);
  const publisher = await NestFactory.createApplicationContext(PublisherModule, { logger: false, abortOnError: false });
  await Promise.all(clients.map((name) => publisher.get<ClientProxy>(name, { strict: false }).connect()));
  return { publisher, clients };
}
