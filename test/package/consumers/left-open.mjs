// An application that is never closed: nothing of the cache may keep its process alive.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CacheModule, CacheService } from 'nestjs-hybrid-cache';

class AppModule {}
Module({ imports: [CacheModule.forRoot({ caches: { users: {} } })] })(AppModule);

const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
await app.get(CacheService).getOrLoad('users', '1', () => 'value');
process.stdout.write('left open\n');
