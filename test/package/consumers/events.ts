// Two services that are told of each other's changes, over TCP; compiled and run as they are.
// Prints one line of JSON when everything held.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { Injectable, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule, Transport, type ClientProxy } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { Cacheable, CacheEvict, CacheModule } from 'nestjs-hybrid-cache';
import { CacheEvents, CacheEventsModule, InvalidateOn } from 'nestjs-hybrid-cache/events';

let loads = 0;

@Injectable()
@InvalidateOn('user.updated', (event: { userId: number }) => [`user:${event.userId}`])
class Reader {
  @Cacheable({ tags: (id: number) => [`user:${id}`] })
  async user(_id: number): Promise<number> {
    return ++loads;
  }
}

@Injectable()
class Writer {
  @CacheEvict({ tags: (id: number) => [`user:${id}`], emit: true })
  async rename(_id: number): Promise<void> {}
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

async function reader(port: number): Promise<INestApplication> {
  @Module({ imports: [CacheModule.forRoot(), CacheEventsModule.forRoot()], providers: [Reader] })
  class ReaderModule {}
  const app = await NestFactory.create(ReaderModule, { logger: ['error'] });
  app.connectMicroservice({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
  await app.startAllMicroservices();
  await app.init();
  return app;
}

async function main(): Promise<void> {
  const port = await freePort();
  const options = { host: '127.0.0.1', port };
  @Module({
    imports: [
      CacheModule.forRoot(),
      ClientsModule.register([{ name: 'READER', transport: Transport.TCP, options }]),
      CacheEventsModule.forRootAsync({ useFactory: async () => ({ clients: ['READER'] }) }),
    ],
    providers: [Writer],
  })
  class WriterModule {}

  const reading = await reader(port);
  const writing = await NestFactory.createApplicationContext(WriterModule, { logger: ['error'] });
  const users = reading.get(Reader);
  const events = reading.get(CacheEvents);
  let checks = 0;
  const isToldBy = async (what: string, tell: () => Promise<unknown>): Promise<void> => {
    const known = await users.user(7);
    assert.equal(await users.user(7), known, `${what}: it is cached`);
    await tell();
    for (let tries = 0; (await users.user(7)) === known; tries++) {
      assert.ok(tries < 500, `${what}: it is told`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    checks++;
  };
  await isToldBy('a decorator', () => writing.get(Writer).rename(7));
  const result = await writing.get(CacheEvents).invalidate({ tags: ['user:8'] });
  assert.equal(result.status, 'emitted');
  await isToldBy('a call', () => writing.get(CacheEvents).invalidate({ tags: ['user:7'] }));
  const client = writing.get<ClientProxy>('READER', { strict: false });
  await isToldBy('a domain event', () =>
    lastValueFrom(client.emit('user.updated', { type: 'UserUpdated', userId: 7 }), { defaultValue: undefined }),
  );
  assert.equal(events.status().events.applied, 3);
  assert.equal(events.status().domain.applied, 1);
  await writing.close();
  await reading.close();
  process.stdout.write(`${JSON.stringify({ checks, node: process.version })}\n`);
}

void main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
