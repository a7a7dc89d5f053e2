import { Controller, Get, Header, Res } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Cacheable } from '../../../lib/index.js';
import { TestClock } from '../../../lib/testing/index.js';
import { PLATFORMS, startHttpApp, type Answer, type Express, type Reply } from '../../support/http-app.js';

const BEFORE = 'Sun, 06 Nov 1994 08:49:36 GMT';
const MODIFIED = 'Sun, 06 Nov 1994 08:49:37 GMT';

@Controller('articles')
class Articles {
  text = 'one';
  runs = 0;

  #run(): object {
    this.runs++;
    return { text: this.text };
  }

  @Get('weak')
  @Cacheable({ returns: 'response', tags: ['articles'], maxAge: '1m', vary: ['X-Theme'] })
  weak(): object {
    return this.#run();
  }

  @Get('strong')
  @Cacheable({ returns: 'response', etag: 'strong' })
  strong(): object {
    return this.#run();
  }

  @Get('own')
  @Cacheable({ returns: 'response', tags: ['articles'] })
  own(@Res({ passthrough: true }) reply: Reply): object {
    reply.header('ETag', `"${this.text}"`);
    return this.#run();
  }

  @Get('declared')
  @Header('ETag', '"declared"')
  @Cacheable({ returns: 'response' })
  declared(): object {
    return this.#run();
  }

  @Get('none')
  @Cacheable({ returns: 'response', etag: false })
  none(): object {
    return this.#run();
  }

  @Get('dated')
  @Cacheable({ returns: 'response', etag: false })
  dated(@Res({ passthrough: true }) reply: Reply): object {
    reply.header('Last-Modified', MODIFIED);
    return this.#run();
  }

  @Get('typed')
  @Header('Content-Disposition', 'inline')
  @Cacheable({ returns: 'response', tags: ['articles'] })
  typed(@Res({ passthrough: true }) reply: Reply): string {
    reply.header('Content-Type', 'text/css');
    reply.header('Content-Language', 'en');
    reply.header('Content-Location', '/typed.css');
    reply.header('X-Own', 'own');
    this.runs++;
    return 'a {}';
  }
}

const withoutEtags = {
  configure: (nest: { getHttpAdapter(): { getInstance(): unknown } }) => {
    const instance = nest.getHttpAdapter().getInstance() as Partial<Express>;
    instance.set?.('etag', false);
  },
};

function expectNotModified({ status, body, headers }: Answer): void {
  expect([status, body]).toEqual([304, '']);
  expect(Object.keys(headers).filter((name) => name.startsWith('content-') && name !== 'content-location')).toEqual([]);
}

describe.each(PLATFORMS)('a validator on %s', (platform) => {
  const start = (more: object = {}) => startHttpApp(platform, { controllers: [Articles], ...more });

  it('is weak by default, and tells contents apart', async () => {
    const app = await start();
    const { etag } = (await app.get('/articles/weak')).headers;
    expect(etag).toMatch(/^W\/"[\w-]{22}"$/);
    expect((await app.get('/articles/weak')).headers['etag']).toBe(etag);
    await app.cache.invalidate({ tags: ['articles'] });
    expect((await app.get('/articles/weak')).headers['etag']).toBe(etag);
    app.app.get(Articles).text = 'two';
    await app.cache.invalidate({ tags: ['articles'] });
    expect((await app.get('/articles/weak')).headers['etag']).not.toBe(etag);
  });

  it('is strong where it is said to be', async () => {
    const app = await start();
    expect((await app.get('/articles/strong')).headers['etag']).toMatch(/^"[\w-]{22}"$/);
    expect((await app.get('/articles/strong')).headers['etag']).toMatch(/^"[\w-]{22}"$/);
  });

  it.each([
    ['own', '"one"'],
    ['declared', '"declared"'],
  ])('is the handler’s own if it has one: %s', async (path, etag) => {
    const app = await start();
    for (const _ of [1, 2]) expect((await app.get(`/articles/${path}`)).headers['etag']).toBe(etag);
    expectNotModified(await app.get(`/articles/${path}`, { 'if-none-match': etag }));
    expect((await app.get(`/articles/${path}`, { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('isn’t there with `etag: false`, if the platform makes none', async () => {
    const app = await start(withoutEtags);
    for (const _ of [1, 2]) expect((await app.get('/articles/none')).headers).not.toHaveProperty('etag');
  });
});

describe.each(PLATFORMS)('If-None-Match on %s', (platform) => {
  const start = () => startHttpApp(platform, { controllers: [Articles], cache: { runtime: new TestClock() } });

  it('that names the answer gets 304, with all that a new answer would have but its content', async () => {
    const app = await start();
    const { headers } = await app.get('/articles/weak');
    const answer = await app.get('/articles/weak', { 'if-none-match': headers['etag']! });
    expectNotModified(answer);
    for (const field of ['etag', 'vary', 'cache-control', 'age']) {
      expect([field, answer.headers[field]]).toEqual([field, headers[field]]);
    }
    expect(answer.headers['cache-status']).toBe('nestjs-hybrid-cache; hit; ttl=285; detail=memory');
    expect(app.app.get(Articles).runs).toBe(1);
  });

  it('gets 304 for HEAD too', async () => {
    const app = await start();
    const { headers } = await app.get('/articles/weak');
    const answer = await app.send('HEAD', '/articles/weak', { 'if-none-match': headers['etag']! });
    expect([answer.status, answer.body, answer.headers['etag']]).toEqual([304, '', headers['etag']]);
  });

  it('is looked at when the handler has just run, too', async () => {
    const app = await start();
    const { etag } = (await app.get('/articles/weak')).headers;
    await app.cache.invalidate({ tags: ['articles'] });
    expectNotModified(await app.get('/articles/weak', { 'if-none-match': etag! }));
    expect(app.app.get(Articles).runs).toBe(2);
    app.app.get(Articles).text = 'two';
    await app.cache.invalidate({ tags: ['articles'] });
    expect(await app.get('/articles/weak', { 'if-none-match': etag! })).toMatchObject({
      status: 200,
      body: '{"text":"two"}',
    });
  });

  it('makes headers of the handler that describe no content stay', async () => {
    const app = await start();
    const { etag } = (await app.get('/articles/typed')).headers;
    for (const isHit of [true, true, false]) {
      if (!isHit) await app.cache.invalidate({ tags: ['articles'] });
      const answer = await app.get('/articles/typed', { 'if-none-match': etag! });
      expectNotModified(answer);
      expect(answer.headers).toMatchObject({ etag, 'x-own': 'own', 'content-location': '/typed.css' });
    }
    expect(await app.get('/articles/typed')).toMatchObject({
      status: 200,
      body: 'a {}',
      headers: { 'content-language': 'en', 'content-type': expect.stringMatching(/^text\/css/) as string },
    });
  });

  it.each<[string, (etag: string) => string, number]>([
    ['names it among others', (etag) => `"a", ${etag},W/"b"`, 304],
    ['names it weakly', (etag) => `W/${etag.replace('W/', '')}`, 304],
    ['names it strongly', (etag) => etag.replace('W/', ''), 304],
    ['names any', () => '*', 304],
    ['has empty members', (etag) => `, ,${etag},`, 304],
    ['names another', () => '"other"', 200],
    ['names it in part', (etag) => etag.replace(/..$/, '"'), 200],
  ])('that %s', async (_what, field, status) => {
    const app = await start();
    const { etag } = (await app.get('/articles/weak')).headers;
    const answer = await app.get('/articles/weak', { 'if-none-match': field(etag!) });
    expect(answer.status).toBe(status);
    expect(answer.body).toBe(status === 304 ? '' : '{"text":"one"}');
  });

  it.each<[string, (etag: string) => string]>([
    ['no quotes', (etag) => etag.replaceAll('"', '')],
    ['a member that is none', (etag) => `${etag}, garbage`],
    ['a quote too many', (etag) => `"${etag}`],
    ['a star among others', () => '*, "a"'],
  ])('that is malformed, with %s, hurts nobody', async (_what, field) => {
    const app = await start();
    const first = await app.get('/articles/weak');
    const answer = await app.get('/articles/weak', { 'if-none-match': field(first.headers['etag']!) });
    // Express compares in its own way what it is about to send
    expect(platform === 'express' ? [200, 304] : [200]).toContain(answer.status);
    expect((await app.get('/articles/weak')).body).toBe(first.body);
  });
});

describe.each(PLATFORMS)('other conditions on %s', (platform) => {
  const start = () => startHttpApp(platform, { controllers: [Articles], ...withoutEtags });

  it.each([
    ['before', BEFORE, 200],
    ['at', MODIFIED, 304],
    ['after', 'Sun, 06 Nov 2044 08:49:37 GMT', 304],
    ['in an old form at', 'Sunday, 06-Nov-94 08:49:37 GMT', 304],
    ['without meaning', 'yesterday', 200],
  ])('If-Modified-Since %s its own Last-Modified: %s', async (_when, since, status) => {
    const app = await start();
    for (const _ of [1, 2]) {
      const answer = await app.get('/articles/dated', { 'if-modified-since': since });
      expect([answer.status, answer.headers['last-modified']]).toEqual([status, MODIFIED]);
      expect(answer.body).toBe(status === 304 ? '' : '{"text":"one"}');
    }
    expect(app.app.get(Articles).runs).toBe(1);
  });

  it('If-None-Match counts, and not If-Modified-Since beside it', async () => {
    const app = await start();
    const headers = { 'if-modified-since': MODIFIED, 'if-none-match': '"other"' };
    expect((await app.get('/articles/dated', headers)).status).toBe(200);
  });

  it('If-Match that names another gets 412', async () => {
    const app = await start();
    for (const _ of [1, 2]) expect((await app.get('/articles/own', { 'if-match': '"other"' })).status).toBe(412);
    expect((await app.get('/articles/own', { 'if-match': '"other", "one"' })).status).toBe(200);
    expect((await app.get('/articles/own', { 'if-match': '*' })).status).toBe(200);
    expect(app.app.get(Articles).runs).toBe(1);
  });

  it('If-Match never takes a weak validator', async () => {
    const app = await start();
    const { etag } = (await app.get('/articles/weak')).headers;
    expect((await app.get('/articles/weak', { 'if-match': etag! })).status).toBe(412);
  });

  it('If-Unmodified-Since before its Last-Modified gets 412', async () => {
    const app = await start();
    expect((await app.get('/articles/dated', { 'if-unmodified-since': BEFORE })).status).toBe(412);
    expect((await app.get('/articles/dated', { 'if-unmodified-since': MODIFIED })).status).toBe(200);
  });

  it('Range passes by', async () => {
    const app = await start();
    await app.get('/articles/own');
    const answer = await app.get('/articles/own', { range: 'bytes=0-3' });
    expect(answer).toMatchObject({ status: 200, body: '{"text":"one"}' });
    expect(answer.headers['cache-status']).toBe('nestjs-hybrid-cache; fwd=bypass; detail=range');
    expect(app.app.get(Articles).runs).toBe(2);
  });
});
