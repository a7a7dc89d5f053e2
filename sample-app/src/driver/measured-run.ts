import type { Shop } from '../shop.js';
import { DriverProcess } from './driver-process.js';
import type { Drive, DriverOptions } from './driver.js';

const SAMPLE_EVERY_MS = 100;

export interface RunOptions extends Omit<DriverOptions, 'url'> {
  requests: number;
  /** Requests sent before anything is measured. */
  warmUp: number;
  onProgress: (phase: 'warming up' | 'measuring', done: number) => void;
}

export interface QuerySample {
  atMs: number;
  /** Since the begin of the run. */
  queries: number;
}

export interface Run extends Drive {
  queries: number;
  querySamples: QuerySample[];
  cacheReads: number;
  cacheHits: number;
}

/** Drives an open shop and watches what it costs. */
export async function measureRun(shop: Shop, options: RunOptions): Promise<Run> {
  const { seed, concurrency, requests, warmUp, onProgress } = options;
  const driver = new DriverProcess({ url: shop.url, seed, concurrency });
  try {
    await driver.drive(warmUp, (done) => onProgress('warming up', done));

    const queriesBefore = shop.queries;
    const readsBefore = shop.cacheUse();
    const begin = performance.now();
    const querySamples: QuerySample[] = [{ atMs: 0, queries: 0 }];
    const sample = () => querySamples.push({ atMs: performance.now() - begin, queries: shop.queries - queriesBefore });
    const sampling = setInterval(sample, SAMPLE_EVERY_MS);
    const drive = await driver
      .drive(requests, (done) => onProgress('measuring', done))
      .finally(() => clearInterval(sampling));
    sample();

    const readsAfter = shop.cacheUse();
    return {
      ...drive,
      queries: shop.queries - queriesBefore,
      querySamples,
      cacheReads: readsAfter.reads - readsBefore.reads,
      cacheHits: readsAfter.hits - readsBefore.hits,
    };
  } finally {
    await driver.close();
  }
}
