import { mkdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CacheBoardModule, type BoardAuditEntry, type CacheBoardOptions } from '../../../lib/board/index.js';
import { RejectedWritesError, type CacheModuleOptions } from '../../../lib/index.js';
import { engineToken } from '../../../lib/cache.constants.js';
import type { CacheMachine } from '../../../lib/cache.providers.js';
import { eventually } from '../../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../../support/servers/redis-server.js';
import { requireChromium, startChromium, type Browser } from '../../support/browser/chromium.js';
import { PLATFORMS, startHttpApp, type HttpApp, type Platform } from '../../support/http-app.js';

/** Pictures for the docs are taken when it is said: BOARD_PICTURES=1. */
const PICTURES =
  process.env['BOARD_PICTURES'] === undefined
    ? undefined
    : fileURLToPath(new URL('../../../docs/images/', import.meta.url));
const VIEWS = ['caches', 'journal', 'processes', 'keys', 'entry', 'work'] as const;
const SCHEMES = ['light', 'dark'] as const;
/** Would run, or break out of where it is put, if it were taken for anything but text. */
const HOSTILE = [
  '<img src=x onerror="window.hacked=1">',
  '"><script>window.hacked=1</script>',
  "';window.hacked=1;//",
  '</title><svg/onload=window.hacked=1>',
  '\u202Egnp.exe',
  'line\nbreak\u0000zero',
  '${window.hacked=1}{{constructor.constructor("window.hacked=1")()}}',
  'x'.repeat(400),
];

/** What is used of a page's own world. */
interface Window {
  readonly document: {
    readonly activeElement: { readonly textContent: string; getAttribute(name: string): string | null } | null;
  };
  readonly location: { hash: string };
}

let browser: Browser;
beforeAll(async () => {
  browser = await startChromium(await requireChromium());
  if (PICTURES !== undefined) mkdirSync(PICTURES, { recursive: true });
});
afterAll(() => browser?.close());

const CACHES: NonNullable<CacheModuleOptions['caches']> = {
  products: { ttl: '10m', grace: '1h' },
  prices: { ttl: '30s' },
  views: { ttl: '10m', writeBehind: { attempts: 1, flushEvery: '20ms' } },
};

async function start(platform: Platform, options: Partial<CacheBoardOptions> = {}): Promise<HttpApp> {
  return startHttpApp(platform, {
    cache: { namespace: 'shop', caches: CACHES },
    imports: [CacheBoardModule.forRoot({ path: '/cache', authorize: () => 'ada', actions: true, ...options })],
  });
}

/** A page, and what its console said. */
async function open(
  app: HttpApp,
  view = '',
  scheme: (typeof SCHEMES)[number] = 'light',
): Promise<Page & { said: string[] }> {
  const page = await browser.context.newPage();
  const said: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) said.push(message.text());
  });
  page.on('pageerror', (error) => said.push(String(error)));
  await page.emulateMedia({ colorScheme: scheme });
  await page.setViewportSize({ width: 1_100, height: 760 });
  await page.goto(`http://127.0.0.1:${app.port}/cache${view === '' ? '' : `#${view}`}`);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.locator('main h2').first().waitFor();
  return Object.assign(page, { said });
}

/** Some traffic to be seen. */
async function trade(cache: HttpApp['cache']): Promise<void> {
  for (let round = 0; round < 40; round++) {
    for (let id = 0; id < 25; id++) {
      if (id > round) continue;
      await cache.getOrLoad('products', `product-${id}`, () => ({ id, name: `Product ${id}` }), {
        tags: [`product:${id}`, 'shop'],
      });
    }
    await cache.getOrLoad('prices', `price-${round}`, () => round);
  }
  await cache.invalidate({ tags: ['product:7'], mode: 'soft' });
  await cache.getOrLoad('prices', 'broken', () => Promise.reject(new Error('no'))).catch(() => undefined);
}

/** What a shop in the morning looks like: more and more is asked for, and some of it changes. */
async function takePictures(app: HttpApp, folder: string): Promise<void> {
  const end = new AbortController();
  const trading = (async () => {
    for (let round = 0; !end.signal.aborted; round++) {
      const asked = Array.from({ length: 20 + round }, () => Math.floor(Math.random() ** 3 * 60));
      const load = async (id: number): Promise<object> => {
        await pause(5 + Math.random() * 30);
        return { id, name: `Product ${id}` };
      };
      const tags = (id: number): string[] => [`product:${id}`, 'shop'];
      await Promise.all(
        asked.map((id) => app.cache.getOrLoad('products', `product-${id}`, () => load(id), { tags: tags(id) })),
      );
      await Promise.all(asked.map((id) => app.cache.getOrLoad('prices', `price-${id}-${round % 5}`, () => load(id))));
      await app.cache.invalidate({ tags: [`product:${asked[0]!}`], mode: 'soft' });
      await pause(150);
    }
  })();
  const pages = await Promise.all(SCHEMES.map((scheme) => open(app, 'caches', scheme)));
  await pause(45_000);
  for (const [index, scheme] of SCHEMES.entries()) {
    const page = pages[index]!;
    for (const view of ['caches', 'journal', 'keys']) {
      await page
        .getByRole('link', { name: { caches: 'Caches', journal: 'Journal', keys: 'Hot and slow' }[view]! })
        .click();
      await pause(1_500);
      await page.screenshot({ path: `${folder}board-${view}-${scheme}.png` });
    }
  }
  end.abort();
  await trading;
  await app.cache.invalidate({ tags: ['product:1'], mode: 'soft' });
  for (const [index, scheme] of SCHEMES.entries()) {
    const page = pages[index]!;
    const hash = 'entry?cache=products&key=product-1';
    await page.evaluate((to) => ((globalThis as unknown as Window).location.hash = to), hash);
    await page.getByText('stale, served while it is refreshed').waitFor();
    await page.screenshot({ path: `${folder}board-entry-${scheme}.png` });
    await page.close();
  }
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe: there } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> };
    };
    const found = await there.run();
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html} ${nodes[0]!.failureSummary}`);
  });
}

describe.each(PLATFORMS)('the board in a browser, on %s', (platform) => {
  it(
    'shows each view in light and dark, readable by everybody, without a word in the console',
    { timeout: 180_000 },
    async () => {
      const app = await start(platform, { showValues: true });
      await trade(app.cache);
      for (const scheme of SCHEMES) {
        for (const view of VIEWS) {
          const page = await open(app, view === 'entry' ? 'entry?cache=products&key=product-7' : view, scheme);
          if (view === 'entry') await page.getByText('stale, served while it is refreshed').waitFor();
          expect([view, scheme, await violations(page)]).toEqual([view, scheme, []]);
          expect(page.said).toEqual([]);
          await page.close();
        }
      }
      if (PICTURES !== undefined && platform === 'express') await takePictures(app, PICTURES);
    },
  );

  it('shows what happens as it happens', async () => {
    const app = await start(platform);
    const page = await open(app, 'journal');
    await page.getByText('No invalidation since this process started.').waitFor();
    await app.cache.invalidate({ tags: ['product:42'] });
    await page.getByText('tag product:42').waitFor();
    await page.getByRole('link', { name: 'Caches' }).click();
    const reads = page.locator('tr', { hasText: 'prices' }).locator('td').nth(3);
    expect(await reads.textContent()).toBe('0');
    await app.cache.getOrLoad('prices', 'one', () => 1);
    await reads.getByText('1', { exact: true }).waitFor();
    await page.close();
  });

  it('invalidates by a click that is confirmed, and the next read loads', async () => {
    const audited: BoardAuditEntry[] = [];
    const app = await start(platform, { audit: (entry) => void audited.push(entry) });
    let loads = 0;
    const read = (): Promise<number> => app.cache.getOrLoad('products', 'p1', () => ++loads, { tags: ['product:1'] });
    await read();
    expect(await read()).toBe(1);
    const page = await open(app, 'journal');
    await page.getByLabel('Tags to invalidate').fill('product:1');
    await page.getByRole('button', { name: 'Invalidate' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    expect(await read()).toBe(1);
    await page.getByRole('button', { name: 'Invalidate' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Invalidate' }).click();
    await page.getByText('Invalidate: done').waitFor();
    expect(await read()).toBe(2);
    expect(audited.map(({ action, tags, by, outcome }) => ({ action, tags, by, outcome }))).toEqual([
      { action: 'invalidate', tags: ['product:1'], by: 'ada', outcome: 'done' },
    ]);
    expect(page.said).toEqual([]);
    await page.close();
  });

  it('explains, evicts and clears with the keyboard alone', async () => {
    const app = await start(platform);
    await app.cache.set('products', '7', 'seven');
    await app.cache.set('products', '8', 'eight');
    const page = await open(app);
    const tabTo = async (what: string): Promise<void> => {
      for (let presses = 0; presses < 60; presses++) {
        await page.keyboard.press('Tab');
        const focused = await page.evaluate(() => {
          const element = (globalThis as unknown as Window).document.activeElement;
          return [element?.textContent.trim(), element?.getAttribute('name')];
        });
        if (focused.includes(what)) return;
      }
      throw new Error(`nobody gets to ${what}`);
    };
    const press = async (name: string): Promise<void> => {
      await tabTo(name);
      await page.keyboard.press('Enter');
    };
    await press('One entry');
    await page.getByRole('heading', { name: 'One entry' }).waitFor();
    await tabTo('key');
    await page.keyboard.type('7');
    await page.keyboard.press('Enter');
    await page.getByText('nothing invalidated it and its time has not come').waitFor();
    await press('Evict');
    expect(await page.evaluate(() => (globalThis as unknown as Window).document.activeElement?.textContent)).toBe(
      'Cancel',
    );
    await page.keyboard.press('Escape');
    expect(await app.cache.get('products', '7')).toBe('seven');
    await press('Evict');
    await press('Evict');
    await page.getByText('no tier holds it').waitFor();
    expect(await app.cache.get('products', '7')).toBeUndefined();
    expect(await app.cache.get('products', '8')).toBe('eight');
    await page.close();
  });

  it('has dead letters sent again', async () => {
    const app = await start(platform);
    const written: unknown[] = [];
    let isIll = true;
    app.cache.useSink('views', {
      // oxlint-disable-next-line require-await -- a sink answers with a promise
      write: async (writes) => {
        if (isIll) throw new RejectedWritesError(new Map(writes.map(({ key }) => [key, '<b>the sink is ill</b>'])));
        written.push(...writes.map(({ value }) => value));
      },
    });
    await app.cache.writeBehind('views', 'v1', 41);
    const page = await open(app, 'work');
    await page.getByText('<b>the sink is ill</b>').first().waitFor();
    await page.getByRole('button', { name: 'Resend all' }).waitFor();
    isIll = false;
    await page.getByRole('button', { name: 'Resend all' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Resend' }).click();
    await page.getByText('Resend: 1 wait again').waitFor();
    await app.cache.writeQueue('views').flush();
    expect(written).toEqual([41]);
    await page.close();
  });

  it('takes hostile keys, tags and values for text', async () => {
    const app = await start(platform, { showValues: true });
    for (const evil of HOSTILE) {
      const tag = evil.slice(0, 400);
      await app.cache.getOrLoad('products', evil, () => ({ [evil.slice(0, 50)]: evil }), { tags: [tag] });
      for (let read = 0; read < 40; read++) await app.cache.get('products', evil);
      await app.cache.invalidate({ tags: [`other ${tag}`] });
    }
    const page = await open(app, 'keys');
    await page
      .locator('button.link')
      .nth(HOSTILE.length - 1)
      .waitFor();
    expect(await page.locator('main img, main script, main svg').count()).toBe(0);
    const shown = (await page.locator('main').textContent())!;
    expect(shown).toContain('<img src=x onerror="window.hacked=1">');
    expect(shown).toContain('\\u{202e}gnp.exe');
    for (const evil of HOSTILE) {
      await page.evaluate(
        (hash) => ((globalThis as unknown as Window).location.hash = hash),
        `entry?${String(new URLSearchParams({ cache: 'products', key: evil }))}`,
      );
      await page.getByText('nothing invalidated it and its time has not come').waitFor();
      expect(await page.locator('main img, main script').count()).toBe(0);
    }
    for (const view of ['journal', 'caches', 'work']) {
      await page.evaluate((hash) => ((globalThis as unknown as Window).location.hash = hash), view);
      await page.locator('main h2').first().waitFor();
      expect(await page.locator('main img, main script').count()).toBe(0);
    }
    expect(await page.evaluate(() => 'hacked' in globalThis)).toBe(false);
    expect(page.said).toEqual([]);
    await page.close();
  });

  it('offers nothing that it doesn’t allow', async () => {
    const app = await start(platform, { actions: false });
    await app.cache.set('products', '7', 'seven');
    const page = await open(app, 'entry?cache=products&key=7');
    await page.getByText('nothing invalidated it').waitFor();
    expect(await page.locator('button.danger:visible').count()).toBe(0);
    expect(await page.getByText('seven').count()).toBe(0);
    await page.close();
  });

  it('is fine with 10,000 keys', async () => {
    const app = await start(platform);
    const load = (): number => 1;
    for (let id = 0; id < 10_000; id++) await app.cache.getOrLoad('products', `product-${id}`, load);
    for (let id = 0; id < 10_000; id++) await app.cache.get('products', `product-${id}`);
    const page = await open(app);
    await page.locator('tr', { hasText: 'products' }).getByText('10,000').first().waitFor();
    await page.getByRole('link', { name: 'Hot and slow' }).click();
    await page.locator('main table').first().locator('tbody tr').nth(19).waitFor();
    expect(await page.locator('main tbody tr').count()).toBeLessThan(50);
    await page.close();
  });
});

describe('the processes that share a Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.stop());

  const startOne = (): Promise<HttpApp> =>
    startHttpApp('express', {
      cache: { namespace: 'shop', caches: CACHES, redis: { url: server.url } },
      imports: [CacheBoardModule.forRoot({ path: '/cache', authorize: () => true })],
    });

  it('are all there, those that are gone are not, and a hundred are no burden', async () => {
    const [app, other] = [await startOne(), await startOne()];
    const page = await open(app, 'processes');
    await page.getByText('2 processes, 2 trusted.').waitFor();
    await other.close();
    await page.getByText('1 process, 1 trusted.').waitFor();
    const { processes } = app.app.get<CacheMachine>(engineToken('default')).engine.parts;
    const { epoch, position } = app.cache.status().journal;
    const say = (id: number): Promise<void> => {
      const host = id === 0 ? '<b>host</b>' : `shop-${id}`;
      const journal = { trusted: id % 10 !== 0, lag: id % 10 === 0 ? 4_200 : 0, queued: 0, epoch, position };
      const counts = {
        entries: 9_000 + 7 * id,
        bytes: 10_000_000 + 9_000 * id,
        reads: 400_000 + 900 * id,
        loads: 9_000,
      };
      const note = {
        host,
        pid: 1,
        startedAt: Date.now() - 60_000 * id,
        ...journal,
        ...counts,
        hits: counts.reads - 9_000,
      };
      return processes.noteOnly(`fake-${id}`, JSON.stringify(note), 10_000);
    };
    await Promise.all(Array.from({ length: 100 }, (_, id) => say(id)));
    await processes.noteOnly('strange', 'no JSON', 10_000);
    await page.getByText('101 processes, 91 trusted.').waitFor();
    expect(await page.locator('main tbody tr').count()).toBe(101);
    expect(await page.locator('main tbody b').count()).toBe(0);
    if (PICTURES !== undefined) await page.screenshot({ path: `${PICTURES}board-processes-light.png` });
    // a process that says nothing any more is forgotten
    await page.getByText('1 process, 1 trusted.').waitFor();
    expect(page.said).toEqual([]);
    await page.close();
  });

  it('are listed for their life, by the clock of Redis, and not after they have left', async () => {
    const app = await startOne();
    const { processes } = app.app.get<CacheMachine>(engineToken('default')).engine.parts;
    const listed = async (): Promise<string[]> =>
      (await processes.note('asks', 'asks', 60_000)).map(({ id, note }) => `${id}: ${note}`);
    await processes.noteOnly('dies', 'a note with spaces\nand lines', 300);
    await processes.noteOnly('leaves', '1', 60_000);
    expect(await listed()).toEqual(expect.arrayContaining(['dies: a note with spaces\nand lines', 'leaves: 1']));
    await processes.leave('leaves');
    expect(await listed()).not.toContain('leaves: 1');
    await eventually('it is forgotten', async () => !(await listed()).some((each) => each.startsWith('dies')));
    expect(await listed()).toContain('asks: asks');
    await processes.leave('asks');
  });

  it('see each other’s invalidations in the journal, and the record that made an entry stale', async () => {
    const [app, other] = [await startOne(), await startOne()];
    await app.cache.getOrLoad('products', 'p1', () => 1, { tags: ['product:1'] });
    const page = await open(app, 'journal');
    const result = await other.cache.invalidate({ tags: ['product:1'] });
    await page.locator('tr', { hasText: 'tag product:1' }).waitFor();
    const { position } = result as { position: number };
    expect(await page.locator('tr', { hasText: 'tag product:1' }).textContent()).toContain(String(position));
    await page.evaluate(
      (hash) => ((globalThis as unknown as Window).location.hash = hash),
      'entry?cache=products&key=p1',
    );
    await page.getByText(`the record at ${position}, through tag product:1`).waitFor();
    await page.close();
  });
});
