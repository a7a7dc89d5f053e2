import { Controller, Get, Param, Query, Req } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Cacheable, CacheTags } from '../../../lib/index.js';
import { ask, PLATFORMS, startHttpApp, talk, type Answer, type HttpApp } from '../../support/http-app.js';

interface Asked {
  readonly headers: Readonly<Record<string, string | undefined>>;
}

@Controller('open')
class Open {
  @Get()
  @Cacheable({ returns: 'response', honourRequestCacheControl: true, vary: ['X-Varied'], maxAge: '1m' })
  get(@Query('q') q?: string): object {
    return { q: q?.length ?? 0, right: true };
  }

  @Get('tagged/:tag')
  @Cacheable({ returns: 'response', maxAge: '1m' })
  @CacheTags((tag: string) => [tag])
  tagged(@Param('tag') tag: string): object {
    return { tag };
  }

  @Get('keyed')
  @Cacheable({
    returns: 'response',
    requestKey: (context) =>
      context.switchToHttp().getRequest<Asked>().headers['x-key']?.replaceAll('_', '\r\n') ?? 'none',
    scope: (context) => context.switchToHttp().getRequest<Asked>().headers['x-user']?.replaceAll('_', '\r\n') ?? 'none',
  })
  keyed(@Req() { headers }: Asked): object {
    return { key: headers['x-key'], user: headers['x-user'] };
  }
}

const SIZE = 2 ** 21;

describe.each(PLATFORMS)('a request that is out of the way on %s', (platform) => {
  const start = (maxHeaderBytes?: number): Promise<HttpApp> =>
    startHttpApp(platform, {
      controllers: [Open],
      cache: { http: { surrogateKeys: 'surrogate-key', cacheGroups: true } },
      ...(maxHeaderBytes === undefined ? {} : { maxHeaderBytes }),
    });
  const expectAllIsWell = async (app: HttpApp): Promise<void> => {
    for (const _ of [1, 2]) {
      const { status, body, headers } = await app.get('/open');
      expect([status, body]).toEqual([200, '{"q":0,"right":true}']);
      expect(headers['cache-control']).toMatch(/^max-age=\d+, must-revalidate$/);
    }
    expect((await app.get('/open')).headers['cache-status']).toMatch(/; hit;/);
  };

  it.each<[string, Record<string, string>]>([
    ['thousands of validators', { 'if-none-match': Array.from({ length: 10_000 }, (_, n) => `"${n}"`).join(', ') }],
    ['a validator of 100 kB', { 'if-none-match': `"${'a'.repeat(100_000)}"` }],
    ['thousands of quotes', { 'if-none-match': '"'.repeat(50_001) }],
    ['thousands of commas', { 'if-none-match': `${' ,'.repeat(50_000)}x` }],
    ['a date of 100 kB', { 'if-modified-since': 'Sun, '.repeat(20_000) }],
    ['a condition of 100 kB', { 'if-match': '*'.repeat(100_000) }],
    ['directives of 100 kB', { 'cache-control': 'max-age="'.repeat(11_000) }],
    ['directives by the thousand', { 'cache-control': 'max-age=1,'.repeat(10_000) }],
    ['an age beyond all numbers', { 'cache-control': `max-age=${'9'.repeat(1_000)}, max-stale=-1, min-fresh=1e9` }],
    ['a varied header of 100 kB', { 'x-varied': 'v'.repeat(100_000) }],
    ['a name of 10 kB', { ['x'.repeat(10_000)]: '1' }],
  ])('does no harm: %s', async (_what, headers) => {
    const app = await start(SIZE);
    const begun = performance.now();
    for (const _ of [1, 2]) {
      const { status } = await app.get('/open', headers);
      expect([200, 304, 412]).toContain(status);
    }
    expect(performance.now() - begun).toBeLessThan(1_000);
    await expectAllIsWell(app);
  });

  it('does no harm: headers larger than the server takes', async () => {
    const app = await start();
    const headers = { 'if-none-match': `"${'a'.repeat(100_000)}"` };
    const answer = await ask({ port: app.port, method: 'GET', path: '/open', headers, agent: false })
      // it hangs up on what it won't read, and may be faster than its answer
      .catch((): Pick<Answer, 'status'> => ({ status: 431 }));
    expect(answer.status).toBe(431);
    await expectAllIsWell(app);
  });

  it('does no harm: a URL of 1 MB, which is its own', async () => {
    const app = await start(SIZE);
    const long = 'q'.repeat(1_000_000);
    for (const [url, length] of [
      [`${long}1`, 1_000_001],
      [`${long}2`, 1_000_001],
      [long, 1_000_000],
    ] as const) {
      const answers = [await app.get(`/open?q=${url}`), await app.get(`/open?q=${url}`)];
      expect(answers.map(({ status, body }) => [status, body])).toEqual(
        Array.from({ length: 2 }, () => [200, `{"q":${length},"right":true}`]),
      );
      expect(answers[1]!.headers['cache-status']).toMatch(/; hit;/);
    }
    expect(app.counted('Open.get')).toMatchObject({ loads: 3, hits: 3 });
    await expectAllIsWell(app);
  });

  it('does no harm: a URL of thousands of parameters', async () => {
    const app = await start(SIZE);
    const many = Array.from({ length: 20_000 }, (_, n) => `p${n}=${n}`).join('&');
    for (const query of [
      many,
      `${many}&q=1`,
      `q=1&${many}`,
      '&'.repeat(100_000),
      '%'.repeat(10_000),
      '[]'.repeat(10_000),
    ]) {
      expect([200, 400]).toContain((await app.get(`/open?${query}`)).status);
    }
    await expectAllIsWell(app);
  });

  it.each([
    ['/open?a=%zz', undefined],
    ['/open?%E0%A4%A', undefined],
    ['/open#fragment', undefined],
    ['//open', undefined],
    ['/open/../open', undefined],
    ['http://127.0.0.1/open', undefined],
    ['http://evil.example/open', undefined],
    ['*', undefined],
    ['/open\x00', undefined],
    ['/ope%6E', undefined],
    [
      '/open',
      'GET /open HTTP/1.1\r\nHost: a\r\nIf-None-Match: "a\x80\xff"\r\nIf-None-Match: *x\r\nConnection: close\r\n\r\n',
    ],
    ['/open', 'GET /open HTTP/1.0\r\n\r\n'],
    ['/open', 'GET /open HTTP/1.1\r\nHost:\r\nCache-Control:\r\nIf-Match:\r\nConnection: close\r\n\r\n'],
  ])('never spoils the answer of others: %j', async (target, said) => {
    const app = await start();
    const answer = await talk(app.port, said ?? `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 \d\d\d /);
    await expectAllIsWell(app);
  });

  it.each(['x%0D%0ASet-Cookie:%20a=1', '%0D%0A%0D%0A%3Chtml%3E', '%00', '%E2%80%A8', '%22;,', 'a%20b', '%F0%9F%8E%89'])(
    'can’t put a header into a response by its tag: %s',
    async (tag) => {
      const app = await start();
      for (const _ of [1, 2]) {
        const { status, body, headers } = await app.get(`/open/tagged/${tag}`);
        expect([status, JSON.parse(body)]).toEqual([200, { tag: decodeURIComponent(tag) }]);
        expect(headers).not.toHaveProperty('set-cookie');
        expect(String(headers['surrogate-key'])).toMatch(/^[\x21-\x7e]+( [\x21-\x7e]+)*$/);
        expect(String(headers['cache-groups'])).toMatch(/^[\x20-\x7e]+$/);
      }
      await app.cache.invalidate({ tags: [decodeURIComponent(tag)] });
      expect((await app.get(`/open/tagged/${tag}`)).headers['cache-status']).toMatch(/; fwd=miss; stored/);
    },
  );

  it('can’t put one in by its key or its scope', async () => {
    const app = await start();
    for (const [key, user] of [
      ['a_Set-Cookie: a=1', 'me'],
      ['a', 'me_Set-Cookie: a=1'],
      ['a', 'me'],
    ] as const) {
      for (const _ of [1, 2]) {
        const { status, body, headers } = await app.get('/open/keyed', { 'x-key': key, 'x-user': user });
        expect([status, JSON.parse(body)]).toEqual([200, { key, user }]);
        expect(headers).not.toHaveProperty('set-cookie');
      }
    }
    expect(app.counted('Open.keyed')).toMatchObject({ loads: 3, hits: 3 });
  });

  it('has no answer stored under a tag that can’t be one, and gets its own all the same', async () => {
    const app = await start();
    const tag = 'x'.repeat(600);
    for (const _ of [1, 2])
      expect((await app.get(`/open/tagged/${tag}`)).status).toBe(platform === 'fastify' ? 414 : 200);
    expect(app.counted('Open.tagged').entries).toBe(0);
  });
});
