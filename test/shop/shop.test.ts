import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { cacheOptions } from '../../sample-app/src/cache.options.js';
import { countedViews } from '../../sample-app/src/database/counted-views.js';
import { EmbeddedPostgres } from '../../sample-app/src/database/embedded-postgres.js';
import { seed } from '../../sample-app/src/database/seed.js';
import { Driver } from '../../sample-app/src/driver/driver.js';
import { checkViews } from '../../sample-app/src/driver/views.js';
import type { AccountPage } from '../../sample-app/src/gateway/accounts.controller.js';
import type { Bestseller } from '../../sample-app/src/gateway/bestsellers.js';
import type { ProductPage } from '../../sample-app/src/gateway/products.controller.js';
import type { ProductViews } from '../../sample-app/src/gateway/views.controller.js';
import { Shop, type ShopOptions } from '../../sample-app/src/shop.js';

interface Answer<Body> {
  status: number;
  body: Body;
  /** SQL queries sent for this request, as the shop says in a header. */
  queries: number;
}

async function ask<Body = { message: string | string[] }>(
  shop: Shop,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer<Body>> {
  const response = await fetch(new URL(path, shop.url), {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  });
  return {
    status: response.status,
    body: (await response.json()) as Body,
    queries: Number(response.headers.get('x-sql-queries')),
  };
}

const productPage = (shop: Shop, id: number) => ask<ProductPage>(shop, 'GET', `/products/${id}/page`);
const viewsOf = async (shop: Shop, id: number): Promise<number> =>
  (await ask<ProductViews>(shop, 'GET', `/products/${id}/views`)).body.views;
const flushViews = (shop: Shop) => ask(shop, 'POST', '/views/flush');
const accountPage = (shop: Shop, id: number) => ask<AccountPage>(shop, 'GET', `/accounts/${id}`);

let postgres: EmbeddedPostgres;
let shop: Shop;

beforeAll(async () => {
  postgres = await EmbeddedPostgres.start();
  await seed(postgres.url);
  shop = await Shop.open({ databaseUrl: postgres.url });
});

afterAll(async () => {
  await shop?.close();
  await postgres?.stop();
});

async function withShop(options: Omit<ShopOptions, 'databaseUrl'>, use: (shop: Shop) => Promise<void>): Promise<void> {
  const other = await Shop.open({ ...options, databaseUrl: postgres.url });
  try {
    await use(other);
  } finally {
    await other.close();
  }
}

describe('a page', () => {
  it('asks every service once, then none', async () => {
    const miss = await productPage(shop, 1);
    const hit = await productPage(shop, 1);

    expect(miss).toMatchObject({ status: 200, queries: 4, body: { product: { id: 1, sku: 'SKU-000001' } } });
    expect(miss.body.related).toHaveLength(6);
    expect(miss.body.reviews.newest).toHaveLength(5);
    expect(miss.body.stock.warehouses).toHaveLength(8);
    expect(hit).toEqual({ ...miss, queries: 0 });
  });

  it('asks the inventory once, for itself and the related products', async () => {
    const { body } = await productPage(shop, 3);
    const [first, second] = body.related;
    await ask(shop, 'PUT', `/products/${first?.id}/stock`, { warehouseId: 3, quantity: 1_000 });
    await ask(shop, 'PUT', `/products/${second?.id}/stock`, { warehouseId: 3, quantity: 2_000 });
    const after = await productPage(shop, 3);

    expect(after.queries).toBe(1);
    expect(after.body.related[0]?.stock.available).toBeGreaterThan(900);
    expect(after.body.related[1]?.stock.available).toBeGreaterThan(1_900);
    // what a page has asked for is there for the page of the other product
    expect((await productPage(shop, first?.id ?? 0)).body.stock.available).toBe(after.body.related[0]?.stock.available);
  });

  it('asks users and billing once, then none', async () => {
    const miss = await accountPage(shop, 1);
    const hit = await accountPage(shop, 1);

    expect(miss).toMatchObject({ status: 200, queries: 2, body: { profile: { email: 'user1@example.com' } } });
    expect(hit).toEqual({ ...miss, queries: 0 });
  });

  it('is loaded once for fifty callers at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => productPage(shop, 2)));

    expect(answers.reduce((sum, { queries }) => sum + queries, 0)).toBe(4);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });

  it('is loaded every time without the cache', async () => {
    await withShop({ cache: { enabled: false } }, async (uncached) => {
      const first = await productPage(uncached, 1);
      const second = await productPage(uncached, 1);

      expect([first.queries, second.queries]).toEqual([4, 4]);
      expect(uncached.cacheUse()).toMatchObject({ hits: 0 });
    });
  });
});

describe('the bestsellers', () => {
  it('are there before anybody asks', async () => {
    await withShop({}, async (other) => {
      const { body, queries } = await ask<Bestseller[]>(other, 'GET', '/bestsellers');

      expect(body.map(({ id }) => id)).toEqual([14, 325, 34, 141, 221, 256, 17, 85, 234, 444]);
      expect(body[0]).toMatchObject({ rating: expect.any(Number), available: expect.any(Number), views: 0 });
      expect(queries).toBe(2); // which processes count views, and what the other one has counted
      expect((await ask(other, 'GET', '/bestsellers')).queries).toBe(0);
      expect((await productPage(other, 325)).queries).toBe(2); // what goes with it, and their stock
    });
  });

  it('are a question to each service without the cache, not one for each product', async () => {
    await withShop({ cache: { enabled: false } }, async (uncached) => {
      const { queries } = await ask<Bestseller[]>(uncached, 'GET', '/bestsellers');

      expect(queries).toBeLessThanOrEqual(6); // the list, products, ratings, stock; counters, and their views
    });
  });

  it('show how often they were looked at, and after an update the new price', async () => {
    await productPage(shop, 34);
    await productPage(shop, 34);
    await ask(shop, 'PATCH', '/products/34', { priceCents: 1_111 });
    const { body } = await ask<Bestseller[]>(shop, 'GET', '/bestsellers');

    expect(body[2]).toMatchObject({ id: 34, priceCents: 1_111, views: 2 });
  });
});

describe('the views of a product', () => {
  it('are known at once to the process that counts, cost no statement, and are in the database after a flush', async () => {
    const before = await viewsOf(shop, 40);
    await Promise.all([1, 2, 3].map(() => productPage(shop, 40)));
    const hit = await productPage(shop, 40);

    expect(hit.queries).toBe(0);
    expect(await viewsOf(shop, 40)).toBe(before + 4);
    await flushViews(shop);
    expect((await countedViews(postgres.url)).get(40)).toBe(before + 4);
  });

  it('are the sum of what two processes count at the same time', async () => {
    await withShop({}, async (other) => {
      await Promise.all([shop, other, shop, other, other].map((each) => productPage(each, 41)));
      await Promise.all([shop, other].map(flushViews));

      expect((await countedViews(postgres.url)).get(41)).toBe(5);
    });
  });

  it('that wait when a process ends are written on its way down', async () => {
    await withShop({}, async (other) => void (await productPage(other, 42)));
    await withShop({ cache: { enabled: false } }, async (uncached) => void (await productPage(uncached, 42)));

    expect((await countedViews(postgres.url)).get(42)).toBe(2);
  });

  it('are none of a product that doesn’t exist', async () => {
    await ask(shop, 'GET', '/products/999999/page');

    expect(await ask(shop, 'GET', '/products/999999/views')).toMatchObject({ status: 404 });
    expect((await flushViews(shop)).status).toBe(200);
  });
});

describe('an update', () => {
  it('of a price shows on the page at once, and nothing else is asked for again', async () => {
    await productPage(shop, 10);
    const changed = await ask(shop, 'PATCH', '/products/10', { priceCents: 4_321 });
    const page = await productPage(shop, 10);

    expect(changed).toMatchObject({ status: 200, body: { id: 10, priceCents: 4_321, version: 2 } });
    expect(page).toMatchObject({ queries: 1, body: { product: { priceCents: 4_321, version: 2 } } });
    expect(page.body.product.priceHistory[0]?.priceCents).toBe(4_321);
  });

  it('of a price shows on the pages of other products that list it', async () => {
    const before = await productPage(shop, 11);
    const listed = before.body.related[2]?.id;
    await ask(shop, 'PATCH', `/products/${listed}`, { priceCents: 9_876 });
    const after = await productPage(shop, 11);

    expect(after.queries).toBe(1);
    expect(after.body.related[2]).toMatchObject({ id: listed, priceCents: 9_876 });
  });

  it('adds a review', async () => {
    const before = await productPage(shop, 12);
    const review = { authorId: 7, rating: 5, title: 'At last', body: 'Where has it been all these years?' };
    const added = await ask(shop, 'POST', '/products/12/reviews', review);
    const after = await productPage(shop, 12);

    expect(added.status).toBe(201);
    expect(after).toMatchObject({ queries: 1, body: { reviews: { count: before.body.reviews.count + 1 } } });
    expect(after.body.reviews.newest?.[0]).toMatchObject({ title: 'At last', rating: 5 });
  });

  it('counts the stock', async () => {
    await productPage(shop, 13);
    await ask(shop, 'PUT', '/products/13/stock', { warehouseId: 3, quantity: 1_000 });
    const { queries, body } = await productPage(shop, 13);

    expect(queries).toBe(1);
    expect(body.stock.warehouses[2]?.available).toBeGreaterThan(900);
  });

  it('takes a payment off the balance', async () => {
    const before = await accountPage(shop, 14);
    await ask(shop, 'POST', '/accounts/14/payments', { amountCents: 500 });
    const after = await accountPage(shop, 14);

    expect(after.queries).toBe(1);
    expect(after.body.statement.balanceCents).toBe(before.body.statement.balanceCents - 500);
  });

  it('changes a profile, and keeps what was not named', async () => {
    const before = await accountPage(shop, 15);
    await ask(shop, 'PATCH', '/accounts/15', { name: 'Ada Lovelace' });
    const after = await accountPage(shop, 15);

    expect(after.queries).toBe(1);
    expect(after.body.profile).toEqual({ ...before.body.profile, name: 'Ada Lovelace', version: 2 });
  });

  it('that is refused evicts nothing', async () => {
    await productPage(shop, 16);
    const refused = await ask(shop, 'PUT', '/products/16/stock', { warehouseId: 99, quantity: 1 });
    const page = await productPage(shop, 16);

    expect(refused.status).toBe(404);
    expect(page.queries).toBe(0);
  });
});

describe('a service that is down', () => {
  it('is not missed on a page that is fresh', async () => {
    const before = await productPage(shop, 20);
    await shop.takeDown('inventory');
    try {
      expect(await productPage(shop, 20)).toEqual({ ...before, queries: 0 });
    } finally {
      await shop.bringBack('inventory');
    }
  });

  it('makes a 503 of a page that was never loaded, until it is back', async () => {
    await shop.takeDown('inventory');
    const down = await ask(shop, 'GET', '/products/21/page');
    await shop.bringBack('inventory');
    const up = await productPage(shop, 21);

    expect(down).toMatchObject({ status: 503, body: { message: 'The inventory service is not there' } });
    expect(up.status).toBe(200);
  });

  it('is stood in for by an expired page in grace', async () => {
    const caches = Object.fromEntries(Object.keys(cacheOptions.caches ?? {}).map((name) => [name, { ttl: '50ms' }]));
    await withShop({ cache: { caches, grace: { error: '1h' } } }, async (hasty) => {
      const before = await productPage(hasty, 22);
      await new Promise((resolve) => setTimeout(resolve, 60));
      await hasty.takeDown('catalogue');
      const during = await productPage(hasty, 22);

      expect(during.status).toBe(200);
      expect(during.body.product).toEqual(before.body.product);
      expect(during.body.related).toEqual(before.body.related);
      expect(during.queries).toBe(2); // reviews and inventory are there, and were asked
    });
  });

  it('is never stood in for by what an update has made old', async () => {
    await withShop({}, async (other) => {
      await productPage(other, 23);
      await ask(other, 'PATCH', '/products/23', { priceCents: 1_234 });
      await other.takeDown('catalogue');

      expect(await productPage(other, 23)).toMatchObject({ status: 503 });
    });
  });
});

describe('bad input', () => {
  it.each([
    ['an id that is no number', 'GET', '/products/seven/page', undefined, /"seven" is not an id/],
    ['an id of 0', 'GET', '/accounts/0', undefined, /"0" is not an id/],
    ['an id beyond all ids', 'GET', '/products/9999999999/page', undefined, /is not an id/],
    ['a negative price', 'PATCH', '/products/1', { priceCents: -1 }, /priceCents must be a whole number/],
    ['a price in words', 'PATCH', '/products/1', { priceCents: 'ten' }, /priceCents must be a whole number/],
    ['a field nobody knows', 'PATCH', '/products/1', { priceCents: 1, sku: 'x' }, /sku is not known here/],
    ['no field at all', 'PATCH', '/accounts/1', {}, /The body is empty/],
    ['a list', 'PATCH', '/accounts/1', [], /must be a JSON object/],
    ['no body', 'POST', '/accounts/1/payments', undefined, /must be a JSON object/],
    ['six stars', 'POST', '/products/1/reviews', { authorId: 1, rating: 6, title: 'a', body: 'b' }, /from 1 to 5/],
    [
      'an empty title',
      'POST',
      '/products/1/reviews',
      { authorId: 1, rating: 1, title: ' ', body: 'b' },
      /title must be/,
    ],
    ['broken JSON', 'PUT', '/products/1/stock', '{"warehouseId":', /JSON/],
  ])('%s is a 400 that says so', async (_case, method, path, body, message) => {
    const answer = await ask(shop, method, path, body);

    expect(answer.status).toBe(400);
    expect(String(answer.body.message)).toMatch(message);
  });

  it.each([
    ['GET', '/products/999999/page', undefined, 'There is no product 999999'],
    ['GET', '/accounts/999999', undefined, 'There is no account 999999'],
    ['PATCH', '/products/999999', { priceCents: 1 }, 'There is no product 999999'],
    ['PATCH', '/accounts/999999', { newsletter: true }, 'There is no account 999999'],
    ['POST', '/accounts/999999/payments', { amountCents: 1 }, 'There is no account 999999'],
  ])('%s %s is a 404 that says so', async (method, path, body, message) => {
    expect(await ask(shop, method, path, body)).toMatchObject({ status: 404, body: { message } });
  });
});

describe('an unknown id', () => {
  it('leaves nothing in the cache', async () => {
    await withShop({}, async (other) => {
      const { entries, reads } = other.cacheUse();
      await ask(other, 'GET', '/products/888888/page');
      await vi.waitFor(() => expect(other.cacheUse().reads).toBe(reads + 4));

      expect(other.cacheUse().entries).toBe(entries);
    });
  });
});

describe('the driver', () => {
  it('finds no stale read and no failure, and each of its views in the database', async () => {
    const driver = new Driver({ urls: shop.urls, seed: 7, concurrency: 16 });
    const before = shop.cacheUse();
    await flushViews(shop);
    const countedBefore = await countedViews(postgres.url);
    const { samples, failures, lateReads, views } = await driver.drive(1_200).finally(() => driver.close());
    const after = shop.cacheUse();
    await flushViews(shop);
    const counted = await countedViews(postgres.url);
    for (const [id, count] of countedBefore) counted.set(id, (counted.get(id) ?? 0) - count);

    expect(failures).toEqual([]);
    expect(lateReads).toEqual([]);
    expect(samples).toHaveLength(1_200);
    const check = checkViews(views, counted);
    expect(check).toMatchObject({ wrong: [], counted: check.answered });
    expect(check.answered).toBeGreaterThan(700);
    expect((after.hits - before.hits) / (after.reads - before.reads)).toBeGreaterThan(0.5);
  });
});
