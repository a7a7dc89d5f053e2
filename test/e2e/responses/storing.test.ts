import { ConflictException, Controller, Get, Header, NotFoundException, Param, Query, Res } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Cacheable } from '../../../lib/index.js';
import { Gate, PLATFORMS, startHttpApp, type Reply } from '../../support/http-app.js';

@Controller('store')
class Store {
  runs = 0;
  readonly gate = new Gate();

  /** Answers with the header that it is asked for. */
  @Get('header')
  @Cacheable({ returns: 'response', maxAge: '1m', vary: ['X-Known'] })
  async header(
    @Query('name') name: string,
    @Query('value') value: string,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<object> {
    const run = ++this.runs;
    await this.gate.pass();
    if (name !== '') reply.header(name, value.replace('RUN', String(run)));
    return { run };
  }

  @Get('scoped')
  @Cacheable({ returns: 'response', scope: () => 'me' })
  scoped(@Res({ passthrough: true }) reply: Reply): object {
    reply.header('cache-control', 'private, max-age=5');
    return { run: ++this.runs };
  }

  @Get('status/:status')
  @Cacheable({ returns: 'response', maxAge: '1m' })
  async status(@Param('status') status: string, @Res({ passthrough: true }) reply: Reply): Promise<object> {
    const run = ++this.runs;
    await this.gate.pass();
    reply.status(Number(status));
    return { run };
  }

  @Get('kept/:status')
  @Cacheable({ returns: 'response', statuses: [404, 500] })
  kept(@Param('status') status: string, @Res({ passthrough: true }) reply: Reply): object {
    reply.status(Number(status));
    return { run: ++this.runs };
  }

  @Get('thrown')
  @Cacheable({ returns: 'response', statuses: [404] })
  thrown(): object {
    throw new NotFoundException({ run: ++this.runs });
  }

  @Get('negative')
  @Cacheable({ returns: 'response', negative: { errors: [NotFoundException] } })
  negative(@Query('kind') kind: string): object {
    const said = { run: ++this.runs };
    throw kind === 'conflict' ? new ConflictException(said) : new NotFoundException(said);
  }

  @Get('unless')
  @Cacheable({
    returns: 'response',
    maxAge: '1m',
    unless: ({ run }: { run: number }, n: string) => run === 1 || n === '2',
  })
  async unless(@Query('n') _n: string): Promise<{ run: number }> {
    const run = ++this.runs;
    await this.gate.pass();
    return { run };
  }

  @Get('large')
  @Cacheable({ returns: 'response', maxValueBytes: '1kb' })
  async large(): Promise<object> {
    const run = ++this.runs;
    await this.gate.pass();
    return { run, text: 'x'.repeat(2_000) };
  }

  @Get('declared')
  @Header('Cache-Control', 'no-store')
  @Cacheable({ returns: 'response' })
  declared(): object {
    return { run: ++this.runs };
  }

  @Get('sent')
  @Cacheable({ returns: 'response' })
  sent(@Res({ passthrough: true }) reply: Reply & { send(body: unknown): void }): void {
    reply.send({ run: ++this.runs });
  }
}

const runIn = (body: string): number => (JSON.parse(body) as { run: number }).run;

describe.each(PLATFORMS)('a response on %s', (platform) => {
  it.each([
    ['', '', true],
    ['x-own', 'own', true],
    ['cache-control', 'max-age=5', true],
    ['cache-control', 'public, must-revalidate', true],
    ['vary', 'X-Known', true],
    ['vary', 'x-known, X-KNOWN', true],
    ['set-cookie', 'a=RUN', false],
    ['cache-control', 'private', false],
    ['cache-control', 'max-age=5, No-Store', false],
    ['cache-control', 'no-cache="set-cookie"', false],
    ['vary', 'X-Known, X-Unknown', false],
    ['vary', '*', false],
    ['content-range', 'bytes 0-1/2', false],
  ])('that says %s: %s is stored: %s', async (name, value, isStored) => {
    const app = await startHttpApp(platform, { controllers: [Store] });
    app.app.get(Store).gate.open();
    const path = `/store/header?name=${name}&value=${encodeURIComponent(value)}`;
    const first = await app.get(path);
    const second = await app.get(path);
    expect([runIn(first.body), runIn(second.body)]).toEqual([1, isStored ? 1 : 2]);
    expect(first.headers['cache-status']).toBe(`nestjs-hybrid-cache; fwd=miss; stored${isStored ? '' : '=?0'}`);
    // with its header as the handler has set it; that of `Vary` has company
    const own = name === '' || name === 'vary' ? '' : value.replace('RUN', '2');
    expect(String(second.headers[name])).toContain(own);
    expect('age' in second.headers).toBe(isStored);
  });

  it.each([
    ['set-cookie', 'a=RUN'],
    ['cache-control', 'private'],
    ['cache-control', 'no-store'],
    ['vary', 'X-Unknown'],
  ])('that says %s: %s is for nobody who waits for the same', async (name, value) => {
    const app = await startHttpApp(platform, { controllers: [Store] });
    const { gate } = app.app.get(Store);
    const asked = Array.from({ length: 4 }, () => app.get(`/store/header?name=${name}&value=${value}`));
    await expect.poll(() => app.counted('Store.header').reads).toBe(4);
    gate.open();
    const answers = await Promise.all(asked);
    expect(new Set(answers.map(({ body }) => runIn(body)))).toEqual(new Set([1, 2, 3, 4]));
    for (const { body, headers } of answers) {
      expect(String(headers[name])).toContain(value.replace('RUN', String(runIn(body))));
    }
    expect(app.counted('Store.header')).toMatchObject({ loads: 4, entries: 0 });
  });

  it('that is private is stored for whose it is', async () => {
    const app = await startHttpApp(platform, { controllers: [Store] });
    for (const _ of [1, 2]) {
      const { body, headers } = await app.get('/store/scoped');
      expect([body, headers['cache-control']]).toEqual(['{"run":1}', 'private, max-age=5']);
    }
  });

  it.each([
    [200, true],
    [201, true],
    [203, true],
    [299, true],
    [206, false],
    [301, false],
    [400, false],
    [404, false],
    [500, false],
    [503, false],
  ])('with status %i is stored: %s', async (status, isStored) => {
    const app = await startHttpApp(platform, { controllers: [Store] });
    app.app.get(Store).gate.open();
    const path = `/store/status/${status}`;
    const answers = [await app.get(path), await app.get(path)];
    expect(answers.map((answer) => [answer.status, runIn(answer.body)])).toEqual([
      [status, 1],
      [status, isStored ? 1 : 2],
    ]);
  });

  it('that is an error is shared by those who wait for it, and by no cache', async () => {
    const app = await startHttpApp(platform, { controllers: [Store] });
    const { gate } = app.app.get(Store);
    const asked = Array.from({ length: 4 }, () => app.get('/store/status/503'));
    await expect.poll(() => app.counted('Store.status').reads).toBe(4);
    gate.open();
    const answers = await Promise.all(asked);
    for (const { status, body, headers } of answers) {
      expect([status, body]).toEqual([503, '{"run":1}']);
      expect(headers).not.toHaveProperty('cache-control');
      expect(headers).not.toHaveProperty('age');
    }
    const said = answers.map(({ headers }) => headers['cache-status']);
    expect(said.filter((status) => status === 'nestjs-hybrid-cache; fwd=miss; stored=?0')).toHaveLength(1);
    expect(said.filter((status) => status === 'nestjs-hybrid-cache; fwd=miss; stored=?0; collapsed')).toHaveLength(3);
    expect(runIn((await app.get('/store/status/503')).body)).toBe(2);
  });

  it('with a status that `statuses` names is stored', async () => {
    const app = await startHttpApp(platform, { controllers: [Store] });
    const runOf = async (status: number): Promise<number[]> => {
      const answer = await app.get(`/store/kept/${status}`);
      return [answer.status, runIn(answer.body)];
    };
    expect([await runOf(404), await runOf(404)]).toEqual([
      [404, 1],
      [404, 1],
    ]);
    expect([await runOf(500), await runOf(500)]).toEqual([
      [500, 2],
      [500, 2],
    ]);
    expect([await runOf(410), await runOf(410)]).toEqual([
      [410, 3],
      [410, 4],
    ]);
  });

  it('that was thrown isn’t stored, whatever `statuses` says', async () => {
    const app = await startHttpApp(platform, { controllers: [Store] });
    for (const run of [1, 2]) {
      expect(await app.get('/store/thrown')).toMatchObject({ status: 404, body: `{"run":${run}}` });
    }
  });

  it('that was thrown is stored if `negative` names its class', async () => {
    const app = await startHttpApp(platform, { controllers: [Store] });
    for (const _ of [1, 2]) {
      expect(await app.get('/store/negative?kind=missing')).toMatchObject({ status: 404, body: '{"run":1}' });
    }
    for (const run of [2, 3]) {
      expect(await app.get('/store/negative?kind=conflict')).toMatchObject({ status: 409, body: `{"run":${run}}` });
    }
  });

  it('that `unless` names, by result or argument, isn’t stored, nor kept by those who wait for it', async () => {
    const app = await startHttpApp(platform, { controllers: [Store] });
    const { gate } = app.app.get(Store);
    const asked = Array.from({ length: 3 }, () => app.get('/store/unless?n=1'));
    await expect.poll(() => app.counted('Store.unless').reads).toBe(3);
    gate.open();
    for (const { body, headers } of await Promise.all(asked)) {
      expect(body).toBe('{"run":1}');
      expect(headers).not.toHaveProperty('cache-control');
    }
    const runOf = async (n: number): Promise<number> => runIn((await app.get(`/store/unless?n=${n}`)).body);
    expect([await runOf(1), await runOf(1)]).toEqual([2, 2]);
    expect([await runOf(2), await runOf(2)]).toEqual([3, 4]);
  });

  it('that is too large is shared by those who wait for it, and isn’t stored', async () => {
    const app = await startHttpApp(platform, { controllers: [Store] });
    const { gate } = app.app.get(Store);
    const asked = Array.from({ length: 3 }, () => app.get('/store/large'));
    await expect.poll(() => app.counted('Store.large').reads).toBe(3);
    gate.open();
    expect((await Promise.all(asked)).map(({ body }) => runIn(body))).toEqual([1, 1, 1]);
    expect(runIn((await app.get('/store/large')).body)).toBe(2);
  });

  it('isn’t stored if its handler says so with @Header', async () => {
    const app = await startHttpApp(platform, { controllers: [Store] });
    for (const run of [1, 2]) {
      const { body, headers } = await app.get('/store/declared');
      expect([runIn(body), headers['cache-control']]).toEqual([run, 'no-store']);
    }
  });

  it('that the handler has sent by itself isn’t stored', async () => {
    const app = await startHttpApp(platform, { controllers: [Store] });
    for (const run of [1, 2]) expect((await app.get('/store/sent')).body).toBe(`{"run":${run}}`);
  });
});
