// A process of a service that caches and listens to events, as a test forks it.
import 'reflect-metadata';
import { Injectable, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { Cacheable, CacheModule } from 'nestjs-hybrid-cache';
import { CacheEvents, CacheEventsModule } from 'nestjs-hybrid-cache/events';
import { answerTo } from './answering.js';
import type { ListenerCalls } from './forked-listeners.js';

let app: INestApplication;
let source: Redis;

@Injectable()
class Reader {
  @Cacheable({ cache: 'users', key: (id: string) => id, tags: (id: string) => [`user:${id}`] })
  async user(id: string): Promise<string | null> {
    return source.get(`row:${id}`);
  }
}

const calls: ListenerCalls = {
  async open({ sourceUrl, cache, events, transport }) {
    source = new Redis(sourceUrl);
    class ListenerModule {}
    Module({
      imports: [CacheModule.forRoot(cache), CacheEventsModule.forRoot(events)],
      providers: [Reader],
    })(ListenerModule);
    app = await NestFactory.create(ListenerModule, { logger: false, abortOnError: false });
    if (transport !== undefined) app.connectMicroservice(transport);
    await app.startAllMicroservices();
    await app.init();
  },
  read: async (id) => app.get(Reader).user(id),
  status: async () => Promise.resolve(app.get(CacheEvents).status()),
};

answerTo(calls);
