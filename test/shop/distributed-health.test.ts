import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedPostgres } from '../../sample-app/src/database/embedded-postgres.js';
import { seed } from '../../sample-app/src/database/seed.js';
import type { DistributedShop } from '../../sample-app/src/distributed/distributed-shop.js';
import { LocalServer } from '../../sample-app/src/servers/local-server.js';
import { NATS } from '../../sample-app/src/servers/programs.js';
import { CompiledShop } from '../support/compiled-shop.js';
import { Scrape } from '../support/scrape.js';
import { eventually } from '../support/servers/eventually.js';
import { requireProgram, requireServer } from '../support/servers/install.js';
import { BookkeepingDriver, eachCache } from '../support/shop-books.js';
import { toldAt } from '../support/told-health.js';

const MINUTES = 60_000;

let compiled: CompiledShop;
let postgres: EmbeddedPostgres;
let broker: LocalServer;
let shop: DistributedShop;
let gateway: string;

beforeAll(async () => {
  await requireServer('redis');
  await requireProgram({ program: 'nats-server' });
  compiled = CompiledShop.make();
  postgres = await EmbeddedPostgres.start();
  await seed(postgres.url);
  broker = await LocalServer.start(NATS);
  type ShopModule = typeof import('../../sample-app/src/distributed/distributed-shop.js');
  const { DistributedShop: Distributed } = await compiled.load<ShopModule>('distributed/distributed-shop');
  const address = { name: 'nats', url: broker.url } as const;
  shop = await Distributed.open({ databaseUrl: postgres.url, port: 0, cached: true, broker: address });
  gateway = shop.urls[0]!;
}, 3 * MINUTES);

afterAll(async () => {
  await shop?.close();
  await broker?.kill();
  await postgres?.stop();
  compiled?.remove();
});

const scrape = async (): Promise<Scrape> => new Scrape(await (await fetch(new URL('/metrics', gateway))).text());
const applied = (now: Scrape): number =>
  now.value('hybrid_cache_events_handled_total', { kind: 'invalidation', result: 'applied' });

describe('the gateway of the distributed shop', () => {
  it('has counted the reads that the driver made, and was told once of each update', async () => {
    const before = await eventually('it is told of its own counter', async () => {
      const now = await scrape();
      return applied(now) === 1 && now;
    });
    const manners = { writesElsewhere: true, mayBeAway: false, restMs: 0 };
    const driver = new BookkeepingDriver({ urls: shop.urls, seed: 6, concurrency: 8, manners });
    const { failures } = await driver.drive(400).finally(() => driver.close());
    const { books } = driver;
    const after = await eventually('all events are there', async () => {
      const now = await scrape();
      return applied(now) - applied(before) >= books.updates && now;
    });

    expect(failures).toEqual([]);
    const since = (name: string, labels: Record<string, string>): number =>
      after.sum(name, labels) - before.sum(name, labels);
    expect(eachCache((cache) => since('hybrid_cache_reads_total', { cache }))).toEqual(
      eachCache((cache) => books.reads[cache].reads),
    );
    expect(since('hybrid_cache_events_received_total', { kind: 'invalidation' })).toBe(books.updates);
    expect(applied(after) - applied(before)).toBe(books.updates);
    expect(after.value('hybrid_cache_transport_connected', { transport: 'nats' })).toBe(1);
  });

  it('is degraded while the broker is killed, stays in service, and is up when it is back', async () => {
    await eventually('it is up', async () => (await toldAt(gateway, '/health')).cache.state === 'up');

    await broker.kill();
    const degraded = await eventually('it is degraded', async () => {
      const told = await toldAt(gateway, '/health');
      return told.cache.state === 'degraded' && told;
    });
    expect([degraded.http, degraded.status]).toEqual([200, 'degraded']);
    expect(degraded.cache.reasons).toEqual(['nats is not connected: events of others may be missing']);
    expect(await toldAt(gateway, '/ready')).toMatchObject({ http: 200, cache: { status: 'up', state: 'degraded' } });

    await broker.begin();
    const up = await eventually('it is up again', async () => {
      const told = await toldAt(gateway, '/health');
      return told.cache.state === 'up' && told;
    });
    expect([up.http, up.status, up.cache.reasons]).toEqual([200, 'ok', []]);
  });
});
