import { Controller, Get } from '@nestjs/common';
import { CacheService, type CacheStatus } from 'nestjs-hybrid-cache';
import { QueryCounter } from '../database/query-counter.js';

export interface ShopStatus {
  /** SQL statements sent by this process. */
  queries: number;
  cache: CacheStatus;
}

@Controller('status')
export class StatusController {
  constructor(
    private readonly cache: CacheService,
    private readonly queries: QueryCounter,
  ) {}

  @Get()
  status(): ShopStatus {
    return { queries: this.queries.count, cache: this.cache.status() };
  }
}
