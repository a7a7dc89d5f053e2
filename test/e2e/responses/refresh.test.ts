import { Controller, Get, Inject, Injectable, Res, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { Cacheable } from '../../../lib/index.js';
import { TestClock } from '../../../lib/testing/index.js';
import { Gate, PLATFORMS, startHttpApp, type HttpApp, type Reply } from '../../support/http-app.js';

let runs = 0;
let fails = false;
let gate: Gate | undefined;

/** What is different each time. */
async function run(): Promise<object> {
  const own = ++runs;
  await gate?.pass();
  if (fails) throw new Error('failed');
  return { run: own };
}

const GRACE = { returns: 'response', ttl: '10s', tags: ['all'] } as const;

@Controller('graceful')
class Graceful {
  @Get('revalidate')
  @Cacheable({ ...GRACE, grace: { revalidate: '1m' } })
  revalidate(): Promise<object> {
    return run();
  }

  @Get('at-once')
  @Cacheable({ ...GRACE, grace: { revalidate: '1m' } })
  atOnce(): object {
    return { run: ++runs };
  }

  @Get('error')
  @Cacheable({ ...GRACE, grace: { error: '1m' }, retryPause: '2s' })
  error(): Promise<object> {
    return run();
  }

  @Get('through')
  @Cacheable({ ...GRACE, grace: '1m' })
  async through(@Res({ passthrough: true }) reply: Reply): Promise<object> {
    const answer = await run();
    reply.status(203);
    reply.header('X-Run', String(runs));
    return answer;
  }

  @Get('cookie')
  @Cacheable({ ...GRACE })
  async cookie(@Res({ passthrough: true }) reply: Reply): Promise<object> {
    const answer = await run();
    if (runs > first + 1) reply.header('Set-Cookie', `run=${runs}`);
    return answer;
  }
}

let first = 0;

@Injectable({ scope: Scope.REQUEST })
class Name {
  constructor(@Inject(REQUEST) readonly request: { url: string }) {}
}

@Controller({ path: 'scoped', scope: Scope.REQUEST })
class Scoped {
  constructor(@Inject(Name) private readonly name: Name) {}

  @Get()
  @Cacheable({ ...GRACE, grace: { revalidate: '1m' } })
  async get(): Promise<object> {
    return { ...(await run()), url: this.name.request.url };
  }
}

describe.each(PLATFORMS)('an old response on %s', (platform) => {
  let clock: TestClock;
  const start = (): Promise<HttpApp> => {
    [first, fails, gate, clock] = [runs, false, undefined, new TestClock()];
    return startHttpApp(platform, {
      controllers: [Graceful, Scoped],
      providers: [Name],
      cache: { runtime: clock, jitter: 0 },
    });
  };
  const runOf = async (app: HttpApp, path: string): Promise<number> => {
    const { status, body } = await app.get(path);
    return status >= 500 ? -status : (JSON.parse(body) as { run: number }).run - first;
  };
  const settled = (app: HttpApp): Promise<unknown> => expect.poll(() => app.cache.status().background).toBe(0);

  it.each(['/graceful/revalidate', '/scoped'])('is given at once while one request refreshes it: %s', async (path) => {
    const app = await start();
    expect(await runOf(app, path)).toBe(1);
    await clock.advance('11s');
    gate = new Gate();
    const answers = await Promise.all(Array.from({ length: 10 }, () => runOf(app, path)));
    expect(answers).toEqual(Array.from({ length: 10 }, () => 1));
    expect([gate.passed, runs - first]).toEqual([1, 2]);
    gate.open();
    await settled(app);
    expect(await runOf(app, path)).toBe(2);
    expect(runs - first).toBe(2);
  });

  it.each(['/graceful/at-once', '/graceful/revalidate'])('never lends its headers to the new one: %s', async (path) => {
    const app = await start();
    const old = await app.get(path);
    await clock.advance('11s');
    expect((await app.get(path, { 'if-none-match': old.headers['etag']! })).status).toBe(304);
    await settled(app);
    const fresh = await app.get(path, { 'if-none-match': old.headers['etag']! });
    expect([fresh.status, fresh.body]).toEqual([200, `{"run":${first + 2}}`]);
    expect(fresh.headers['etag']).not.toBe(old.headers['etag']);
    expect(fresh.headers['cache-status']).toBe('nestjs-hybrid-cache; hit; ttl=10; detail=memory');
  });

  it('is asked for anew when its grace is over', async () => {
    const app = await start();
    await runOf(app, '/graceful/revalidate');
    await clock.advance('70s');
    expect(await runOf(app, '/graceful/revalidate')).toBe(2);
  });

  it('stands in for a handler that fails, and leaves it alone for a while', async () => {
    const app = await start();
    await runOf(app, '/graceful/error');
    await clock.advance('11s');
    fails = true;
    const { body, headers } = await app.get('/graceful/error');
    expect(body).toBe(`{"run":${first + 1}}`);
    expect(headers['cache-status']).toBe('nestjs-hybrid-cache; hit; ttl=-1');
    expect(await runOf(app, '/graceful/error')).toBe(1);
    expect(runs - first).toBe(2);
    await clock.advance('2s');
    fails = false;
    expect(await runOf(app, '/graceful/error')).toBe(4 - 1);
  });

  it('stands in for no handler that fails when its grace is over', async () => {
    const app = await start();
    await runOf(app, '/graceful/error');
    await clock.advance('70s');
    fails = true;
    expect(await runOf(app, '/graceful/error')).toBe(-500);
  });

  it('is not refreshed in the background if its handler sets status and headers', async () => {
    const app = await start();
    await app.get('/graceful/through');
    await clock.advance('11s');
    for (const _ of [1, 2]) {
      const { status, body, headers } = await app.get('/graceful/through');
      expect([status, body, headers['x-run']]).toEqual([203, `{"run":${first + 2}}`, String(first + 2)]);
    }
    fails = true;
    await clock.advance('11s');
    expect((await app.get('/graceful/through')).headers['x-run']).toBe(String(first + 2));
  });

  it.each(['/graceful/revalidate', '/graceful/at-once', '/scoped'])(
    'is given once more after a soft invalidation: %s',
    async (path) => {
      const app = await start();
      await runOf(app, path);
      await app.cache.invalidate({ tags: ['all'], mode: 'soft' });
      expect(await runOf(app, path)).toBe(1);
      await settled(app);
      expect(await runOf(app, path)).toBe(2);
    },
  );

  it('of a handler that sets status and headers has them after a soft invalidation', async () => {
    const app = await start();
    await app.get('/graceful/through');
    await app.cache.invalidate({ tags: ['all'], mode: 'soft' });
    for (const _ of [1, 2, 3]) {
      const { status, body, headers } = await app.get('/graceful/through');
      expect([status, body]).toEqual([203, `{"run":${headers['x-run'] as string}}`]);
      await settled(app);
    }
    const { headers } = await app.get('/graceful/through');
    expect(headers['x-run']).not.toBe(String(first + 1));
    expect(headers['cache-status']).toMatch(/; hit; ttl=10; detail=memory$/);
  });

  it('of a handler that sets a cookie by and by is nobody else’s after a soft invalidation', async () => {
    const app = await start();
    await app.get('/graceful/cookie');
    await app.cache.invalidate({ tags: ['all'], mode: 'soft' });
    await app.get('/graceful/cookie');
    await settled(app);
    for (const _ of [1, 2]) {
      const { body, headers } = await app.get('/graceful/cookie');
      expect([body, headers['set-cookie']]).toEqual([`{"run":${runs}}`, [`run=${runs}`]]);
    }
  });
});
