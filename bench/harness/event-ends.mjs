// What `events` measures: what sends, and what listens, of the bare transport and of ours.
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxyFactory, ClientsModule, EventPattern, Transport } from '@nestjs/microservices';
import { randomUUID } from 'node:crypto';
import { lastValueFrom } from 'rxjs';
import { CacheModule, CacheService } from './ours.mjs';
import { redisAddress } from './redis.mjs';

const PATTERN = 'cache.invalidate';
const LOGGER = { logger: ['error', 'warn'] };
const root = process.env.BENCH_PACKAGE ?? new URL('../..', import.meta.url).pathname;
const { CacheEvents, CacheEventsModule } = await import(`${root}/dist/esm/events/index.js`);

const tagOf = (key) => `user:${key}`;
// one clock for all processes of a machine
const nowUs = () => Number(process.hrtime.bigint() / 1_000n);

/** For both ends alike. @param port where the listener is, for the transport that has no broker */
export const TRANSPORTS = {
  redis: () => ({ transport: Transport.REDIS, options: redisAddress() }),
  nats: () => ({
    transport: Transport.NATS,
    options: { servers: [`nats://127.0.0.1:${process.env.BENCH_NATS_PORT}`] },
  }),
  tcp: (port) => ({ transport: Transport.TCP, options: { host: '127.0.0.1', port } }),
};

/** `send(key)` says that what is told by the tag of the key has changed. */
export const SENDERS = {
  /** As large as what ours sends. */
  async raw(transport) {
    const client = ClientProxyFactory.create(transport);
    await client.connect();
    return (key) => {
      const event = { id: randomUUID(), source: 'bench', at: Date.now(), tags: [tagOf(key)] };
      return lastValueFrom(client.emit(PATTERN, event), { defaultValue: undefined });
    };
  },
  async ours(transport) {
    class Sender {}
    const clients = ClientsModule.register([{ name: 'EVENTS', ...transport }]);
    Module({ imports: [clients, CacheEventsModule.forRoot({ clients: ['EVENTS'], source: 'bench' })] })(Sender);
    const app = await NestFactory.createApplicationContext(Sender, LOGGER);
    const events = app.get(CacheEvents);
    return (key) => events.invalidate({ tags: [tagOf(key)] });
  },
};

/** `hold(key)` resolves when the old value is held, `seenAt()` when it is gone, µs, or undefined; `count()` what was applied, and how much of it waits for Redis. */
export const LISTENERS = {
  raw: listenRaw,
  memory: (transport) => listen(transport, {}),
  shared: (transport) => listen(transport, { redis: redisAddress() }),
};

/** A handler of Nest that does nothing but remember when it was called. */
async function listenRaw(transport) {
  let count = 0;
  let calledAt;
  class Handler {
    handle() {
      count++;
      calledAt = nowUs();
    }
  }
  EventPattern(PATTERN)(Handler.prototype, 'handle', Object.getOwnPropertyDescriptor(Handler.prototype, 'handle'));
  Controller()(Handler);
  class Listener {}
  Module({ controllers: [Handler] })(Listener);
  const app = await NestFactory.createMicroservice(Listener, { ...transport, ...LOGGER });
  await app.listen();
  const hold = async () => (calledAt = undefined);
  return { hold, seenAt: async () => calledAt, count: () => ({ applied: count }) };
}

/** A service that has the value in its memory, and reads it again and again. */
async function listen(transport, module) {
  class Listener {}
  const cache = CacheModule.forRoot({ namespace: 'bench', caches: { users: {} }, ...module });
  Module({ imports: [cache, CacheEventsModule.forRoot()] })(Listener);
  const app = await NestFactory.createMicroservice(Listener, { ...transport, ...LOGGER });
  await app.listen();
  const [users, events] = [app.get(CacheService), app.get(CacheEvents)];
  let loadedAt;
  let held;
  const load = async () => ({ loadedAt: (loadedAt = nowUs()) });
  const read = () => users.getOrLoad('users', held, load, { tags: [tagOf(held)] });
  const hold = async (key) => {
    held = key;
    await read();
    await read(); // from memory, and the closer look that a new entry gets once
    loadedAt = undefined;
  };
  const seenAt = async () => {
    await read();
    return loadedAt;
  };
  const count = () => {
    const { applied, queued } = events.status().events;
    return { applied: applied + queued, queued };
  };
  return { hold, seenAt, count };
}
