import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

// Another build can be measured with `--package DIR`, to compare a change.
const root = process.env.BENCH_PACKAGE ?? new URL('../..', import.meta.url).pathname;
export const { Cacheable, CacheModule, CacheService, CacheWarmer, InjectCache } = await import(
  `${root}/dist/esm/index.js`
);

/** Applies a method decorator as the TypeScript compiler does. */
function decorate(prototype, name, decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  for (const decorator of decorators) decorator(prototype, name, descriptor);
  Object.defineProperty(prototype, name, descriptor);
}

/** Beside the cache, where something is measured that needs it. */
export const loadMetricsModule = async () => (await import(`${root}/dist/esm/metrics/index.js`)).CacheMetricsModule;

/** A real application with one provider whose `find` is decorated. */
export async function startShop({ module = {}, imports = [], find, cacheable, inject, warmer }) {
  class Users {}
  Object.defineProperty(Users.prototype, 'find', { value: find, writable: true, configurable: true });
  if (cacheable !== undefined) decorate(Users.prototype, 'find', [Cacheable(cacheable)]);
  if (warmer !== undefined) {
    const { list, ...options } = warmer;
    Object.defineProperty(Users.prototype, 'warm', { value: list, writable: true, configurable: true });
    decorate(Users.prototype, 'warm', [CacheWarmer({ warms: 'find', ...options })]);
  }
  if (inject !== undefined) InjectCache(inject)(Users.prototype, 'handle');
  Injectable()(Users);
  class ShopModule {}
  Module({ imports: [CacheModule.forRoot(module), ...imports], providers: [Users] })(ShopModule);
  const app = await NestFactory.createApplicationContext(ShopModule, { logger: ['error', 'warn'] });
  return { app, users: app.get(Users), cache: app.get(CacheService) };
}
