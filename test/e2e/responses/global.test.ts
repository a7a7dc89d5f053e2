import { Controller, Get, Post, Res, Sse, UseInterceptors, Version, type Type } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Cacheable, CacheEvict, CacheInterceptor, CacheTags, NoCache } from '../../../lib/index.js';
import { PLATFORMS, startHttpApp, type HttpApp } from '../../support/http-app.js';

/** What decorators of others do to a method: its metadata stays, its name doesn't. */
function renamed(_target: object, _name: string, descriptor: PropertyDescriptor): void {
  const original = descriptor.value as (...args: unknown[]) => unknown;
  descriptor.value = function traced(this: unknown, ...args: unknown[]): unknown {
    return original.apply(this, args);
  };
}

let runs = 0;
const run = (): object => ({ run: ++runs });

@Controller('all')
class All {
  @Get()
  get(): object {
    return run();
  }

  @Get('observable')
  observable(): unknown {
    return from([run()]);
  }

  @Get('not-this')
  @NoCache()
  notThis(): object {
    return run();
  }

  @Get('itself')
  itself(@Res() response: { status(code: number): { send(body: object): void } }): void {
    response.status(200).send(run());
  }

  @Get('wrapped')
  @renamed
  wrapped(@Res() response: { status(code: number): { send(body: object): void } }): void {
    response.status(200).send(run());
  }

  @Get('several')
  @Version(['1', '2'])
  several(): object {
    return run();
  }

  @Get('evicting')
  @CacheEvict({ tags: ['all'] })
  async evicting(): Promise<object> {
    return run();
  }

  @Get('tagged')
  @CacheTags('tagged')
  tagged(): object {
    return run();
  }

  @Sse('events')
  events(): unknown {
    return from([{ data: 'a' }, { data: 'b' }, { data: runs++ }]);
  }

  @Post()
  post(): object {
    return run();
  }
}

@Controller('none')
@NoCache()
class None {
  @Get()
  get(): object {
    return run();
  }
}

@Controller('class')
@Cacheable({ returns: 'response', ttl: '1h', maxAge: '1m', public: true, tags: ['class'] })
@CacheTags('class too')
class Whole {
  @Get()
  get(): object {
    return run();
  }

  @Get('own')
  @Cacheable({ returns: 'response', maxAge: '2m', tags: ['own'] })
  own(): object {
    return run();
  }

  @Get('not-this')
  @NoCache()
  notThis(): object {
    return run();
  }

  @Sse('events')
  events(): unknown {
    return from([{ data: 'a' }, { data: runs++ }]);
  }

  @Post()
  post(): object {
    return run();
  }
}

@Controller('derived')
class Derived extends Whole {}

@Controller('interceptor')
@UseInterceptors(CacheInterceptor)
class OneController {
  @Get()
  get(): object {
    return run();
  }
}

/** Two classes of one name, of which nobody has decorated one. */
function twins(): Type[] {
  const twin = (version: string): Type => {
    @Controller({ path: `twins/${version}` })
    class Twins {
      @Get()
      get(): object {
        return { version, run: ++runs };
      }
    }
    return Twins;
  };
  return [twin('1'), twin('2')];
}

describe.each(PLATFORMS)('CacheInterceptor for a whole application on %s', (platform) => {
  const start = (controllers: Type[] = [All, None]): Promise<HttpApp> =>
    startHttpApp(platform, { controllers, providers: [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }] });
  const isCached = async (app: HttpApp, path: string, method = 'GET'): Promise<boolean> => {
    const first = await app.send(method, path);
    const before = runs;
    const second = await app.send(method, path);
    expect([first.status, second.status]).toEqual([first.status, first.status]);
    expect(second.body === first.body).toBe(runs === before);
    return runs === before;
  };

  it.each(['/all', '/all?a=1', '/all/observable', '/all/tagged'])(
    'caches what nobody has decorated: %s',
    async (path) => {
      expect(await isCached(await start(), path)).toBe(true);
    },
  );

  it.each([
    ['@NoCache() on it', '/all/not-this', 'GET'],
    ['@NoCache() on its controller', '/none', 'GET'],
    ['@Res() in its hands', '/all/itself', 'GET'],
    ['@Res() in its hands and another name', '/all/wrapped', 'GET'],
    ['an eviction', '/all/evicting', 'GET'],
    ['another method than GET', '/all', 'POST'],
  ])('passes by a handler with %s', async (_what, path, method) => {
    const app = await start();
    expect(await isCached(app, path, method)).toBe(false);
    expect((await app.send(method, path)).headers).not.toHaveProperty('cache-status');
  });

  it('passes by a handler for several versions', async () => {
    expect(await isCached(await start(), '/all/several')).toBe(false);
  });

  it('hands over the events of @Sse one by one', async () => {
    const app = await start();
    for (const _ of [1, 2]) {
      const before = runs;
      const { body, headers } = await app.get('/all/events');
      expect(headers['content-type']).toMatch(/^text\/event-stream/);
      expect(body.match(/data: .*/g)).toEqual(['data: a', 'data: b', `data: ${before}`]);
    }
  });

  it('passes by requests with credentials', async () => {
    const app = await start();
    const first = await app.get('/all', { cookie: 'a=1' });
    expect((await app.get('/all', { cookie: 'a=1' })).body).not.toBe(first.body);
  });

  it('keeps two controllers of one name apart', async () => {
    const app = await start(twins());
    for (const version of ['1', '2', '1', '2']) {
      const { status, body } = await app.get(`/twins/${version}`);
      expect([status, (JSON.parse(body) as { version: string }).version]).toEqual([200, version]);
    }
    expect([app.counted('Twins.get').hits, app.counted('Twins.get-2').hits]).toEqual([1, 1]);
  });

  it('may be bound to one controller alone', async () => {
    const app = await startHttpApp(platform, { controllers: [OneController, All] });
    expect(await isCached(app, '/interceptor')).toBe(true);
    expect(await isCached(app, '/all')).toBe(false);
    expect(Object.keys(app.cache.status().caches)).toEqual(['All.tagged', 'OneController.get']);
  });
});

describe.each(PLATFORMS)('@Cacheable on a controller on %s', (platform) => {
  it.each(['/class', '/derived'])(
    'says of all its handlers what holds, unless they say another thing: %s',
    async (path) => {
      const app = await startHttpApp(platform, { controllers: [Whole, Derived] });
      const said = async (more = ''): Promise<unknown[]> => {
        const before = runs;
        const { headers } = await app.get(`${path}${more}`, { authorization: 'me' });
        return [headers['cache-control'], runs - before];
      };
      expect([await said(), await said()]).toEqual([
        ['public, max-age=60, must-revalidate', 1],
        ['public, max-age=60, must-revalidate', 0],
      ]);
      expect([await said('/own'), await said('/own')]).toEqual([
        ['public, max-age=120, must-revalidate', 1],
        ['public, max-age=120, must-revalidate', 0],
      ]);
      expect([await said('/not-this'), await said('/not-this')]).toEqual([
        [undefined, 1],
        [undefined, 1],
      ]);
    },
  );

  it('gives them its tags, but for those that say theirs', async () => {
    const app = await startHttpApp(platform, { controllers: [Whole] });
    const runsAfter = async (tag: string): Promise<number> => {
      await app.get('/class');
      await app.get('/class/own');
      const before = runs;
      await app.cache.invalidate({ tags: [tag] });
      await app.get('/class');
      await app.get('/class/own');
      return runs - before;
    };
    expect([await runsAfter('class'), await runsAfter('own'), await runsAfter('class too')]).toEqual([1, 1, 2]);
  });

  it('passes by those of its handlers that can’t be cached', async () => {
    const app = await startHttpApp(platform, { controllers: [Whole] });
    expect((await app.get('/class/events')).body.match(/data: .*/g)).toHaveLength(2);
    const first = await app.send('POST', '/class');
    expect((await app.send('POST', '/class')).body).not.toBe(first.body);
  });
});
