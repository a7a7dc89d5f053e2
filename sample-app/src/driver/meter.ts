import { setTimeout as pause } from 'node:timers/promises';
import type { ShopStatus } from '../gateway/status.controller.js';
import { sum } from '../sum.js';

const READ_EVERY_MS = 100;

/** What can be measured: the shop, in one process or in several. */
export interface MeasuredShop {
  readonly urls: readonly string[];
  /** One of each process. */
  statuses(): Promise<ShopStatus[]>;
}

/** Since the begin of the run. */
export interface UsageSample {
  atMs: number;
  queries: number;
  cacheReads: number;
  cacheHits: number;
  /** Of each process: how often it went to a service for what the cache didn't have. */
  loads: number[];
}

/** Reads at intervals what a shop has used. */
export class Meter {
  /** The first one is the begin, the last one all of it. */
  readonly samples: UsageSample[];
  private readonly begin = performance.now();
  private readonly over = new AbortController();
  private readonly running: Promise<void>;

  private constructor(
    private readonly shop: MeasuredShop,
    private readonly before: Omit<UsageSample, 'atMs'>,
  ) {
    this.samples = [{ atMs: 0, queries: 0, cacheReads: 0, cacheHits: 0, loads: before.loads.map(() => 0) }];
    this.running = this.run();
    this.running.catch(() => {}); // `during` tells
  }

  static async start(shop: MeasuredShop): Promise<Meter> {
    return new Meter(shop, usageIn(await shop.statuses()));
  }

  get latest(): UsageSample {
    return this.samples.at(-1)!;
  }

  /** Reads until the work is done, and once more. */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } finally {
      this.over.abort();
      await this.running;
      await this.read();
    }
  }

  private async run(): Promise<void> {
    const { signal } = this.over;
    for (;;) {
      await pause(READ_EVERY_MS, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      await this.read();
    }
  }

  private async read(): Promise<void> {
    const { before } = this;
    const { queries, cacheReads, cacheHits, loads } = usageIn(await this.shop.statuses());
    this.samples.push({
      atMs: performance.now() - this.begin,
      queries: queries - before.queries,
      cacheReads: cacheReads - before.cacheReads,
      cacheHits: cacheHits - before.cacheHits,
      loads: loads.map((count, process) => count - (before.loads[process] ?? 0)),
    });
  }
}

function usageIn(statuses: readonly ShopStatus[]): Omit<UsageSample, 'atMs'> {
  const perProcess = statuses.map(({ cache }) => Object.values(cache.caches));
  const caches = perProcess.flat();
  return {
    queries: sum(statuses.map(({ queries }) => queries)),
    cacheReads: sum(caches.map(({ reads }) => reads)),
    cacheHits: sum(caches.map(({ hits }) => hits)),
    loads: perProcess.map((own) => sum(own.map(({ loads }) => loads))),
  };
}
