import {
  Controller,
  Get,
  Injectable,
  Res,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
} from '@nestjs/common';
import type { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Cacheable } from '../../../lib/index.js';
import { PLATFORMS, startHttpApp, type HttpApp, type Reply } from '../../support/http-app.js';

/** What comes before every handler, such as a session. */
@Injectable()
class GivesCookies {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    context.switchToHttp().getResponse<Reply>().header('set-cookie', ['first=1', 'second=2']);
    return next.handle();
  }
}

let runs = 0;

@Controller('cookies')
@UseInterceptors(GivesCookies)
class Cookies {
  @Get('of-others')
  @Cacheable({ returns: 'response', public: true, maxAge: '1m', sMaxAge: '1m', edge: { maxAge: '1m' } })
  ofOthers(): object {
    return { run: ++runs };
  }

  @Get('of-its-own')
  @Cacheable({ returns: 'response' })
  ofItsOwn(@Res({ passthrough: true }) reply: AppendingReply): object {
    const run = ++runs;
    if (reply.raw === undefined) reply.append('set-cookie', `own=${run}`);
    else reply.header('set-cookie', `own=${run}`);
    return { run };
  }

  @Get('of-node')
  @Cacheable({ returns: 'response' })
  ofNode(@Res({ passthrough: true }) reply: AppendingReply): object {
    const run = ++runs;
    reply.appendHeader('set-cookie', `own=${run}`);
    return { run };
  }
}

interface AppendingReply extends Reply {
  readonly raw?: unknown;
  append(name: string, value: string): void;
  appendHeader(name: string, value: string): void;
}

describe.each(PLATFORMS)('cookies on %s', (platform) => {
  it('that come before the handler are set on each response, and don’t keep its answer from being stored', async () => {
    const app = await startHttpApp(platform, { controllers: [Cookies] });
    const first = await app.get('/cookies/of-others');
    const hit = await app.get('/cookies/of-others');
    expect(hit.body).toBe(first.body);
    expect(hit.headers['set-cookie']).toEqual(['first=1', 'second=2']);
  });

  it('that come beside an answer are kept by no shared cache', async () => {
    const app = await startHttpApp(platform, { controllers: [Cookies] });
    for (const _ of [1, 2]) {
      const { headers } = await app.get('/cookies/of-others');
      expect(headers['cache-control']).toMatch(/^private, max-age=\d+, must-revalidate$/);
      expect(headers['cdn-cache-control']).toBe('no-store');
    }
  });

  // what is put on Node's response behind Fastify's back gives way to what Fastify has
  const ways = platform === 'express' ? ['of-its-own', 'of-node'] : ['of-its-own'];
  it.each(ways)('that a handler adds to them keep its answer from being stored: %s', async (path) => {
    const app = await startHttpApp(platform, { controllers: [Cookies] });
    for (const _ of [1, 2]) {
      const { body, headers } = await app.get(`/cookies/${path}`);
      const { run } = JSON.parse(body) as { run: number };
      expect([run, headers['set-cookie']?.at(-1)]).toEqual([runs, `own=${runs}`]);
    }
  });
});

const COOKIES = Symbol('fastify.reply.setCookies');

interface LateReply extends Reply {
  [COOKIES]: Map<string, { name: string; value: string }> | null;
  getHeader(name: string): unknown;
}

interface Fastify {
  decorateReply(name: symbol, value: null): void;
  addHook(name: 'onSend', hook: (request: unknown, reply: LateReply, body: unknown, done: () => void) => void): void;
}

/** As @fastify/cookie has it since version 9: cookies wait in a map of the reply, and become headers when it is sent. */
function bringCookiesLate(app: HttpApp['app']): void {
  const fastify = app.getHttpAdapter().getInstance() as Fastify;
  fastify.decorateReply(COOKIES, null);
  fastify.addHook('onSend', (_request, reply, _body, done) => {
    for (const { name, value } of reply[COOKIES]?.values() ?? []) reply.header('set-cookie', `${name}=${value}`);
    done();
  });
}

const setCookie = (reply: LateReply, name: string, value: string): void => {
  (reply[COOKIES] ??= new Map()).set(name, { name, value });
};

@Injectable()
class GivesLateCookies {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    setCookie(context.switchToHttp().getResponse<LateReply>(), 'first', '1');
    return next.handle();
  }
}

@Controller('late')
class LateCookies {
  @Get('own')
  @Cacheable({ returns: 'response' })
  async own(@Res({ passthrough: true }) reply: LateReply): Promise<object> {
    const run = ++runs;
    await Promise.resolve();
    setCookie(reply, 'own', String(run));
    return { run };
  }

  @Get('changed')
  @Cacheable({ returns: 'response' })
  @UseInterceptors(GivesLateCookies)
  changed(@Res({ passthrough: true }) reply: LateReply): object {
    const run = ++runs;
    setCookie(reply, 'first', String(run + 1));
    return { run };
  }

  @Get('of-others')
  @Cacheable({ returns: 'response', public: true, maxAge: '1m' })
  @UseInterceptors(GivesLateCookies)
  ofOthers(): object {
    return { run: ++runs };
  }
}

describe('cookies that Fastify sets when it sends', () => {
  const start = (): Promise<HttpApp> =>
    startHttpApp('fastify', { controllers: [LateCookies], configure: (nest) => bringCookiesLate(nest) });

  it.each(['own', 'changed'])('keep an answer from being stored, and from all who wait for it: %s', async (path) => {
    const app = await start();
    const before = runs;
    const answers = await Promise.all([1, 2, 3].map(() => app.get(`/late/${path}`)));
    answers.push(await app.get(`/late/${path}`));
    const bodies = new Set(answers.map(({ body }) => body));
    expect([bodies.size, runs - before]).toEqual([4, 4]);
    for (const { headers } of answers) expect(headers['set-cookie']).toHaveLength(1);
  });

  it('and come beside an answer are kept by no shared cache', async () => {
    const app = await start();
    const [miss, hit] = [await app.get('/late/of-others'), await app.get('/late/of-others')];
    expect(hit.body).toBe(miss.body);
    for (const { headers } of [miss, hit]) {
      expect(headers['set-cookie']).toEqual(['first=1']);
      expect(headers['cache-control']).toMatch(/^private, max-age=\d+, must-revalidate$/);
      expect(headers['cdn-cache-control']).toBe('no-store');
    }
  });
});
