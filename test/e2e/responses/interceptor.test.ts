import {
  Catch,
  Controller,
  Get,
  HttpException,
  Inject,
  Injectable,
  NotFoundException,
  Param,
  Req,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
  type PipeTransform,
} from '@nestjs/common';
import { APP_INTERCEPTOR, REQUEST } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import {
  bypass,
  Cacheable,
  CacheInterceptor,
  CacheModule,
  CacheService,
  getCacheServiceToken,
} from '../../../lib/index.js';
import { PLATFORMS, startHttpApp, type Reply } from '../../support/http-app.js';

describe.each(PLATFORMS)('CacheInterceptor on %s', (platform) => {
  it('runs the handler once, however often it is bound', async () => {
    @Controller('bound')
    @UseInterceptors(CacheInterceptor)
    class Bound {
      runs = 0;

      @Get()
      @UseInterceptors(CacheInterceptor)
      @Cacheable({ returns: 'response' })
      async get(): Promise<object> {
        return { run: ++this.runs };
      }
    }
    const app = await startHttpApp(platform, {
      controllers: [Bound],
      providers: [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }],
    });
    const answers = await Promise.all(Array.from({ length: 5 }, () => app.get('/bound')));
    answers.push(await app.get('/bound'));
    expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 6 }, () => '{"run":1}'));
    expect(answers[5]!.headers['cache-status']).toMatch(/^nestjs-hybrid-cache; hit; ttl=2\d\d; detail=memory$/);
    expect(app.counted('Bound.get')).toMatchObject({ reads: 6, loads: 1 });
  });

  it('asks guards on every request, hits included', async () => {
    class OnlyFriends implements CanActivate {
      asked = 0;

      canActivate(context: { switchToHttp(): { getRequest(): { headers: Record<string, string> } } }): boolean {
        this.asked++;
        return context.switchToHttp().getRequest().headers['x-friend'] === 'yes';
      }
    }
    const guard = new OnlyFriends();
    @Controller('guarded')
    class Guarded {
      runs = 0;

      @Get()
      @UseGuards(guard)
      @Cacheable({ returns: 'response' })
      get(): object {
        return { run: ++this.runs };
      }
    }
    const app = await startHttpApp(platform, { controllers: [Guarded] });
    const asked = async (friend: string): Promise<number> => (await app.get('/guarded', { 'x-friend': friend })).status;
    expect([await asked('yes'), await asked('no'), await asked('yes'), await asked('no')]).toEqual([
      200, 403, 200, 403,
    ]);
    expect(guard.asked).toBe(4);
    expect(app.counted('Guarded.get')).toMatchObject({ reads: 2, loads: 1 });
  });

  it('runs pipes when the handler runs, and on no hit', async () => {
    const pipe = new (class Counting implements PipeTransform {
      runs = 0;

      transform(value: unknown): unknown {
        this.runs++;
        return value;
      }
    })();
    @Controller('piped')
    class Piped {
      @Get(':id')
      @UsePipes(pipe)
      @Cacheable({ returns: 'response' })
      get(@Param('id') id: string): object {
        return { id };
      }
    }
    const app = await startHttpApp(platform, { controllers: [Piped] });
    for (const id of ['a', 'a', 'b', 'a']) expect((await app.get(`/piped/${id}`)).body).toBe(`{"id":"${id}"}`);
    expect(pipe.runs).toBe(2);
  });

  it('leaves what a handler throws to the filters of each request', async () => {
    @Catch(NotFoundException)
    class Teapot implements ExceptionFilter {
      catch(_error: HttpException, host: ArgumentsHost): void {
        const reply = host.switchToHttp().getResponse<Reply & { send(body: unknown): void }>();
        reply.status(418);
        reply.send({ filtered: true });
      }
    }
    @Controller('filtered')
    @UseFilters(Teapot)
    class Filtered {
      runs = 0;

      @Get()
      @Cacheable({ returns: 'response' })
      get(): object {
        this.runs++;
        throw new NotFoundException();
      }

      @Get('kept')
      @Cacheable({ returns: 'response', negative: { errors: [NotFoundException] } })
      kept(): object {
        this.runs++;
        throw new NotFoundException();
      }
    }
    const app = await startHttpApp(platform, { controllers: [Filtered] });
    for (const path of ['/filtered', '/filtered', '/filtered/kept', '/filtered/kept']) {
      expect(await app.get(path)).toMatchObject({ status: 418, body: '{"filtered":true}' });
    }
    expect(app.app.get(Filtered).runs).toBe(3);
  });

  it('caches handlers of request-scoped controllers', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class WhoAsks {
      constructor(@Inject(REQUEST) private readonly request: { headers: Record<string, string> }) {}

      get name(): string {
        return this.request.headers['x-name'] ?? 'nobody';
      }
    }
    let made = 0;
    @Controller({ path: 'scoped', scope: Scope.REQUEST })
    class Scoped {
      constructor(@Inject(WhoAsks) private readonly who: WhoAsks) {
        made++;
      }

      @Get()
      @Cacheable({ returns: 'response', vary: ['X-Name'] })
      get(): object {
        return { for: this.who.name };
      }
    }
    const app = await startHttpApp(platform, { controllers: [Scoped], providers: [WhoAsks] });
    for (const name of ['Ada', 'Bob', 'Ada', 'Bob']) {
      expect((await app.get('/scoped', { 'x-name': name })).body).toBe(`{"for":"${name}"}`);
    }
    expect(app.counted('Scoped.get')).toMatchObject({ reads: 4, loads: 2 });
    expect(made).toBe(4);
  });

  it('passes everything through inside `bypass`', async () => {
    @Injectable()
    class Bypassing {
      intercept(_context: unknown, next: { handle(): unknown }): unknown {
        return bypass(() => next.handle());
      }
    }
    @Controller('bypassed')
    class Bypassed {
      runs = 0;

      @Get()
      @Cacheable({ returns: 'response' })
      @UseInterceptors(Bypassing as never)
      get(): object {
        return { run: ++this.runs };
      }
    }
    const app = await startHttpApp(platform, { controllers: [Bypassed] });
    expect([(await app.get('/bypassed')).body, (await app.get('/bypassed')).body]).toEqual(['{"run":1}', '{"run":2}']);
  });
});

describe.each(PLATFORMS)('a decorated controller on %s', (platform) => {
  @Controller('plain')
  class Plain {
    runs = 0;

    @Get()
    @Cacheable({ returns: 'response' })
    get(@Req() _request: unknown): object {
      return { run: ++this.runs };
    }
  }

  it.each([
    ['of an application without a CacheModule', false as const],
    ['where the cache is disabled', CacheModule.disabled()],
  ])('%s works uncached', async (_where, cacheModule) => {
    const app = await startHttpApp(platform, {
      controllers: [Plain],
      providers: [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }],
      cacheModule,
    });
    expect((await app.get('/plain')).body).toBe('{"run":1}');
    const second = await app.get('/plain');
    expect(second.body).toBe('{"run":2}');
    expect(second.headers).not.toHaveProperty('cache-status');
    expect(second.headers).not.toHaveProperty('age');
  });

  @Controller('second')
  class Second {
    runs = 0;

    @Get()
    @Cacheable({ returns: 'response', registration: 'second', tags: ['second'] })
    get(): object {
      return { run: ++this.runs };
    }
  }

  @Controller('second')
  @Cacheable({ returns: 'response', registration: 'second', tags: ['second'] })
  class AllOfSecond {
    runs = 0;

    @Get()
    get(): object {
      return { run: ++this.runs };
    }
  }

  it.each([
    ['on it', Second],
    ['on its controller', AllOfSecond],
  ])('is cached by the registration that is named %s, and by no other', async (_where, controller) => {
    const app = await startHttpApp(platform, {
      controllers: [controller],
      imports: [CacheModule.forRoot({ registration: 'second', http: { cacheStatus: 'second' } })],
      providers: [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }],
    });
    const run = async (): Promise<string> => (await app.get('/second')).body;
    expect([await run(), await run()]).toEqual(['{"run":1}', '{"run":1}']);
    expect((await app.get('/second')).headers['cache-status']).toMatch(/^second; hit; ttl=\d+; detail=memory$/);
    await app.cache.invalidate({ tags: ['second'] });
    expect(await run()).toBe('{"run":1}');
    await app.app.get<CacheService>(getCacheServiceToken('second'), { strict: false }).invalidate({ tags: ['second'] });
    expect(await run()).toBe('{"run":2}');
    expect(app.cache.status().caches).toEqual({});
  });
});
