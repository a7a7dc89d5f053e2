import { Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { viewsKey, type ViewCount } from '../catalogue/views.contract.js';
import { ViewsClient } from './views.client.js';

const FLUSH_EVERY_MS = 1_000;

/**
 * What a shop does without write-behind, so that the run without the cache doesn't pay a statement for every view: counts
 * wait in the process and are written once a second. Those of a process that dies are lost.
 */
@Injectable()
export class ViewsByHand implements OnModuleInit, BeforeApplicationShutdown {
  private waiting: ViewCount[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly views: ViewsClient) {}

  onModuleInit(): void {
    this.timer = setInterval(() => void this.flush().catch(() => {}), FLUSH_EVERY_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flush().catch(() => {});
  }

  keep(counts: readonly ViewCount[]): void {
    this.waiting.push(...counts);
  }

  async flush(): Promise<void> {
    const counts = this.waiting;
    if (counts.length === 0) return;
    this.waiting = [];
    const newest = new Map(counts.map((count) => [viewsKey(count), count]));
    try {
      await this.views.save([...newest.values()]);
    } catch (error) {
      this.waiting.unshift(...newest.values());
      throw error;
    }
  }
}
