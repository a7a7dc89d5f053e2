import { Controller, Get } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Cacheable } from '../../../lib/index.js';
import { TestClock } from '../../../lib/testing/index.js';
import { PLATFORMS, startHttpApp, type Answer, type HttpApp } from '../../support/http-app.js';

@Controller('asked')
class Asked {
  runs = 0;

  @Get('ignored')
  @Cacheable({ returns: 'response' })
  ignored(): object {
    return { run: ++this.runs };
  }

  @Get('honoured')
  @Cacheable({ returns: 'response', honourRequestCacheControl: true, ttl: '100s', grace: '100s' })
  honoured(): object {
    return { run: ++this.runs };
  }
}

describe.each(PLATFORMS)('Cache-Control of a request on %s', (platform) => {
  let clock: TestClock;
  let app: HttpApp;
  const start = async (): Promise<void> => {
    clock = new TestClock();
    app = await startHttpApp(platform, { controllers: [Asked], cache: { runtime: clock, jitter: 0 } });
  };
  const honoured = (said: string): Promise<Answer> => app.get('/asked/honoured', { 'cache-control': said });
  const runAfter = async (said: string): Promise<string> => (await honoured(said)).body;

  it.each(['no-cache', 'no-store', 'max-age=0', 'only-if-cached', 'min-fresh=1000'])(
    'is ignored, if nothing is said: %s',
    async (said) => {
      await start();
      for (const _ of [1, 2]) {
        const answer = await app.get('/asked/ignored', { 'cache-control': said, pragma: 'no-cache' });
        expect([answer.status, answer.body]).toEqual([200, '{"run":1}']);
      }
    },
  );

  it('`no-cache` gets a new answer', async () => {
    await start();
    expect([await runAfter('no-cache'), await runAfter(''), await runAfter('no-cache')]).toEqual([
      '{"run":1}',
      '{"run":1}',
      '{"run":2}',
    ]);
    expect((await app.get('/asked/honoured', { pragma: 'no-cache' })).body).toBe('{"run":3}');
  });

  it('`no-store` gets a new answer, which isn’t stored', async () => {
    await start();
    expect([await runAfter('no-store'), await runAfter('no-store'), await runAfter('')]).toEqual([
      '{"run":1}',
      '{"run":2}',
      '{"run":3}',
    ]);
    expect((await honoured('no-store')).headers['cache-status']).toBe(
      'nestjs-hybrid-cache; fwd=bypass; detail=no-store',
    );
  });

  it('`max-age` gets an answer that is no older', async () => {
    await start();
    await runAfter('');
    await clock.advance('10s');
    expect(await runAfter('max-age=10')).toBe('{"run":1}');
    expect(await runAfter('max-age=9')).toBe('{"run":2}');
    expect(await runAfter('max-age="9"')).toBe('{"run":3}');
    expect(await runAfter('max-age=nonsense')).toBe('{"run":4}');
  });

  it('`min-fresh` gets an answer that lasts so long', async () => {
    await start();
    await runAfter('');
    await clock.advance('10s');
    expect(await runAfter('min-fresh=90')).toBe('{"run":1}');
    expect(await runAfter('min-fresh=91')).toBe('{"run":2}');
  });

  it('`max-stale` gets an old answer that is no older', async () => {
    await start();
    await runAfter('');
    await clock.advance('110s');
    expect(await runAfter('max-stale=9')).toBe('{"run":2}');
    const { body, headers } = await honoured('max-stale=10');
    expect(body).toBe('{"run":1}');
    expect(headers['cache-status']).toBe('nestjs-hybrid-cache; hit; ttl=-10');
    await expect.poll(() => runAfter('')).toBe('{"run":3}');
  });

  it('`only-if-cached` gets 504 where nothing is stored', async () => {
    await start();
    const missing = await honoured('only-if-cached');
    expect(missing.status).toBe(504);
    expect(app.app.get(Asked).runs).toBe(0);
    await runAfter('');
    expect(await honoured('only-if-cached')).toMatchObject({ status: 200, body: '{"run":1}' });
    expect((await honoured('only-if-cached, max-age=0, no-cache')).status).toBe(504);
    expect(app.app.get(Asked).runs).toBe(1);
    expect(app.counted('Asked.honoured').outcomes).toMatchObject({ absent: 2, loaded: 1, l1: 1 });
  });

  it('says with Cache-Status what it was that kept a stored answer away', async () => {
    await start();
    await runAfter('');
    expect((await honoured('no-cache')).headers['cache-status']).toBe('nestjs-hybrid-cache; fwd=request; stored=?0');
    expect((await honoured('')).headers['cache-status']).toBe('nestjs-hybrid-cache; hit; ttl=100; detail=memory');
  });
});
