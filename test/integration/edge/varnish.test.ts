import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemRuntime } from '../../../lib/cache.runtime.js';
import { EDGE_PURGER_DEFAULTS, EdgePurger, type EdgePurgerOptions } from '../../../lib/edge/edge-purger.js';
import type { EdgeSender } from '../../../lib/edge/edge-sender.interface.js';
import { varnishXkey } from '../../../lib/edge/varnish-purge.js';
import { edgeVcl } from '../../support/servers/edge.vcl.js';
import { eventually } from '../../support/servers/eventually.js';
import { startVarnish, type VarnishServer } from '../../support/servers/varnish.js';
import { Origin } from './origin.js';

let origin: Origin;
let varnish: VarnishServer;
beforeAll(async () => {
  origin = await Origin.start();
  varnish = await startVarnish({ vcl: edgeVcl({ host: '127.0.0.1', port: origin.port }) });
});
afterAll(async () => {
  await varnish?.stop();
  origin?.stop();
});

const get = async (path: string, headers: Record<string, string> = {}): Promise<string> =>
  (await fetch(varnish.url + path, { headers })).text();

const forAMinute = (xkey: string, more = ''): Record<string, string> => ({
  xkey,
  'cache-control': `max-age=0, s-maxage=60${more}`,
});
const staleForAMinute = (xkey: string): Record<string, string> => forAMinute(xkey, ', stale-while-revalidate=60');

function purgerOver(sender: EdgeSender, options: Partial<EdgePurgerOptions> = {}) {
  const told: string[] = [];
  const resolved = { ...EDGE_PURGER_DEFAULTS, ...options };
  const purger = new EdgePurger(sender, systemRuntime, resolved, (line) => void told.push(line));
  onTestFinished(async () => purger.close(0));
  return { purger, told };
}

/** Resolves when the edge has acknowledged. */
async function purge(keys: readonly string[], mode: 'hard' | 'soft' = 'hard'): Promise<void> {
  const { purger } = purgerOver(varnishXkey({ url: varnish.url }));
  purger.purge(keys, mode);
  await purger.close(5_000);
  expect(purger.status()).toMatchObject({ purged: new Set(keys).size, retried: 0, lastError: undefined });
}

/** Serves a page once, so that the edge has it, and puts another one in its place. */
async function replace(path: string, headers: Record<string, string>): Promise<void> {
  origin.put(path, 'old', headers);
  expect(await get(path)).toBe('old');
  origin.put(path, 'new', headers);
  expect([await get(path), origin.asked(path)]).toEqual(['old', 1]);
}

describe('a page at the edge', () => {
  it('is served without asking the origin, and without its keys', async () => {
    origin.put('/page', 'page', forAMinute('page'));
    await get('/page');
    const response = await fetch(`${varnish.url}/page`);
    expect([await response.text(), origin.asked('/page')]).toEqual(['page', 1]);
    expect([response.headers.has('xkey'), response.headers.has('age')]).toEqual([false, true]);
  });

  it('is gone when one of its keys is purged, and no other page', async () => {
    await replace('/purged', forAMinute('users user:1'));
    await replace('/kept', forAMinute('users-2 user:10'));
    await purge(['user:1']);
    expect([await get('/purged'), origin.asked('/purged')]).toEqual(['new', 2]);
    expect([await get('/kept'), origin.asked('/kept')]).toEqual(['old', 1]);
  });

  it.each(['first', 'second'])('is gone when the %s of its two keys is purged', async (key) => {
    const path = `/two-keys/${key}`;
    await replace(path, forAMinute('first second'));
    await purge([key]);
    expect(await get(path)).toBe('new');
  });

  it('is found by one key among hundreds, in more than one request', async () => {
    await replace('/among', forAMinute('~key:one'));
    await purge([...Array.from({ length: 300 }, (_, n) => `~key:${'x'.repeat(60)}${n}`), '~key:one']);
    expect(await get('/among')).toBe('new');
  });

  it('is served old after a soft purge while it is revalidated, and then new', async () => {
    await replace('/soft', staleForAMinute('soft'));
    const release = origin.hold('/soft');
    onTestFinished(release);
    await purge(['soft'], 'soft');
    expect(await get('/soft')).toBe('old');
    await eventually('the origin is asked in the background', () => origin.asked('/soft') === 2);
    // as long as that takes
    expect([await get('/soft'), origin.asked('/soft')]).toEqual(['old', 2]);
    release();
    await eventually('the new page is served', async () => (await get('/soft')) === 'new');
    expect(origin.asked('/soft')).toBe(2);
  });

  it('that may not be served stale isn’t, after a soft purge neither', async () => {
    await replace('/strict', forAMinute('strict', ', must-revalidate'));
    await purge(['strict'], 'soft');
    expect(await get('/strict')).toBe('new');
  });

  it('that was purged hard isn’t served stale, though it may be', async () => {
    await replace('/hard', staleForAMinute('hard'));
    await purge(['hard']);
    expect(await get('/hard')).toBe('new');
  });

  it('that proved unchanged can still be purged by its keys', async () => {
    const headers = { ...staleForAMinute('unchanged'), etag: '"1"' };
    origin.put('/unchanged', 'same', headers);
    await get('/unchanged');
    await purge(['unchanged'], 'soft');
    await get('/unchanged');
    await eventually('it is revalidated', () => origin.unchanged('/unchanged') === 1);
    await eventually('it is fresh again', async () => {
      const asked = origin.asked('/unchanged');
      await get('/unchanged');
      return origin.asked('/unchanged') === asked;
    });
    origin.put('/unchanged', 'new', { ...headers, etag: '"2"' });
    await purge(['unchanged']);
    expect(await get('/unchanged')).toBe('new');
  });

  it.each(['s-maxage=60', 'max-age=0, must-revalidate'])('is compared with what a browser has: %s', async (control) => {
    const path = `/compared/${encodeURIComponent(control)}`;
    origin.put(path, 'page', { 'cache-control': control, etag: '"1"' });
    await get(path);
    const ask = async (etag: string) => fetch(varnish.url + path, { headers: { 'if-none-match': etag } });
    expect([(await ask('"1"')).status, (await ask('"0"')).status]).toEqual([304, 200]);
  });

  it('goes with all the others when the key that all carry is purged in place of too many', async () => {
    await replace('/all/1', forAMinute('~all one'));
    await replace('/all/2', forAMinute('~all two'));
    const sender = varnishXkey({ url: varnish.url, everythingKey: '~all' });
    const { purger } = purgerOver(sender, { maxQueuedKeys: 1 });
    purger.purge(['x', 'y'], 'hard');
    await purger.close(5_000);
    expect([await get('/all/1'), await get('/all/2')]).toEqual(['new', 'new']);
  });
});

describe('how long a page stays at the edge', () => {
  it.each([
    ['Cache-Control forbids it', { 'cache-control': 'max-age=0, must-revalidate' }],
    ['it is private', { 'cache-control': 'private, max-age=60' }],
    ['CDN-Cache-Control forbids it', { 'cache-control': 'max-age=60', 'cdn-cache-control': 'no-store' }],
    ['CDN-Cache-Control says no time', { 'cache-control': 'max-age=60', 'cdn-cache-control': 'must-revalidate' }],
    ['CDN-Cache-Control is for one', { 'cache-control': 'max-age=60', 'cdn-cache-control': 'private, max-age=60' }],
    ['it is too old already', { 'cache-control': 'max-age=99', 'cdn-cache-control': 'max-age=60', age: '61' }],
    ['it sets a cookie', { 'cdn-cache-control': 'max-age=60', 'set-cookie': 'session=1' }],
  ])('is no time at all when %s', async (why, headers) => {
    const path = `/never/${encodeURIComponent(why)}`;
    origin.put(path, 'old', headers);
    expect(await get(path)).toBe('old');
    origin.put(path, 'new', headers);
    expect([await get(path), origin.asked(path)]).toEqual(['new', 2]);
  });

  it.each([
    ['alone', 'max-age=60'],
    ['among others', 'stale-if-error=5, Max-Age=60 , must-revalidate'],
  ])('is up to CDN-Cache-Control, its max-age %s', async (how, value) => {
    const path = `/cdn/${encodeURIComponent(how)}`;
    await replace(path, { 'cache-control': 'max-age=0, must-revalidate', 'cdn-cache-control': value, xkey: 'cdn' });
    // which says nothing of stale ones
    await purge(['cdn'], 'soft');
    expect(await get(path)).toBe('new');
  });

  it('counts the age it comes with', async () => {
    const headers = { 'cdn-cache-control': 'max-age=61', age: '60', 'cache-control': 'max-age=99' };
    origin.put('/aged', 'old', headers);
    await get('/aged');
    origin.put('/aged', 'new', headers);
    await eventually('it expires', async () => (await get('/aged')) === 'new', { withinMs: 10_000 });
    expect(origin.asked('/aged')).toBe(2);
  });

  it('is longer by the stale-while-revalidate of CDN-Cache-Control', async () => {
    const cdn = 'max-age=60, stale-while-revalidate=60';
    await replace('/cdn-stale', { 'cache-control': 'max-age=0', 'cdn-cache-control': cdn, xkey: 'cdn-stale' });
    await purge(['cdn-stale'], 'soft');
    expect(await get('/cdn-stale')).toBe('old');
    await eventually('the new page is served', async () => (await get('/cdn-stale')) === 'new');
  });
});

describe('requests that the edge doesn’t answer from its pages', () => {
  it.each([{ authorization: 'Bearer 1' }, { cookie: 'session=1' }])('are those with %o', async (credentials) => {
    const path = `/personal/${Object.keys(credentials)[0]}`;
    origin.put(path, 'for one', forAMinute('personal'));
    await get(path, credentials);
    origin.put(path, 'for everybody', forAMinute('personal'));
    expect(await get(path)).toBe('for everybody');
    origin.put(path, 'for one', forAMinute('personal'));
    expect([await get(path, credentials), await get(path)]).toEqual(['for one', 'for everybody']);
  });
});

describe('a purge at the edge', () => {
  const ask = async (headers: Record<string, string>, localAddress: string): Promise<[number, string]> => {
    const sent = request(varnish.url, { method: 'PURGE', headers, localAddress }).end();
    const [response] = await once(sent, 'response');
    response.resume();
    return [response.statusCode, response.statusMessage];
  };

  it('says how many pages it took', async () => {
    await replace('/counted/1', forAMinute('counted'));
    await replace('/counted/2', forAMinute('counted'));
    expect(await ask({ 'xkey-purge': 'counted' }, '127.0.0.1')).toEqual([200, '2 purged']);
    expect(await ask({ 'xkey-softpurge': 'counted' }, '127.0.0.1')).toEqual([200, '0 purged']);
  });

  it('is refused to anybody else', async () => {
    await replace('/guarded', forAMinute('guarded'));
    expect(await ask({ 'xkey-purge': 'guarded' }, '127.0.0.2')).toEqual([403, 'Forbidden']);
    expect(await get('/guarded')).toBe('old');
  });

  it('is refused without keys', async () => {
    expect(await ask({}, '127.0.0.1')).toEqual([400, 'No keys']);
  });
});

describe('purges while the edge is away', () => {
  it('are tried again and delivered when it is back on its port', async () => {
    const inner = varnishXkey({ url: varnish.url });
    const gate = { passed: Promise.resolve() };
    const sender: EdgeSender = { send: async (each) => gate.passed.then(() => inner.send(each)) };
    const { purger, told } = purgerOver(sender, { batchMs: 1, retryPauseMs: 10, retries: Infinity });
    await varnish.kill();
    purger.purge(['away'], 'hard');
    await eventually('it was tried again', () => purger.status().retried >= 2);
    expect(purger.status()).toMatchObject({ purged: 0, pending: 1 });
    expect(purger.status().lastError).toContain('ECONNREFUSED');

    let open!: () => void;
    gate.passed = new Promise((resolve) => (open = resolve));
    await varnish.restart();
    await replace('/away', forAMinute('away'));
    open();
    await eventually('it is delivered', () => purger.status().purged === 1);
    expect(await get('/away')).toBe('new');
    expect(told.map((line) => line.split(':', 1)[0])).toEqual([
      'hard purges at the edge fail',
      'hard purges at the edge work again',
    ]);
  });

  it('are tried again when it says nothing, and its pages don’t outlive that', async () => {
    await replace('/frozen', forAMinute('frozen'));
    const sender = varnishXkey({ url: varnish.url });
    const { purger } = purgerOver(sender, { batchMs: 1, deadlineMs: 100, retryPauseMs: 10, retries: Infinity });
    varnish.freeze();
    onTestFinished(() => varnish.thaw());
    purger.purge(['frozen'], 'hard');
    await eventually('it was tried again', () => purger.status().retried >= 2);
    expect(purger.status()).toMatchObject({ purged: 0, lastError: expect.stringContaining('no answer within 100 ms') });
    varnish.thaw();
    await eventually('it is delivered', () => purger.status().purged === 1);
    expect(await get('/frozen')).toBe('new');
  });
});
