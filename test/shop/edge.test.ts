import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CacheService, varnishXkey, type HttpOptions } from '../../lib/index.js';
import { EmbeddedPostgres } from '../../sample-app/src/database/embedded-postgres.js';
import { seed } from '../../sample-app/src/database/seed.js';
import { freePort } from '../../sample-app/src/free-port.js';
import type { Showcase } from '../../sample-app/src/gateway/products.controller.js';
import { Shop } from '../../sample-app/src/shop.js';
import { tags } from '../../sample-app/src/tags.js';
import { edgeNginx } from '../support/servers/edge.nginx.js';
import { edgeVcl } from '../support/servers/edge.vcl.js';
import { eventually } from '../support/servers/eventually.js';
import { startNginx } from '../support/servers/nginx.js';
import { startVarnish } from '../support/servers/varnish.js';

let postgres: EmbeddedPostgres;
beforeAll(async () => {
  postgres = await EmbeddedPostgres.start();
  await seed(postgres.url);
});
afterAll(async () => postgres?.stop());

async function openShop(port: number, http: HttpOptions): Promise<Shop> {
  const shop = await Shop.open({ databaseUrl: postgres.url, port, cache: { http } });
  onTestFinished(() => shop.close());
  return shop;
}

/** Whether the shop was asked, or the edge answered by itself, can be told by what the shop counts. */
const requestsOf = (shop: Shop): number => shop.requestsAnswered('showcase');

async function pageAt(url: string, id: number): Promise<Showcase> {
  const response = await fetch(`${url}/products/${id}`);
  const page = (await response.json()) as Showcase;
  expect(response.status).toBe(200);
  return page;
}

const priceAt = async (url: string, id: number): Promise<number> => (await pageAt(url, id)).product.priceCents;

const setPrice = async (url: string, id: number, priceCents: number): Promise<void> => {
  const response = await fetch(`${url}/products/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ priceCents }),
  });
  expect(response.status).toBe(200);
};

describe('the shop behind Varnish', () => {
  async function behindVarnish() {
    const port = await freePort();
    const varnish = await startVarnish({ vcl: edgeVcl({ host: '127.0.0.1', port }) });
    onTestFinished(() => varnish.stop());
    const shop = await openShop(port, { surrogateKeys: 'xkey', purge: varnishXkey({ url: varnish.url }) });
    return { shop, edge: varnish.url };
  }

  it('has its product pages served by the edge, and a fresh one after an update', async () => {
    const { shop, edge } = await behindVarnish();
    const old = await priceAt(edge, 3);
    const asked = requestsOf(shop);
    expect([await priceAt(edge, 3), await priceAt(edge, 3)]).toEqual([old, old]);
    expect(requestsOf(shop)).toBe(asked);

    await setPrice(edge, 3, old + 1);

    await eventually('the page is fresh', async () => (await priceAt(edge, 3)) === old + 1);
    expect(requestsOf(shop)).toBeGreaterThan(asked);
  });

  it('keeps the pages that an update has nothing to do with', async () => {
    const { shop, edge } = await behindVarnish();
    // a page shows the prices of related products as well
    const { related } = await pageAt(edge, 20);
    const changed = [1, 2, 3, 4, 5, 6, 7, 8, 9].find((id) => related.every((other) => other.id !== id))!;
    await priceAt(edge, changed);
    await setPrice(edge, changed, 3_000);
    await eventually('the page is fresh', async () => (await priceAt(edge, changed)) === 3_000);
    const asked = requestsOf(shop);

    await pageAt(edge, 20);

    expect(requestsOf(shop)).toBe(asked);
  });

  it('serves the old page once more after a soft invalidation, while it asks for the new one', async () => {
    const { shop, edge } = await behindVarnish();
    const old = await priceAt(edge, 5);
    await eventually('the edge has it', async () => {
      const before = requestsOf(shop);
      return (await priceAt(edge, 5)) === old && requestsOf(shop) === before;
    });
    const asked = requestsOf(shop);
    await shop.get(CacheService).invalidate({ tags: [tags.product(5)], mode: 'soft' });

    // the shop purges other things as well, so nobody knows when this is through: the first request after it has it asked
    const seen = new Set<number>();
    await eventually('the edge has asked behind the client’s back', async () => {
      seen.add(await priceAt(edge, 5));
      return requestsOf(shop) > asked;
    });
    expect([...seen]).toEqual([old]);
  });
});

describe('the shop behind nginx', () => {
  it('has its product pages served for as long as `s-maxage` says, and fresh ones then', async () => {
    const shop = await openShop(await freePort(), { age: false });
    const origin = new URL(shop.url).host;
    const nginx = await startNginx({
      config: ({ port, folder }) => edgeNginx({ listen: `127.0.0.1:${port}`, origin, folder: `${folder}/cache` }),
    });
    onTestFinished(() => nginx.stop());
    await setPrice(nginx.url, 7, 1_000);
    expect(await priceAt(nginx.url, 7)).toBe(1_000);
    const asked = requestsOf(shop);
    expect(await priceAt(nginx.url, 7)).toBe(1_000);
    expect(requestsOf(shop)).toBe(asked);

    await setPrice(nginx.url, 7, 2_000);

    await eventually('the page is fresh', async () => (await priceAt(nginx.url, 7)) === 2_000);
  });
});
