// One of the processes of the distributed shop: the gateway, or one of the services.
import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport } from '@nestjs/microservices';
import { CacheService } from 'nestjs-hybrid-cache';
import { CacheEvents, CacheOutbox } from 'nestjs-hybrid-cache/events';
import type { Server } from 'node:http';
import { closeWithParent } from '../child-process.js';
import { QueryCounter } from '../database/query-counter.js';
import { KEEP_ALIVE_MS } from '../keep-alive.js';
import { listenerTo } from './transports.js';
import type { MemberStatus } from './member-status.js';
import { RoleModule } from './role.module.js';
import { WITH_OUTBOX, type RoleOptions } from './roles.js';

const HOST = '127.0.0.1';
const LOGGER = { logger: ['error' as const, 'warn' as const] };
const options = JSON.parse(process.argv[2] ?? '') as RoleOptions;

/** Takes HTTP, asks the services over TCP, and hears of what they change. */
async function openGateway({ port, broker }: RoleOptions): Promise<INestApplicationContext> {
  const app = await NestFactory.create(RoleModule.forRoot(options), LOGGER);
  if (broker !== null) app.connectMicroservice(listenerTo(broker));
  await app.startAllMicroservices();
  await app.listen(port, HOST);
  (app.getHttpServer() as Server).keepAliveTimeout = KEEP_ALIVE_MS;
  return app;
}

/** Answers over TCP. It caches nothing of others, and so it only tells. */
async function openService({ port }: RoleOptions): Promise<INestApplicationContext> {
  const transport = { transport: Transport.TCP as const, options: { host: HOST, port } };
  const app = await NestFactory.createMicroservice(RoleModule.forRoot(options), { ...transport, ...LOGGER });
  await app.listen();
  return app;
}

const { role, broker } = options;
const opening = role === 'gateway' ? openGateway(options) : openService(options);
closeWithParent(opening);

const app = await opening;
process.on('message', () => {
  const status: MemberStatus = {
    queries: app.get(QueryCounter).count,
    cache: app.get(CacheService).status(),
    ...(broker !== null && { events: app.get(CacheEvents).status() }),
    ...(broker !== null && role === WITH_OUTBOX && { outbox: app.get(CacheOutbox).status() }),
  };
  process.send?.(status);
});
process.send?.('ready');
