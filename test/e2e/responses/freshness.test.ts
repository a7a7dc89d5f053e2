import { Controller, Get, Header, Res } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Cacheable, type CacheModuleOptions } from '../../../lib/index.js';
import { TestClock } from '../../../lib/testing/index.js';
import { PLATFORMS, startHttpApp, type HttpApp, type Reply } from '../../support/http-app.js';

let runs = 0;
const run = (): object => ({ run: ++runs });

@Controller('fresh')
class Fresh {
  @Get('unsaid')
  @Cacheable({ returns: 'response' })
  unsaid(): object {
    return run();
  }

  @Get('max-age')
  @Cacheable({ returns: 'response', maxAge: '1m' })
  maxAge(): object {
    return run();
  }

  @Get('shared')
  @Cacheable({ returns: 'response', public: true, maxAge: '10s', sMaxAge: '10m' })
  shared(): object {
    return run();
  }

  @Get('stale')
  @Cacheable({ returns: 'response', grace: '1h', maxAge: '1m', staleWhileRevalidate: '30s', staleIfError: '10h' })
  stale(): object {
    return run();
  }

  @Get('ungraceful')
  @Cacheable({ returns: 'response', maxAge: '5m', staleWhileRevalidate: '30s', staleIfError: '1h' })
  ungraceful(): object {
    return run();
  }

  @Get('edge')
  @Cacheable({ returns: 'response', grace: '1h', edge: { maxAge: '2m', staleWhileRevalidate: '1m' } })
  edge(): object {
    return run();
  }

  @Get('own')
  @Cacheable({ returns: 'response', maxAge: '1m', edge: { maxAge: '2m' } })
  own(@Res({ passthrough: true }) reply: Reply): object {
    reply.header('Cache-Control', 'public, max-age=7');
    return run();
  }

  @Get('declared')
  @Header('Cache-Control', 'public, max-age=8')
  @Cacheable({ returns: 'response', grace: '1h' })
  declared(): object {
    return run();
  }

  @Get('soft')
  @Cacheable({ returns: 'response', maxAge: '1m', tags: ['soft'] })
  soft(): object {
    return run();
  }
}

describe.each(PLATFORMS)('how long others may keep a response on %s', (platform) => {
  let clock: TestClock;
  const start = (options: CacheModuleOptions = {}): Promise<HttpApp> => {
    clock = new TestClock();
    return startHttpApp(platform, { controllers: [Fresh], cache: { runtime: clock, jitter: 0, ...options } });
  };
  const said = async (app: HttpApp, path: string): Promise<unknown[]> => {
    const { headers } = await app.get(`/fresh/${path}`);
    return [headers['cache-control'], headers['age']];
  };

  it('is not at all, unless somebody says so', async () => {
    const app = await start();
    expect(await said(app, 'unsaid')).toEqual(['max-age=0, must-revalidate', '0']);
    await clock.advance('90s');
    expect(await said(app, 'unsaid')).toEqual(['max-age=0, must-revalidate', '90']);
  });

  it('counts from its Age, which is that of the answer', async () => {
    const app = await start();
    expect(await said(app, 'max-age')).toEqual(['max-age=60, must-revalidate', '0']);
    await clock.advance(10_999);
    expect(await said(app, 'max-age')).toEqual(['max-age=70, must-revalidate', '10']);
    await clock.advance(1);
    expect(await said(app, 'max-age')).toEqual(['max-age=71, must-revalidate', '11']);
  });

  it('is never beyond what the cache itself would answer', async () => {
    const app = await start();
    await said(app, 'max-age');
    await clock.advance('290s');
    expect(await said(app, 'max-age')).toEqual(['max-age=300, must-revalidate', '290']);
    await clock.advance(9_500);
    expect(await said(app, 'max-age')).toEqual(['max-age=0, must-revalidate', '299']);
    await clock.advance(500);
    expect(await said(app, 'max-age')).toEqual(['max-age=60, must-revalidate', '0']);
  });

  it('is another thing for shared caches, with `sMaxAge`', async () => {
    const app = await start();
    expect(await said(app, 'shared')).toEqual(['public, max-age=10, s-maxage=300, must-revalidate', '0']);
    await clock.advance('295s');
    expect(await said(app, 'shared')).toEqual(['public, max-age=300, s-maxage=300, must-revalidate', '295']);
  });

  it('includes what may be answered stale, as far as grace goes', async () => {
    const app = await start();
    expect(await said(app, 'stale')).toEqual(['max-age=60, stale-while-revalidate=30, stale-if-error=3840', '0']);
    expect(await said(app, 'ungraceful')).toEqual(['max-age=300, must-revalidate', '0']);
  });

  it('is told the edge alone, with `edge`', async () => {
    const app = await start();
    const { headers } = await app.get('/fresh/edge');
    expect(headers['cache-control']).toBe('max-age=0, must-revalidate');
    expect(headers['cdn-cache-control']).toBe('max-age=120, stale-while-revalidate=60');
    await clock.advance('299s');
    const later = (await app.get('/fresh/edge')).headers;
    expect([later['cdn-cache-control'], later['age']]).toEqual(['max-age=300, stale-while-revalidate=60', '299']);
  });

  it('is what the handler itself says, if it does', async () => {
    const app = await start();
    for (const age of ['0', '5']) {
      const { headers } = await app.get('/fresh/own');
      expect([headers['cache-control'], headers['age']]).toEqual(['public, max-age=7', age]);
      expect(headers['cdn-cache-control']).toMatch(/^max-age=12[05], must-revalidate$/);
      await clock.advance('5s');
    }
  });

  it('is what the handler says with @Header, after a refresh in the background as well', async () => {
    const app = await start();
    const first = runs + 1;
    expect(await said(app, 'declared')).toEqual(['public, max-age=8', '0']);
    expect(await said(app, 'declared')).toEqual(['public, max-age=8', '0']);
    await clock.advance('5m');
    expect(await said(app, 'declared')).toEqual(['public, max-age=8', '300']);
    await expect.poll(async () => (await app.get('/fresh/declared')).body).toBe(`{"run":${first + 1}}`);
    expect(await said(app, 'declared')).toEqual(['public, max-age=8', '0']);
  });

  it('counts from now without `Age`, with `http.age: false`', async () => {
    const app = await start({ http: { age: false } });
    await said(app, 'max-age');
    await clock.advance('10s');
    expect(await said(app, 'max-age')).toEqual(['max-age=60, must-revalidate', undefined]);
    expect(await said(app, 'unsaid')).toEqual(['max-age=0, must-revalidate', undefined]);
  });

  it('is nothing for an old answer, whether it has expired or was softly invalidated', async () => {
    const app = await start();
    await said(app, 'soft');
    await clock.advance('20s');
    await app.cache.invalidate({ tags: ['soft'], mode: 'soft' });
    const { headers } = await app.get('/fresh/soft');
    expect(headers['cache-status']).toMatch(/^nestjs-hybrid-cache; hit; ttl=0;?/);
    expect([headers['cache-control'], headers['age']]).toEqual(['max-age=0, must-revalidate', '20']);
    await expect.poll(() => app.cache.status().background).toBe(0);
    expect(await said(app, 'soft')).toEqual(['max-age=60, must-revalidate', '0']);
  });
});
