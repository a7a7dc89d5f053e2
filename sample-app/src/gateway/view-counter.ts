import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CacheService, WriteBehind } from 'nestjs-hybrid-cache';
import { randomUUID } from 'node:crypto';
import { viewsKey } from '../catalogue/views.contract.js';
import { ViewsByHand } from './views-by-hand.js';
import { ViewsClient } from './views.client.js';

const LOOK_EVERY_MS = 1_000;

/**
 * Counts how often products are shown. The newest value of a key wins, so that two processes which write "one more than I
 * know" would lose counts: each process has rows of its own, which it alone writes, and the sum is what there is.
 */
@Injectable()
export class ViewCounter implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly id = randomUUID();
  /** By product: what this process has shown since it was started. */
  private readonly own = new Map<number, number>();
  /** Products whose newest count waits nowhere but here, because Redis didn't take it. */
  private readonly untold = new Set<number>();
  private isKnown = false;
  private epoch: string | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly views: ViewsClient,
    private readonly byHand: ViewsByHand,
    private readonly cache: CacheService,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.timer = setInterval(() => void this.catchUp(), LOOK_EVERY_MS).unref();
    await this.catchUp();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** Resolves when it is counted: with Redis the count is there, and survives this process. */
  async view(productId: number): Promise<void> {
    this.own.set(productId, (this.own.get(productId) ?? 0) + 1);
    await this.tell(productId);
  }

  /** Of all processes, in the order of the products. Its own views a process knows at once, those of others after a second. */
  async totals(productIds: readonly number[]): Promise<number[]> {
    const others = (await this.views.counters()).filter((counter) => counter !== this.id);
    const rows = productIds.flatMap((productId) => others.map((counter) => ({ productId, counter })));
    const load = async () => {
      const counted = await this.views.counted([...productIds]);
      return new Map(counted.map((count) => [viewsKey(count), count.views]));
    };
    const counts = await this.cache.getOrLoadMany('views', rows.map(viewsKey), load);
    return productIds.map((productId, index) => {
      const ofOthers = counts.slice(index * others.length, (index + 1) * others.length);
      return ofOthers.reduce<number>((total, views) => total + (views ?? 0), this.own.get(productId) ?? 0);
    });
  }

  /** Resolves when the database has everything. */
  async flush(): Promise<void> {
    await this.catchUp();
    await this.cache.writeQueue('views').flush();
    await this.byHand.flush();
  }

  /** What this process has counted is written behind; `ViewsSink` writes it. Nobody reads it here: no entry is kept. */
  @WriteBehind({ cache: 'views', key: (_views: number, key: string) => key, ttl: 0, flushEvery: '1s', batch: 500 })
  protected async count(_key: string, views: number): Promise<number> {
    return views;
  }

  private async tell(productId: number): Promise<void> {
    this.untold.delete(productId);
    try {
      if (!this.isKnown) throw new Error('nobody knows of this counter yet');
      await this.count(viewsKey({ productId, counter: this.id }), this.own.get(productId) ?? 0);
    } catch {
      this.untold.add(productId); // a page doesn't fail because of it
    }
  }

  /** Tells once more what Redis didn't take, or has lost together with everything else. */
  private async catchUp(): Promise<void> {
    try {
      if (!this.isKnown) this.isKnown = await this.views.addCounter(this.id);
    } catch (error) {
      new Logger(ViewCounter.name).warn(`views are counted in memory for now: ${String(error)}`);
      return;
    }
    const { epoch } = this.cache.status().journal;
    const isAnotherRedis = epoch !== this.epoch;
    this.epoch = epoch;
    const products = isAnotherRedis ? [...this.own.keys()] : [...this.untold];
    await Promise.all(products.map((productId) => this.tell(productId)));
  }
}
