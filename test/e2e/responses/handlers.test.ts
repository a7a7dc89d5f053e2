import { Controller, Get, Header, HttpCode, Redirect, Render, Res, type INestApplication } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Cacheable } from '../../../lib/index.js';
import { PLATFORMS, startHttpApp, type Express, type Reply } from '../../support/http-app.js';

@Controller('answers')
class Answers {
  runs = 0;

  @Get('coded')
  @HttpCode(203)
  @Header('X-Fixed', 'fixed')
  @Cacheable({ returns: 'response' })
  coded(): object {
    return { run: ++this.runs };
  }

  @Get('through')
  @Cacheable({ returns: 'response' })
  through(@Res({ passthrough: true }) reply: Reply): object {
    reply.status(201);
    reply.header('X-Set', 'set');
    reply.header('Link', ['</a>; rel=next', '</b>; rel=prev']);
    return { run: ++this.runs };
  }

  @Get('text')
  @Cacheable({ returns: 'response' })
  text(): string {
    return '<b>text</b>';
  }

  @Get('redirect')
  @Redirect('/elsewhere')
  @Cacheable({ returns: 'response' })
  redirect(): object {
    return { url: `/elsewhere?run=${++this.runs}` };
  }

  @Get('kept-redirect')
  @Redirect('/elsewhere', 302)
  @Cacheable({ returns: 'response', statuses: [302] })
  keptRedirect(): object {
    return { url: `/elsewhere?run=${++this.runs}` };
  }

  @Get('other-redirect')
  @Redirect('/elsewhere', 302)
  @Cacheable({ returns: 'response', statuses: [302] })
  otherRedirect(): object {
    return { url: `/elsewhere?run=${++this.runs}`, statusCode: 307 };
  }

  @Get('view')
  @Render('greeting')
  @Cacheable({ returns: 'response', tags: ['view'] })
  view(): object {
    return { name: 'Ada', run: ++this.runs };
  }
}

const greet = (model: object): string => {
  const { name, run } = model as { name: string; run: number };
  return `<p>${name} ${run}</p>`;
};

/** A view engine of three lines for each platform. */
function renderViews(app: INestApplication): void {
  const instance = app.getHttpAdapter().getInstance() as Express & {
    decorateReply?: (name: string, view: unknown) => void;
  };
  if (instance.decorateReply !== undefined) {
    instance.decorateReply(
      'view',
      function view(this: Reply & { send(body: string): void }, _name: string, model: object) {
        this.header('content-type', 'text/html');
        this.send(greet(model));
      },
    );
    return;
  }
  class View {
    readonly path = '.';

    render(model: object, _options: unknown, done?: (error: null, html: string) => void): void {
      const send = (done ?? _options) as (error: null, html: string) => void;
      send(null, greet(model));
    }
  }
  instance.set('view', View);
}

describe.each(PLATFORMS)('a cached handler on %s', (platform) => {
  it('has its @HttpCode and its @Header on a hit', async () => {
    const app = await startHttpApp(platform, { controllers: [Answers] });
    await app.get('/answers/coded');
    const hit = await app.get('/answers/coded');
    expect(hit).toMatchObject({ status: 203, body: '{"run":1}', headers: { 'x-fixed': 'fixed' } });
  });

  it('has the status and the headers that it set with @Res({ passthrough: true }) on a hit', async () => {
    const app = await startHttpApp(platform, { controllers: [Answers] });
    await app.get('/answers/through');
    const hit = await app.get('/answers/through');
    expect(hit).toMatchObject({
      status: 201,
      body: '{"run":1}',
      headers: { 'x-set': 'set', link: '</a>; rel=next, </b>; rel=prev' },
    });
  });

  it('is asked for every redirect, unless `statuses` says to keep it', async () => {
    const app = await startHttpApp(platform, { controllers: [Answers] });
    const place = async (path: string): Promise<unknown[]> => {
      const { status, headers } = await app.get(`/answers/${path}`);
      return [status, headers.location];
    };
    expect(await place('redirect')).toEqual([302, '/elsewhere?run=1']);
    expect(await place('redirect')).toEqual([302, '/elsewhere?run=2']);
    expect(await place('kept-redirect')).toEqual([302, '/elsewhere?run=3']);
    expect(await place('kept-redirect')).toEqual([302, '/elsewhere?run=3']);
    expect(await place('other-redirect')).toEqual([307, '/elsewhere?run=4']);
    expect(await place('other-redirect')).toEqual([307, '/elsewhere?run=5']);
  });

  it('keeps the model of a view, which is rendered for each request', async () => {
    const app = await startHttpApp(platform, { controllers: [Answers], configure: renderViews });
    const view = async (): Promise<string> => (await app.get('/answers/view')).body;
    expect([await view(), await view()]).toEqual(['<p>Ada 1</p>', '<p>Ada 1</p>']);
    // of the model it would be no validator of the view
    expect((await app.get('/answers/view')).headers['etag'] ?? '').not.toMatch(/^W\/"[\w-]{22}"$/);
    await app.cache.invalidate({ tags: ['view'] });
    expect(await view()).toBe('<p>Ada 2</p>');
  });

  it('answers HEAD and GET from one entry', async () => {
    const app = await startHttpApp(platform, { controllers: [Answers] });
    const head = await app.send('HEAD', '/answers/text');
    const get = await app.get('/answers/text');
    expect([head.status, head.body, get.body]).toEqual([200, '', '<b>text</b>']);
    expect(get.headers['cache-status']).toMatch(/; hit;/);
    const again = await app.send('HEAD', '/answers/text');
    for (const field of ['etag', 'content-type', 'cache-control', 'vary']) {
      expect([field, again.headers[field]]).toEqual([field, get.headers[field]]);
    }
    expect(again.body).toBe('');
    expect(app.counted('Answers.text')).toMatchObject({ reads: 3, loads: 1 });
  });

  it('is found under a global prefix', async () => {
    const app = await startHttpApp(platform, {
      controllers: [Answers],
      configure: (nest) => nest.setGlobalPrefix('api'),
    });
    const paths = ['/api/answers/coded', '/api/answers/coded', '/answers/coded'];
    const statuses: number[] = [];
    for (const path of paths) statuses.push((await app.get(path)).status);
    expect(statuses).toEqual([203, 203, 404]);
    expect(app.app.get(Answers).runs).toBe(1);
  });
});
