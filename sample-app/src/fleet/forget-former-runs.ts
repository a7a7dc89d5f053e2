import { NestFactory } from '@nestjs/core';
import { CacheModule, CacheService } from 'nestjs-hybrid-cache';
import { cacheOptions } from '../cache.options.js';

/** The rows are made anew for each run, and a Redis may remember other ones. */
export async function forgetFormerRuns(url: string): Promise<void> {
  const cache = CacheModule.forRoot({ namespace: cacheOptions.namespace, redis: { url, required: true } });
  const app = await NestFactory.createApplicationContext(cache, { logger: ['error', 'warn'] });
  try {
    await app.get(CacheService).clear();
  } finally {
    await app.close();
  }
}
