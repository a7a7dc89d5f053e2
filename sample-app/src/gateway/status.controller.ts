import { Controller, Get } from '@nestjs/common';
import { CacheService } from 'nestjs-hybrid-cache';
import { QueryCounter } from '../database/query-counter.js';

@Controller('status')
export class StatusController {
  constructor(
    private readonly cache: CacheService,
    private readonly queries: QueryCounter,
  ) {}

  @Get()
  status(): object {
    return { queries: this.queries.count, cache: this.cache.status() };
  }
}
