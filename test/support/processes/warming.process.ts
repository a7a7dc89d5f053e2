// A process of an application that warms, as a test forks it.
import 'reflect-metadata';
import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { Cacheable, CacheModule, CacheService, CacheWarmer, CacheWarmup } from 'nestjs-hybrid-cache';
import { answerTo } from './answering.js';
import type { WarmingCalls } from './forked-warmers.js';

let source: Redis;
let app: INestApplicationContext | undefined;

/** What the class is told: decorators are read when it is made. */
type How = Parameters<WarmingCalls['open']>[0];

function classFor({ others, hold = false, keys, loadMs, on = 'start', holdAtMost }: How) {
  @Injectable()
  class Products {
    @Cacheable({ cache: 'products', key: (id: number) => id })
    async find(id: number): Promise<string> {
      await source.incr(`loads:${id}`);
      await source.rpush('loaders', process.pid);
      while ((await source.get('gate')) === 'shut') await pause(10);
      await pause(loadMs);
      return `product ${id}`;
    }

    @CacheWarmer({ warms: 'find', on, concurrency: 2, others, hold, holdAtMost })
    async top(): Promise<number[]> {
      await source.incr('lists');
      return Array.from({ length: keys }, (_, index) => index + 1);
    }
  }
  return Products;
}

let find: (id: number) => Promise<string>;

const calls: WarmingCalls = {
  async open(how) {
    source = new Redis(how.sourceUrl);
    const Products = classFor(how);
    class AppModule {}
    Module({ imports: [CacheModule.forRoot(how.options)], providers: [Products] })(AppModule);
    app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
    find = async (id) => app!.get(Products).find(id);
    return process.pid;
  },
  find: async (id) => find(id),
  ready: async () => app!.get(CacheWarmup).ready,
  status: async () => Promise.resolve(app!.get(CacheWarmup).status()),
  cache: async () => Promise.resolve(app!.get(CacheService).status().caches.products!),
  clear: async () => void (await app!.get(CacheService).clear('products')),
  close: async () => app!.close(),
};

answerTo(calls);
