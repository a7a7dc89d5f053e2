import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { redisAddress } from './redis.mjs';

const root = process.env.BENCH_PACKAGE ?? new URL('../..', import.meta.url).pathname;

function decorate(prototype, name, decorator) {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  decorator(prototype, name, descriptor);
  Object.defineProperty(prototype, name, descriptor);
}

/** An application whose users are read many at a time, in one of four ways; over Redis, or in memory alone. */
export async function startBatchShop({ source, memory, way, nested = true }) {
  const { Cacheable, CacheableMany, CacheModule, CacheService } = await import(`${root}/dist/esm/index.js`);
  class Users {
    findMany(ids) {
      return source.many(ids);
    }
    async findOne(id) {
      return (await this.findMany([id]))[0];
    }
  }
  const key = (user) => user.id;
  if (way === 'decorated') decorate(Users.prototype, 'findMany', CacheableMany({ cache: 'users', key }));
  if (way === 'auto') {
    const options = { cache: 'users', key: (id) => id, autoBatch: { load: 'findMany', key } };
    decorate(Users.prototype, 'findOne', Cacheable(options));
  }
  Injectable()(Users);
  class ShopModule {}
  const store = memory ? {} : { redis: redisAddress(), memory: false };
  const options = { namespace: 'bench', ...store, nested, caches: { users: {} } };
  Module({ imports: [CacheModule.forRoot(options)], providers: [Users] })(ShopModule);
  const app = await NestFactory.createApplicationContext(ShopModule, { logger: ['error', 'warn'] });
  const [users, cache] = [app.get(Users), app.get(CacheService)];
  const ways = {
    many: (ids) => cache.getOrLoadMany('users', ids, source.many),
    decorated: (ids) => users.findMany(ids),
    auto: (ids) => Promise.all(ids.map((id) => users.findOne(id))),
    'one by one': (ids) => Promise.all(ids.map((id) => cache.getOrLoad('users', id, () => source.one(id)))),
  };
  return { read: ways[way] };
}
