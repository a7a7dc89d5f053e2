import { All, Controller, Get, HostParam, Param, ParseIntPipe, Req, type ExecutionContext } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Cacheable } from '../../../lib/index.js';
import { PLATFORMS, startHttpApp, type HttpApp, type Rewritable } from '../../support/http-app.js';

interface Asked {
  readonly headers: Readonly<Record<string, string | undefined>>;
}
const request = (context: ExecutionContext): Asked => context.switchToHttp().getRequest<Asked>();

let runs = 0;
const run = (from: string): object => ({ from, run: ++runs });

@Controller('shared')
class Shared {
  @Get('one')
  @Cacheable({ returns: 'response', cache: 'pages' })
  one(): object {
    return run('one');
  }

  @Get('two')
  @Cacheable({ returns: 'response', cache: 'pages' })
  two(): object {
    return run('two');
  }

  @Get('one/by-key')
  @Cacheable({ returns: 'response', cache: 'pages', requestKey: () => 'key' })
  oneByKey(): object {
    return run('one by key');
  }

  @Get('two/by-key')
  @Cacheable({ returns: 'response', cache: 'pages', requestKey: () => 'key' })
  twoByKey(): object {
    return run('two by key');
  }

  @All('all')
  @Cacheable({ returns: 'response', cache: 'pages' })
  all(): object {
    return run('all');
  }
}

@Controller('spoken')
class Spoken {
  @Get()
  @Cacheable({ returns: 'response', vary: ['Accept-Language', 'X-Theme'] })
  get(@Req() { headers }: Asked): object {
    return run(`${headers['accept-language'] ?? 'none'} ${headers['x-theme'] ?? 'none'}`);
  }

  @Get('by-key')
  @Cacheable({ returns: 'response', vary: ['Accept-Language'], requestKey: () => 'key' })
  byKey(@Req() { headers }: Asked): object {
    return run(headers['accept-language'] ?? 'none');
  }
}

@Controller('keyed')
class Keyed {
  @Get()
  @Cacheable({ returns: 'response', requestKey: (context) => request(context).headers['x-key'] })
  get(@Req() { headers }: Asked): object {
    return run(headers['x-key'] ?? 'none');
  }
}

@Controller({ path: 'who', host: ':tenant.example.com' })
class ByHost {
  @Get()
  @Cacheable({ returns: 'response', public: true })
  get(@HostParam('tenant') tenant: string): object {
    return run(tenant);
  }
}

@Controller('rewritten')
class Rewritten {
  @Get(':variant')
  @Cacheable({ returns: 'response' })
  get(@Param('variant') variant: string, @Req() { originalUrl }: { originalUrl: string }): object {
    return run(`${originalUrl} ${variant}`);
  }
}

@Controller('numbers')
class Numbers {
  @Get('cached/:n')
  @Cacheable({ returns: 'response' })
  cached(@Param('n', ParseIntPipe) n: number): object {
    return { n };
  }

  @Get('plain/:n')
  plain(@Param('n', ParseIntPipe) n: number): object {
    return { n };
  }
}

const from = async (app: HttpApp, path: string, headers = {}): Promise<string> => {
  const { body } = await app.get(path, headers);
  return (JSON.parse(body) as { from: string }).from;
};

describe.each(PLATFORMS)('the key of a response on %s', (platform) => {
  it('tells handlers apart that share a named cache', async () => {
    const app = await startHttpApp(platform, { controllers: [Shared], cache: { caches: { pages: {} } } });
    for (const [path, name] of Object.entries({
      one: 'one',
      two: 'two',
      'one/by-key': 'one by key',
      'two/by-key': 'two by key',
    })) {
      expect([await from(app, `/shared/${path}`), await from(app, `/shared/${path}`)]).toEqual([name, name]);
    }
    expect(app.counted('pages')).toMatchObject({ loads: 4, hits: 4 });
  });

  it('is for GET and HEAD; other methods of one handler pass by', async () => {
    const app = await startHttpApp(platform, { controllers: [Shared], cache: { caches: { pages: {} } } });
    const first = (await app.get('/shared/all')).body;
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await app.send(method, '/shared/all');
      expect(answer.body).not.toBe(first);
      expect(answer.headers['cache-status']).toBe('nestjs-hybrid-cache; fwd=bypass; detail=method');
    }
    expect((await app.get('/shared/all')).body).toBe(first);
    expect(app.counted('pages')).toMatchObject({ reads: 2, loads: 1, bypassed: 4 });
  });

  it('has the headers in it that `vary` names, and the response names them', async () => {
    const app = await startHttpApp(platform, { controllers: [Spoken] });
    const kinds = [
      {},
      { 'accept-language': 'de' },
      { 'accept-language': 'en' },
      { 'accept-language': 'en', 'x-theme': 'dark' },
      { 'accept-language': 'en x-theme', 'x-theme': '' },
      { 'x-theme': 'dark' },
    ];
    const bodies = new Set<string>();
    for (const headers of kinds) bodies.add((await app.get('/spoken', headers)).body);
    expect(bodies.size).toBe(kinds.length);
    for (const headers of kinds) {
      const { body, headers: answered } = await app.get('/spoken', { ...headers, 'x-other': 'other' });
      expect(bodies).toContain(body);
      expect(answered['cache-status']).toMatch(/; hit;/);
      expect(answered['vary']).toBe('accept-language, x-theme, authorization, cookie');
    }
  });

  it('has them in it beside a `requestKey`', async () => {
    const app = await startHttpApp(platform, { controllers: [Spoken] });
    for (const language of ['de', 'en', 'de']) {
      expect(await from(app, '/spoken/by-key', { 'accept-language': language })).toBe(language);
    }
    expect(app.counted('Spoken.byKey')).toMatchObject({ loads: 2, hits: 1 });
  });

  it('is what `requestKey` makes of the request, and without it nothing is cached', async () => {
    const app = await startHttpApp(platform, { controllers: [Keyed] });
    const first = await app.get('/keyed?a=1', { 'x-key': 'k' });
    expect((await app.get('/keyed?a=2', { 'x-key': 'k' })).body).toBe(first.body);
    expect(await from(app, '/keyed', { 'x-key': 'other' })).toBe('other');
    for (const _ of [1, 2]) {
      const { headers } = await app.get('/keyed');
      expect(headers['cache-status']).toBe('nestjs-hybrid-cache; fwd=bypass; detail=request-key');
    }
    expect((await app.get('/keyed', { 'x-key': '' })).status).toBe(500);
    expect(app.counted('Keyed.get')).toMatchObject({ reads: 3, loads: 2, bypassed: 2 });
  });

  it('has the host in it where that decides which handler answers, and how', async () => {
    const app = await startHttpApp(platform, { controllers: [ByHost] });
    for (const host of ['a.example.com', 'b.example.com', 'A.example.com', 'a.example.com:80']) {
      for (const _ of [1, 2]) expect((await from(app, '/who', { host })).toLowerCase()).toBe(host[0]!.toLowerCase());
    }
    expect((await app.get('/who', { host: 'elsewhere.org' })).status).toBe(404);
  });

  it('has the host in it that a trusted proxy was asked for', async () => {
    const app = await startHttpApp(platform, { controllers: [ByHost], trustsProxy: true });
    for (const tenant of ['a', 'b', 'a']) {
      const headers = { host: 'internal:8080', 'x-forwarded-host': `${tenant}.example.com` };
      expect(await from(app, '/who', headers)).toBe(tenant);
    }
    expect(app.counted('ByHost.get')).toMatchObject({ loads: 2, hits: 1 });
  });

  it('has both in it, what was asked for and what that was rewritten to', async () => {
    const rewrite = ({ url, headers }: Rewritable): string =>
      url === '/page' ? `/rewritten/${String(headers['x-variant'])}` : url!;
    const app = await startHttpApp(platform, { controllers: [Rewritten], rewrite });
    for (const variant of ['a', 'b', 'a', 'b']) {
      expect(await from(app, '/page', { 'x-variant': variant })).toBe(`/page ${variant}`);
      expect(await from(app, `/rewritten/${variant}`)).toBe(`/rewritten/${variant} ${variant}`);
    }
    expect(app.counted('Rewritten.get')).toMatchObject({ loads: 4, hits: 4 });
  });

  it('never gives a value that its pipes refuse the answer of another', async () => {
    const app = await startHttpApp(platform, { controllers: [Numbers] });
    for (const n of ['7', '0', '-7']) await app.get(`/numbers/cached/${n}`);
    const values = [
      '7',
      '%37',
      '07',
      '+7',
      '%207',
      '7%20',
      '7a',
      '7.0',
      '7e0',
      '0x7',
      '7%00',
      '-0',
      '--7',
      '7,7',
      '7;a=1',
      '٧',
    ];
    for (const value of [...values, ...values]) {
      const cached = await app.get(`/numbers/cached/${encodeURI(value).replaceAll('%25', '%')}`);
      const plain = await app.get(`/numbers/plain/${encodeURI(value).replaceAll('%25', '%')}`);
      const replaced = plain.body.replaceAll('/plain/', '/cached/');
      expect([value, cached.status, cached.body]).toEqual([value, plain.status, replaced]);
    }
  });
});
