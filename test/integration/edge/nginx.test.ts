import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { edgeNginx } from '../../support/servers/edge.nginx.js';
import { eventually } from '../../support/servers/eventually.js';
import { startNginx, type NginxServer } from '../../support/servers/nginx.js';
import { Origin } from './origin.js';

let origin: Origin;
let nginx: NginxServer;
beforeAll(async () => {
  origin = await Origin.start();
  nginx = await startNginx({
    config: ({ port, folder }) =>
      edgeNginx({ listen: `127.0.0.1:${port}`, origin: `127.0.0.1:${origin.port}`, folder: `${folder}/cache` }),
  });
});
afterAll(async () => {
  await nginx?.stop();
  origin?.stop();
});

const get = async (path: string, headers: Record<string, string> = {}): Promise<string> =>
  (await fetch(nginx.url + path, { headers })).text();

const shared = (seconds: number): Record<string, string> => ({ 'cache-control': `max-age=0, s-maxage=${seconds}` });

describe('a page behind nginx', () => {
  it('is served without asking the origin as long as s-maxage says', async () => {
    origin.put('/minute', 'old', shared(60));
    await get('/minute');
    origin.put('/minute', 'new', shared(60));
    expect([await get('/minute'), origin.asked('/minute')]).toEqual(['old', 1]);
  });

  it('is asked for again when that is over', async () => {
    origin.put('/second', 'old', shared(1));
    await get('/second');
    origin.put('/second', 'new', shared(60));
    await eventually('the new page is served', async () => (await get('/second')) === 'new', { withinMs: 10_000 });
    expect(origin.asked('/second')).toBe(2);
  });

  it('isn’t served again without the origin when it has to be revalidated', async () => {
    const headers = (etag: string) => ({ 'cache-control': 'max-age=0, must-revalidate', etag });
    origin.put('/revalidated', 'old', headers('"1"'));
    expect([await get('/revalidated'), await get('/revalidated'), origin.asked('/revalidated')]).toEqual([
      'old',
      'old',
      2,
    ]);
    origin.put('/revalidated', 'new', headers('"2"'));
    const changed = await fetch(`${nginx.url}/revalidated`, { headers: { 'if-none-match': '"1"' } });
    expect([changed.status, await changed.text(), origin.asked('/revalidated')]).toEqual([200, 'new', 3]);
  });

  it('that proves unchanged when it is asked for again isn’t sent again', async () => {
    origin.put('/unchanged', 'page', { ...shared(1), etag: '"1"' });
    await eventually('it is revalidated', async () => {
      expect(await get('/unchanged')).toBe('page');
      return origin.unchanged('/unchanged') === 1;
    });
    expect(origin.asked('/unchanged')).toBe(2);
  });

  it('that is kept is compared with what a browser has', async () => {
    origin.put('/compared', 'page', { ...shared(60), etag: '"1"' });
    await get('/compared');
    const ask = async (etag: string) => fetch(`${nginx.url}/compared`, { headers: { 'if-none-match': etag } });
    expect([(await ask('"1"')).status, (await ask('"0"')).status, origin.asked('/compared')]).toEqual([304, 200, 1]);
  });

  it.each([
    ['that is private', { 'cache-control': 'private, max-age=60' }],
    ['that sets a cookie', { 'cache-control': 's-maxage=60', 'set-cookie': 'session=1' }],
    ['that says nothing about it', {}],
  ])('%s isn’t kept', async (what, headers) => {
    const path = `/not-kept/${encodeURIComponent(what)}`;
    origin.put(path, 'old', headers);
    await get(path);
    origin.put(path, 'new', headers);
    expect(await get(path)).toBe('new');
  });

  it.each([{ authorization: 'Bearer 1' }, { cookie: 'session=1' }])(
    'isn’t for requests with %o',
    async (credentials) => {
      const path = `/personal/${Object.keys(credentials)[0]}`;
      origin.put(path, 'for one', shared(60));
      await get(path, credentials);
      origin.put(path, 'for everybody', shared(60));
      expect(await get(path)).toBe('for everybody');
      origin.put(path, 'for one', shared(60));
      expect([await get(path, credentials), await get(path)]).toEqual(['for one', 'for everybody']);
    },
  );

  it('is fetched once for all who ask at the same time', async () => {
    origin.put('/crowd', 'page', shared(60));
    const release = origin.hold('/crowd');
    onTestFinished(release);
    const asking = Array.from({ length: 10 }, async () => get('/crowd'));
    await eventually('the origin is asked', () => origin.asked('/crowd') > 0);
    release();
    expect(new Set(await Promise.all(asking))).toEqual(new Set(['page']));
    expect(origin.asked('/crowd')).toBe(1);
  });

  it('that has expired is served old only while a new one is fetched', async () => {
    origin.put('/updating', 'old', shared(1));
    await get('/updating');
    origin.put('/updating', 'new', shared(60));
    const release = origin.hold('/updating');
    onTestFinished(release);
    const asking: Promise<string>[] = [];
    await eventually('somebody asks for a new one', () => {
      asking.push(get('/updating'));
      return origin.asked('/updating') === 2;
    });
    expect(await get('/updating')).toBe('old');
    release();
    expect((await Promise.all(asking)).filter((page) => page === 'new')).toHaveLength(1);
    expect([await get('/updating'), origin.asked('/updating')]).toEqual(['new', 2]);
  });
});
