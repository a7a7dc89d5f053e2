// Leaves an entry and an invalidation in a Redis. Arguments: its address, the namespace.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CacheModule, CacheService } from 'nestjs-hybrid-cache';

const [url, namespace] = process.argv.slice(2);
class AppModule {}
Module({ imports: [CacheModule.forRoot({ namespace, redis: { url }, caches: { users: {} } })] })(AppModule);
const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
const cache = app.get(CacheService);
await cache.invalidate({ tags: ['team:1'] });
await cache.set('users', '7', 'Ada');
await app.close();
process.stdout.write('left\n');
