import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedPostgres } from '../../sample-app/src/database/embedded-postgres.js';
import { seed } from '../../sample-app/src/database/seed.js';
import { MAX_STALENESS_MS } from '../../sample-app/src/driver/promise.js';
import type { ShopFleet } from '../../sample-app/src/fleet/shop-fleet.js';
import { LocalServer } from '../../sample-app/src/servers/local-server.js';
import { REDIS } from '../../sample-app/src/servers/programs.js';
import { CompiledShop } from '../support/compiled-shop.js';
import { Scrape } from '../support/scrape.js';
import { eventually } from '../support/servers/eventually.js';
import { requireServer } from '../support/servers/install.js';
import { BookkeepingDriver, eachCache } from '../support/shop-books.js';
import { toldAt, type ToldHealth } from '../support/told-health.js';

const MINUTES = 60_000;

let compiled: CompiledShop;
let postgres: EmbeddedPostgres;
let redis: LocalServer;
let fleet: ShopFleet;

beforeAll(async () => {
  await requireServer('redis');
  compiled = CompiledShop.make();
  postgres = await EmbeddedPostgres.start();
  await seed(postgres.url);
  redis = await LocalServer.start(REDIS);
  type FleetModule = typeof import('../../sample-app/src/fleet/shop-fleet.js');
  const { ShopFleet: Fleet } = await compiled.load<FleetModule>('fleet/shop-fleet');
  const cache = { redis: { url: redis.url }, maxStaleness: MAX_STALENESS_MS };
  fleet = await Fleet.open({ databaseUrl: postgres.url, cache });
}, 2 * MINUTES);

afterAll(async () => {
  await fleet?.close();
  await redis?.kill();
  await postgres?.stop();
  compiled?.remove();
});

const everywhere = <Answer>(ask: (url: string) => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(fleet.urls.map(ask));

const told = (path: string): Promise<ToldHealth[]> => everywhere((url) => toldAt(url, path));

const pages = (id: number): Promise<number[]> =>
  everywhere(async (url) => (await fetch(new URL(`/products/${id}/page`, url))).status);

const inAll = <What>(what: What): What[] => fleet.urls.map(() => what);

const allAre = (state: string, redisIs: string) => async (): Promise<ToldHealth[] | false> => {
  const all = await told('/health');
  return all.every(({ cache }) => cache.state === state && cache.details.redis === redisIs) && all;
};

describe('three processes with one Redis', () => {
  it('have counted together what the driver has counted', async () => {
    const scrapes = (): Promise<Scrape[]> =>
      everywhere(async (url) => new Scrape(await (await fetch(new URL('/metrics', url))).text()));
    const before = await scrapes();
    const driver = new BookkeepingDriver({ urls: fleet.urls, seed: 5, concurrency: 12 });
    const { failures } = await driver.drive(600).finally(() => driver.close());
    const after = await scrapes();
    const since = (name: string, labels: Record<string, string>): number =>
      after.reduce((sum, scrape, process) => sum + scrape.sum(name, labels) - before[process]!.sum(name, labels), 0);
    const { books } = driver;
    const reads = eachCache((cache) => books.reads[cache].reads);

    expect(failures).toEqual([]);
    expect(eachCache((cache) => since('hybrid_cache_reads_total', { cache }))).toEqual(reads);
    expect(
      eachCache((cache) => since('hybrid_cache_hits_total', { cache }) + since('hybrid_cache_misses_total', { cache })),
    ).toEqual(reads);
    expect(since('hybrid_cache_invalidations_total', { status: 'applied' })).toBe(books.updates);
    expect(since('hybrid_cache_hits_total', { tier: 'shared' })).toBeGreaterThan(0);
  });

  it('say that they are degraded while Redis is killed, stay in service, and are up when it is back', async () => {
    await eventually('all are up', allAre('up', 'reachable'));
    expect(await pages(1)).toEqual(inAll(200));

    await redis.kill();
    const degraded = await eventually('all are degraded', allAre('degraded', 'away'));
    for (const { http, status, cache } of degraded) {
      expect([http, status, cache.status]).toEqual([200, 'degraded', 'degraded']);
      expect(cache.reasons).toContain('Redis is away');
    }
    for (const { http, status, cache } of await told('/ready'))
      expect([http, status, cache.state, cache.details.warm]).toEqual([200, 'ok', 'degraded', true]);
    expect([await pages(1), await pages(499)]).toEqual([inAll(200), inAll(200)]);

    await redis.begin();
    const up = await eventually('all are up again', allAre('up', 'reachable'));
    for (const { http, status, cache } of up)
      expect([http, status, cache.status, cache.reasons]).toEqual([200, 'ok', 'up', []]);
    for (const { http, cache } of await told('/ready')) expect([http, cache.state]).toEqual([200, 'up']);
  });
});
