import { request as ask, type IncomingMessage } from 'node:http';
import { Controller, Get } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { CacheModule } from '../../../lib/index.js';
import { CacheBoardModule, type BoardAuditEntry, type CacheBoardOptions } from '../../../lib/board/index.js';
import {
  PLATFORMS,
  refusalOf,
  startHttpApp,
  type Answer,
  type HttpApp,
  type Platform,
} from '../../support/http-app.js';

const CACHES = { users: { ttl: '1m' }, pages: { ttl: '1m' } } as const;

@Controller()
class Everything {
  @Get('*')
  all(): string {
    return 'everything';
  }
}

async function start(platform: Platform, options: Partial<CacheBoardOptions> = {}): Promise<HttpApp> {
  return startHttpApp(platform, {
    cache: { caches: CACHES },
    imports: [CacheBoardModule.forRoot({ path: '/admin/cache', authorize: () => true, ...options })],
  });
}

/** What a browser does before it may ask for anything to be done. */
async function openPage(app: HttpApp): Promise<Record<string, string>> {
  const { headers, body } = await app.get('/admin/cache');
  const token = /name="board-token" content="([^"]+)"/.exec(body)![1]!;
  return {
    'content-type': 'application/json',
    'sec-fetch-site': 'same-origin',
    'x-cache-board': token,
    cookie: headers['set-cookie']![0]!.split(';')[0]!,
  };
}

const act = (app: HttpApp, headers: Record<string, string>, wish: object): Promise<Answer> =>
  app.send('POST', '/admin/cache/act', headers, JSON.stringify(wish));

/** Reads server-sent events until one is as wanted. */
function listen(app: HttpApp, isWanted: (data: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = ask({ port: app.port, path: '/admin/cache/live' }, (response: IncomingMessage) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        const data = text.split('\n\n').find((event) => isWanted(event));
        if (data === undefined) return;
        resolve(data);
        response.destroy();
      });
      response.on('end', () => reject(new Error(`it ended: ${text}`)));
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe.each(PLATFORMS)('the board on %s', (platform) => {
  it('has a page, a style sheet and a script, which nothing may be added to', async () => {
    const app = await start(platform);
    const [page, css, js] = await Promise.all(
      ['', '/board.css', '/board.js'].map((suffix) => app.get(`/admin/cache${suffix}`)),
    );
    expect([page!.status, css!.status, js!.status]).toEqual([200, 200, 200]);
    expect(page!.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page!.body).toContain('href="cache/board.css"');
    for (const { headers } of [page!, css!, js!]) {
      expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['cache-control']).toBe('no-store');
    }
    expect(page!.body).not.toMatch(/<script(?![^>]* src=)|<style| style=| on\w+=|https?:\/\//);
  });

  it('asks authorize on every request, with the request of the platform', async () => {
    const asked: string[] = [];
    const app = await start(platform, {
      authorize: ({ url, headers }) => {
        asked.push(url);
        return headers['x-user'] === 'ada';
      },
    });
    for (const suffix of ['', '/board.css', '/board.js', '/live', '/entry?cache=users&key=1']) {
      const answer = await app.get(`/admin/cache${suffix}`);
      expect([suffix, answer.status]).toEqual([suffix, 403]);
      expect(answer.body).not.toContain('users');
    }
    expect((await act(app, { 'content-type': 'application/json' }, { action: 'clear', cache: 'users' })).status).toBe(
      403,
    );
    expect(asked).toHaveLength(6);
    expect((await app.get('/admin/cache', { 'x-user': 'ada' })).status).toBe(200);
  });

  it.each([
    ['throws', () => Promise.reject(new Error('no session'))],
    ['says nothing', () => undefined],
    ['says something else than yes', () => 1 as unknown as boolean],
    ['gives an empty name', () => ''],
  ])('lets nobody in when authorize %s', async (_what, authorize) => {
    const app = await start(platform, { authorize });
    expect((await app.get('/admin/cache')).status).toBe(403);
  });

  it('sends everything to who comes, and then what has changed', async () => {
    const app = await start(platform);
    const whole = await listen(app, (event) => event.includes('event: whole'));
    const sections = JSON.parse(/^data: (.*)$/m.exec(whole)![1]!) as Record<string, unknown>;
    expect(sections['about']).toMatchObject({
      actions: [],
      showValues: false,
      caches: { users: { tiers: ['memory'] } },
    });
    expect(sections).toHaveProperty('cache:users');
    const changed = listen(app, (event) => event.includes('event: changes') && event.includes('"tags":["tag user:7"]'));
    await app.cache.invalidate({ tags: ['user:7'] });
    expect(await changed).toContain('"records"');
  });

  it('explains an entry without counting a read, and without its value', async () => {
    const app = await start(platform);
    await app.cache.getOrLoad('users', '7', () => 'the secret', { tags: ['user:7'] });
    const before = app.counted('users').reads;
    const fresh = await app.get('/admin/cache/entry?cache=users&key=7');
    expect(JSON.parse(fresh.body)).toMatchObject({ explanation: { freshness: 'fresh', tier: 'memory' } });
    expect(fresh.body).not.toContain('secret');
    const { position } = (await app.cache.invalidate({ tags: ['user:7'] })) as { position: number };
    const stale = JSON.parse((await app.get('/admin/cache/entry?cache=users&key=7')).body) as object;
    expect(stale).toMatchObject({
      explanation: { freshness: 'dead', invalidatedBy: { tag: 'tag user:7', position } },
      tags: expect.arrayContaining([{ tag: 'tag user:7', last: position, lastSoft: 0 }]) as unknown,
    });
    expect(app.counted('users').reads).toBe(before);
    expect((await app.get('/admin/cache/entry?cache=toString&key=7')).status).toBe(400);
  });

  it('shows values where it is told to', async () => {
    const app = await start(platform, { showValues: true });
    await app.cache.set('users', '7', { name: 'Ada' });
    const { value } = JSON.parse((await app.get('/admin/cache/entry?cache=users&key=7')).body) as { value: string };
    expect(value).toBe("{ name: 'Ada' }");
  });

  it('does nothing unless it is told what may be done', async () => {
    const audited: BoardAuditEntry[] = [];
    const app = await start(platform, { actions: ['evict'], audit: (entry) => void audited.push(entry) });
    const headers = await openPage(app);
    await app.cache.set('users', '7', 'Ada');
    for (const wish of [{ action: 'clear', cache: 'users' }, { action: 'constructor' }, {}]) {
      expect((await act(app, headers, wish)).status).toBe(403);
    }
    expect(await app.cache.get('users', '7')).toBe('Ada');
    expect((await act(app, headers, { action: 'evict', cache: 'users', key: '7' })).status).toBe(200);
    expect(await app.cache.get('users', '7')).toBeUndefined();
    expect(audited.map(({ action, outcome }) => [action, outcome])).toEqual([
      ['clear', 'refused'],
      ['constructor', 'refused'],
      ['nothing', 'refused'],
      ['evict', 'done'],
    ]);
  });

  it('does what it is asked, by the name of who asks', async () => {
    const audited: BoardAuditEntry[] = [];
    const app = await start(platform, {
      authorize: () => 'ada',
      actions: true,
      audit: (entry) => void audited.push(entry),
    });
    const headers = await openPage(app);
    const load = (): Promise<string> => app.cache.getOrLoad('users', '7', () => 'Ada', { tags: ['user:7'] });
    const states: string[] = [];
    for (const wish of [
      { action: 'refresh', cache: 'users', key: '7' },
      { action: 'invalidate', tags: ['user:7'] },
      { action: 'clear', cache: 'users' },
      { action: 'evict', cache: 'users', key: '7' },
    ]) {
      await load();
      expect((await act(app, headers, wish)).status).toBe(200);
      states.push((await app.cache.explain('users', '7')).reason);
    }
    expect(states).toEqual([
      'it was invalidated through key 7 of cache users (soft)',
      'it was invalidated through tag user:7',
      'it was invalidated through cache users',
      'no tier holds it',
    ]);
    expect(audited.map(({ by, outcome }) => `${by} ${outcome}`)).toEqual(Array.from({ length: 4 }, () => 'ada done'));
    for (const wish of [
      { action: 'evict', cache: 'nobody', key: '7' },
      { action: 'evict', cache: 'users' },
      { action: 'invalidate', tags: [7] },
      { action: 'invalidate', tags: [] },
    ]) {
      expect((await act(app, headers, wish)).status).toBe(400);
    }
  });

  it.each([
    ['without its token', { 'x-cache-board': '' }],
    ['with another token', { 'x-cache-board': 'A'.repeat(43) }],
    ['without its cookie', { cookie: '' }],
    ['from another site', { 'sec-fetch-site': 'cross-site' }],
    ['from a neighbour', { 'sec-fetch-site': 'same-site' }],
    ['of a form', { 'content-type': 'text/plain' }],
  ])('refuses what another page has a browser send: %s', async (_what, change) => {
    const audited: BoardAuditEntry[] = [];
    const app = await start(platform, { actions: true, audit: (entry) => void audited.push(entry) });
    await app.cache.set('users', '7', 'Ada');
    const headers = { ...(await openPage(app)), ...(change as Record<string, string>) };
    expect((await act(app, headers, { action: 'clear', cache: 'users' })).status).toBe(403);
    expect(await app.cache.get('users', '7')).toBe('Ada');
    expect(audited.map(({ outcome }) => outcome)).toEqual(['refused']);
  });

  it('looks at the origin where a browser says no more than that', async () => {
    const app = await start(platform, { actions: true });
    const { 'sec-fetch-site': _site, ...headers } = await openPage(app);
    const wish = { action: 'clear', cache: 'users' };
    expect((await act(app, headers, wish)).status).toBe(403);
    expect((await act(app, { ...headers, origin: 'https://evil.example' }, wish)).status).toBe(403);
    expect((await act(app, { ...headers, host: 'shop', origin: 'http://shop' }, wish)).status).toBe(200);
  });

  it('is there before a wildcard of the application', async () => {
    const app = await startHttpApp(platform, {
      controllers: [Everything],
      imports: [CacheBoardModule.forRoot({ path: '/admin/cache', authorize: () => true })],
    });
    expect((await app.get('/admin/elsewhere')).body).toBe('everything');
    expect((await app.get('/admin/cache')).body).toContain('<title>Caches</title>');
  });
});

describe('a board that can’t be right', () => {
  const refusal = (options: object, caches = true): Promise<string> =>
    refusalOf('express', {
      ...(caches ? { cache: { caches: CACHES } } : { cacheModule: false as const }),
      imports: [CacheBoardModule.forRoot(options as CacheBoardOptions)],
    });

  it('doesn’t start without authorize', async () => {
    expect(await refusal({})).toContain('CacheBoardModule.authorize: is missing');
    expect(await refusal({ authorize: true })).toContain('CacheBoardModule.authorize: got true');
  });

  it('says what is wrong with the rest', async () => {
    const message = await refusal({ authorize: () => true, path: 'cache/', actions: ['delete'], showValue: true });
    expect(message).toContain("CacheBoardModule.path: got 'cache/'");
    expect(message).toContain("CacheBoardModule.actions: got [ 'delete' ]");
    expect(message).toContain('CacheBoardModule.showValue: there is no such option; did you mean `showValues`?');
  });

  it('needs a cache', async () => {
    expect(await refusal({ authorize: () => true }, false)).toContain('there is no CacheModule');
  });

  it('takes its options from a factory', async () => {
    const app = await startHttpApp('express', {
      cacheModule: CacheModule.forRoot({ caches: CACHES }),
      imports: [CacheBoardModule.forRootAsync({ useFactory: () => ({ path: '/late', authorize: () => true }) })],
    });
    expect((await app.get('/late')).status).toBe(200);
  });
});
