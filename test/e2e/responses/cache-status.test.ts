import { Controller, Get, Injectable, UseInterceptors, type CallHandler, type ExecutionContext } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Cacheable, type CacheModuleOptions } from '../../../lib/index.js';
import { TestClock } from '../../../lib/testing/index.js';
import { Gate, PLATFORMS, startHttpApp, type HttpApp, type Reply } from '../../support/http-app.js';

@Injectable()
class AnotherCache {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    context.switchToHttp().getResponse<Reply>().header('cache-status', 'Inner; hit');
    return next.handle();
  }
}

@Controller('status')
class Status {
  readonly gate = new Gate();

  @Get()
  @Cacheable({ returns: 'response', ttl: '100s', grace: '100s' })
  async get(): Promise<object> {
    await this.gate.pass();
    return {};
  }

  @Get('unkept')
  @Cacheable({ returns: 'response', ttl: 0 })
  unkept(): object {
    return {};
  }

  @Get('behind')
  @Cacheable({ returns: 'response' })
  @UseInterceptors(AnotherCache)
  behind(): object {
    return {};
  }
}

describe.each(PLATFORMS)('Cache-Status on %s', (platform) => {
  let clock: TestClock;
  const start = async (http: CacheModuleOptions['http'] = {}): Promise<HttpApp> => {
    clock = new TestClock();
    return startHttpApp(platform, { controllers: [Status], cache: { runtime: clock, jitter: 0, http } });
  };
  const said = async (app: HttpApp, headers = {}, path = '/status'): Promise<unknown> =>
    (await app.get(path, headers)).headers['cache-status'];

  it('tells how an answer came about', async () => {
    const app = await start();
    const { gate } = app.app.get(Status);
    const asked = [said(app), said(app)];
    await expect.poll(() => app.counted('Status.get').reads).toBe(2);
    gate.open();
    expect(new Set(await Promise.all(asked))).toEqual(
      new Set(['nestjs-hybrid-cache; fwd=miss; stored', 'nestjs-hybrid-cache; fwd=miss; collapsed']),
    );
    await clock.advance(1_500);
    expect(await said(app)).toBe('nestjs-hybrid-cache; hit; ttl=98; detail=memory');
    expect(await said(app, { authorization: 'x' })).toBe('nestjs-hybrid-cache; fwd=bypass; detail=authorization');
    await clock.advance('110s');
    expect(await said(app)).toBe('nestjs-hybrid-cache; hit; ttl=-12');
    await expect.poll(() => app.cache.status().background).toBe(0);
  });

  it('doesn’t say that something was stored that wasn’t', async () => {
    const app = await start();
    expect(await said(app, {}, '/status/unkept')).toBe('nestjs-hybrid-cache; fwd=miss; stored=?0');
  });

  it('is added to what others say', async () => {
    const app = await start();
    expect(await said(app, {}, '/status/behind')).toBe('Inner; hit, nestjs-hybrid-cache; fwd=miss; stored');
    expect(await said(app, {}, '/status/behind')).toBe('Inner; hit, nestjs-hybrid-cache; hit; ttl=300; detail=memory');
  });

  it('has the name it is given, or isn’t sent', async () => {
    expect(await said(await start({ cacheStatus: 'shop "1"'.replaceAll(' ', '_') }), {}, '/status/unkept')).toMatch(
      /^"shop_\\"1\\""; /,
    );
    expect(await said(await start({ cacheStatus: true }), {}, '/status/unkept')).toMatch(/^nestjs-hybrid-cache; /);
    expect(await said(await start({ cacheStatus: false }), {}, '/status/unkept')).toBeUndefined();
  });
});
