import type { AddressInfo } from 'node:net';
import { Module, type INestApplication, type INestApplicationContext, type Type } from '@nestjs/common';
import { APP_INTERCEPTOR, NestFactory } from '@nestjs/core';
import { ClientProxyFactory, type ClientProxy } from '@nestjs/microservices';
import { lastValueFrom, timeout, toArray } from 'rxjs';
import { CacheInterceptor, CacheModule, CacheService } from 'nestjs-hybrid-cache';
import { eventually } from '../../support/servers/eventually.js';
import { handlersOf, Log, messagesOf, Pages } from './handlers.js';
import type { Line, TransportKind } from './transports.js';

/** How an application listens to messages: it does nothing else, it is an HTTP server as well, or it caches nothing. */
export type Manner = 'pure' | 'hybrid' | 'disabled';

const PATIENCE_MS = 15_000;

/** An application on a transport, and a client that talks to it. */
export class Stage {
  readonly log: Log;
  readonly #cache: CacheService;

  private constructor(
    private readonly kind: TransportKind,
    private readonly name: string,
    private readonly app: INestApplicationContext,
    private readonly client: ClientProxy,
  ) {
    this.log = app.get(Log);
    this.#cache = app.get(CacheService);
  }

  static async start(kind: TransportKind, manner: Manner, line: Line, name: string): Promise<Stage> {
    const handlers = handlersOf(kind, name);
    const client = ClientProxyFactory.create(line.client);
    const [app] = await Promise.all([
      applicationOf(manner, line, handlers),
      kind.prepare?.(client, messagesOf(kind, name, handlers)),
    ]);
    await client.connect();
    return new Stage(kind, name, app, client);
  }

  /** All values of the answer, in order. */
  async valuesOf(handler: string, data: unknown): Promise<unknown[]> {
    return lastValueFrom(this.client.send(this.#pattern(handler), data).pipe(toArray(), timeout(PATIENCE_MS)));
  }

  /** The one value of the answer. */
  async ask<Answer = unknown>(handler: string, data: unknown): Promise<Answer> {
    const values = await this.valuesOf(handler, data);
    if (values.length !== 1) throw new Error(`${values.length} values: ${JSON.stringify(values)}`);
    return values[0] as Answer;
  }

  async tell(event: string, data: unknown): Promise<void> {
    await lastValueFrom(this.client.emit(this.#pattern(event), data), { defaultValue: undefined });
  }

  /** What a handler answers with an error. */
  async failureOf(handler: string, data: unknown): Promise<unknown> {
    return this.valuesOf(handler, data).then(
      (values) => ({ unexpected: values }),
      (error: unknown) => error,
    );
  }

  /** What many get who ask the same at once: the one value of their answers, or their errors. */
  async crowd(count: number, handler: string, data: unknown): Promise<unknown[]> {
    const askers = () =>
      Array.from({ length: count }, async () => this.ask(handler, data).catch((error: unknown) => error));
    const { sent } = this.kind;
    if (sent === undefined) return Promise.all(askers());
    // it takes in only what is there when it looks, and it looks again when all of that has been answered
    const first = `before ${JSON.stringify(data)}`;
    const { promise, resolve } = withResolvers();
    this.log.gate = promise;
    try {
      const before = await sent(this.client, this.#pattern(handler));
      const asked = this.ask('plain', { id: first });
      await eventually('the first has arrived', () => this.log.arrivalsOf(first) === 1);
      const all = Promise.all(askers());
      await eventually(
        'all are sent',
        async () => (await sent(this.client, this.#pattern(handler))) === before + count,
      );
      resolve();
      await asked;
      return await all;
    } finally {
      this.log.gate = undefined;
      resolve();
    }
  }

  /** Of the HTTP server of a hybrid application. */
  get url(): string {
    const server = (this.app as INestApplication).getHttpServer();
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  statistics() {
    return this.#cache.status().caches;
  }

  /** @throws when something is still under way, or a read wasn't counted once */
  async stop(): Promise<void> {
    await this.client.close();
    const { flights, background, caches } = this.#cache.status();
    await this.app.close();
    if (flights + background > 0) throw new Error(`${flights} flights and ${background} pieces of work are left`);
    for (const [name, { hits, misses, reads }] of Object.entries(caches)) {
      if (hits + misses !== reads) throw new Error(`${name}: ${hits} hits + ${misses} misses are not ${reads} reads`);
    }
  }

  #pattern(handler: string): string {
    return this.kind.pattern(this.name, ...handler.split(' '));
  }
}

async function applicationOf(manner: Manner, { server }: Line, handlers: Type): Promise<INestApplicationContext> {
  const logs = { logger: false, abortOnError: false } as const;
  if (manner !== 'hybrid') {
    const app = await NestFactory.createMicroservice(moduleOf(manner, [handlers]), { ...server, ...logs });
    await app.listen();
    return app;
  }
  const app = await NestFactory.create(moduleOf(manner, [handlers, Pages]), logs);
  // nothing of `inheritAppConfig`, with which interceptors of the whole application would see messages
  app.connectMicroservice(server);
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  return app;
}

function moduleOf(manner: Manner, controllers: Type[]): Type {
  class AppModule {}
  Module({
    imports: [manner === 'disabled' ? CacheModule.disabled() : CacheModule.forRoot({ ttl: '1h' })],
    controllers,
    providers: [Log, { provide: APP_INTERCEPTOR, useClass: CacheInterceptor }],
  })(AppModule);
  return AppModule;
}

/** @see Promise.withResolvers, which Node 20 hasn't got */
function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
