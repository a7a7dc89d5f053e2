import { Injectable } from '@nestjs/common';
import { CacheService, CacheSink, type SinkWrite, type WriteSink } from 'nestjs-hybrid-cache';
import { viewCount } from '../catalogue/views.contract.js';
import { ViewsByHand } from './views-by-hand.js';
import { ViewsClient } from './views.client.js';

/** Where counts end up: the newest of each row, many rows at a time. */
@Injectable()
@CacheSink('views')
export class ViewsSink implements WriteSink<number> {
  constructor(
    private readonly views: ViewsClient,
    private readonly byHand: ViewsByHand,
    private readonly cache: CacheService,
  ) {}

  async write(writes: readonly SinkWrite<number>[]): Promise<void> {
    const counts = writes.map(({ key, value }) => viewCount(key, value));
    if (this.cache.status().enabled) await this.views.save(counts);
    else this.byHand.keep(counts);
  }
}
