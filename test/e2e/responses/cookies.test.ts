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
import { PLATFORMS, startHttpApp, type Reply } from '../../support/http-app.js';

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
