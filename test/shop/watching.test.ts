import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CacheService } from 'nestjs-hybrid-cache';
import { countedViews } from '../../sample-app/src/database/counted-views.js';
import { EmbeddedPostgres } from '../../sample-app/src/database/embedded-postgres.js';
import { seed } from '../../sample-app/src/database/seed.js';
import type { Bestseller } from '../../sample-app/src/gateway/bestsellers.js';
import { Shop } from '../../sample-app/src/shop.js';
import { whoeverSitsHere } from '../../sample-app/src/watching/board-guests.js';
import { Scrape } from '../support/scrape.js';
import { BookkeepingDriver, eachCache, ShopBooks, type Reads, type ReadsByCache } from '../support/shop-books.js';
import { toldAt } from '../support/told-health.js';

let postgres: EmbeddedPostgres;

beforeAll(async () => {
  postgres = await EmbeddedPostgres.start();
});

afterAll(async () => postgres?.stop());

/** A shop with rows and a cache that nobody has used. */
async function openShop(): Promise<Shop> {
  await seed(postgres.url);
  const shop = await Shop.open({ databaseUrl: postgres.url });
  onTestFinished(() => shop.close());
  return shop;
}

const get = (shop: Shop, path: string): Promise<Response> => fetch(new URL(path, shop.url));

async function scrape(shop: Shop): Promise<Scrape> {
  const answer = await get(shop, '/metrics');
  expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  return new Scrape(await answer.text());
}

async function sql<Row extends object>(text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Counts for itself what is written to the rows of the views. */
const COUNT_ROWS = `
  create table catalogue.rows_written (n int);
  insert into catalogue.rows_written values (0);
  create function catalogue.count_row() returns trigger language plpgsql
    as 'begin update catalogue.rows_written set n = n + 1; return null; end';
  create trigger count_row after insert or update on catalogue.product_views
    for each row execute function catalogue.count_row();`;

const UPDATES = `
  select (select sum(version - 1) from catalogue.products) + (select sum(version - 1) from reviews.products)
    + (select sum(version - 1) from inventory.products) + (select sum(version - 1) from users.users)
    + (select sum(version - 1) from billing.accounts) as n`;

/** What the metrics say of each cache, since an earlier scrape. */
const readsIn = (before: Scrape, after: Scrape): ReadsByCache =>
  eachCache((cache): Reads => {
    const since = (name: string): number => after.sum(name, { cache }) - before.sum(name, { cache });
    return {
      reads: since('hybrid_cache_reads_total'),
      hits: since('hybrid_cache_hits_total'),
      misses: since('hybrid_cache_misses_total'),
    };
  });

async function scrapeUntil(work: Promise<unknown>, shop: Shop): Promise<Scrape[]> {
  const state = { isOver: false };
  const over = (): void => void (state.isOver = true);
  work.then(over, over);
  const scrapes: Scrape[] = [];
  while (!state.isOver) {
    scrapes.push(await scrape(shop));
    await pause(50);
  }
  return scrapes;
}

describe('a scrape of the shop under traffic', () => {
  it('says of reads, updates and views what the driver has counted itself', async () => {
    const shop = await openShop();
    await sql(COUNT_ROWS);
    const before = await scrape(shop);
    const driver = new BookkeepingDriver({ urls: shop.urls, seed: 11, concurrency: 12 });
    const { books } = driver;
    const driving = driver.drive(800).finally(() => driver.close());
    const meanwhile = await scrapeUntil(driving, shop);
    const { failures, samples, views } = await driving;
    await fetch(new URL('/views/flush', shop.url), { method: 'POST' });
    const after = await scrape(shop);

    expect([failures, samples.length]).toEqual([[], 800]);
    const counted = readsIn(before, after);
    expect(eachCache((cache) => counted[cache].reads)).toEqual(eachCache((cache) => books.reads[cache].reads));
    expect(eachCache((cache) => counted[cache].hits + counted[cache].misses)).toEqual(
      eachCache((cache) => books.reads[cache].reads),
    );
    expect(meanwhile.length).toBeGreaterThan(0);
    for (const { reads, hits, misses } of meanwhile.flatMap((each) => Object.values(readsIn(before, each))))
      expect(hits + misses).toBe(reads);

    const invalidations = 'hybrid_cache_invalidations_total';
    const applied = { status: 'applied' };
    expect(after.value(invalidations, applied) - before.value(invalidations, applied)).toBe(books.updates);
    const [updates] = await sql<{ n: string }>(UPDATES);
    expect(Number(updates?.n)).toBe(books.updates);

    const shown = Object.entries(views).map(([id, { answered }]): [number, number] => [Number(id), answered]);
    expect(await countedViews(postgres.url)).toEqual(new Map(shown));
    expect(shown.reduce((sum, [, answered]) => sum + answered, 0)).toBe(books.pages);
    const queue = { cache: 'views' };
    expect(after.value('hybrid_cache_write_queue_waiting', queue)).toBe(0);
    const [written] = await sql<{ n: number }>('select n from catalogue.rows_written');
    expect(after.value('hybrid_cache_write_queue_written_total', queue)).toBe(written?.n);
    expect(after.value('hybrid_cache_write_queue_failures_total', queue)).toBe(0);
  });

  it('says which reads were hits, as somebody knows who has seen the requests', async () => {
    const shop = await openShop();
    const books = new ShopBooks();
    for (const { id } of (await (await get(shop, '/bestsellers')).json()) as Bestseller[])
      for (const cache of ['products', 'reviews', 'stock'] as const) books.holds(cache, id);
    const before = await scrape(shop);
    const driver = new BookkeepingDriver({ urls: shop.urls, seed: 12, concurrency: 1 }, books);
    const { failures } = await driver.drive(1_000).finally(() => driver.close());

    expect(failures).toEqual([]);
    expect(readsIn(before, await scrape(shop))).toEqual(books.reads);
    expect(Math.min(...Object.values(books.reads).flatMap(({ hits, misses }) => [hits, misses]))).toBeGreaterThan(0);
  });
});

describe('an orchestrator', () => {
  it('is told that the shop is well and warm, and that it is not once its cache is closed', async () => {
    const shop = await openShop();
    const { http, status, cache } = await toldAt(shop.url, '/health');
    expect([http, status]).toEqual([200, 'ok']);
    expect(cache).toMatchObject({ status: 'up', details: { trusted: true, redis: 'none', warm: true } });
    expect((await toldAt(shop.url, '/ready')).http).toBe(200);

    await shop.get(CacheService).close();
    for (const path of ['/health', '/ready']) {
      const after = await toldAt(shop.url, path);
      expect([after.http, after.cache.reasons]).toEqual([503, ['it is closed']]);
    }
  });
});

describe('the board of the shop', () => {
  it('shows what is cached to whoever sits here, and does what it is asked', async () => {
    const shop = await openShop();
    const page = await get(shop, '/board');
    expect(page.status).toBe(200);
    const token = /name="board-token" content="([^"]+)"/.exec(await page.text())?.[1] ?? '';
    const cookie = page.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const queries = async (): Promise<string | null> =>
      (await get(shop, '/products/1/page')).headers.get('x-sql-queries');
    expect([await queries(), await queries()]).toEqual(['4', '0']);

    const headers = {
      'content-type': 'application/json',
      'sec-fetch-site': 'same-origin',
      'x-cache-board': token,
      cookie,
    };
    const body = JSON.stringify({ action: 'clear', cache: 'products' });
    const done = await fetch(new URL('/board/act', shop.url), { method: 'POST', headers, body });
    expect(done.status).toBe(200);
    expect(await queries()).toBe('1');
  });

  it.each([
    ['127.0.0.1', 'localhost:3000', true],
    ['::1', '[::1]:3000', true],
    ['::ffff:127.0.0.1', '127.0.0.1:3000', true],
    ['192.168.0.7', 'localhost:3000', false],
    ['::ffff:10.0.0.1', '127.0.0.1', false],
    ['127.0.0.1', 'attacker.example', false],
    ['127.0.0.1', 'localhost.attacker.example', false],
    ['127.0.0.1', undefined, false],
    [undefined, 'localhost', false],
  ])('lets in who comes from %s and asks for %s: %s', (remoteAddress, host, isLetIn) => {
    const request = {
      method: 'GET',
      url: '/board',
      headers: host === undefined ? {} : { host },
      socket: { remoteAddress },
    };
    expect(whoeverSitsHere(request)).toBe(isLetIn && 'whoever sits here');
  });
});
