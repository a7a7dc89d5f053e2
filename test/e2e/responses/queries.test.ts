import { Controller, Get, Query } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Cacheable } from '../../../lib/index.js';
import { PLATFORMS, startHttpApp, type Express, type HttpApp } from '../../support/http-app.js';
import { seededRandom } from '../../support/seeded-random.js';

/** Of an object of Fastify's own class, in an order of its own. */
const copyOf = (query: object): object => ({
  query: Object.entries(query).toSorted(([one], [other]) => (one < other ? -1 : 1)),
});

@Controller('queries')
class Queries {
  runs = 0;

  @Get('cached')
  @Cacheable({ returns: 'response' })
  cached(@Query() query: object): object {
    this.runs++;
    return copyOf(query);
  }

  @Get('plain')
  plain(@Query() query: object): object {
    return copyOf(query);
  }

  @Get('chosen')
  @Cacheable({ returns: 'response', query: ['page', 'filter'] })
  chosen(@Query() query: { page?: unknown; filter?: unknown; 'filter[a]'?: unknown }): object {
    this.runs++;
    return { page: query.page, filter: query.filter ?? query['filter[a]'] };
  }

  @Get('none')
  @Cacheable({ returns: 'response', query: [] })
  none(): object {
    return { run: ++this.runs };
  }
}

const NAMES = [
  'a',
  'b',
  'a[]',
  'a[0]',
  'a[b]',
  'a%5Bb%5D',
  '__proto__',
  '__proto__[a]',
  'constructor',
  'toString',
  'ä',
  '%C3%A4',
];
const VALUES = [
  '',
  '1',
  '01',
  '2',
  '+',
  '%20',
  '%2B',
  'x+y',
  'x%20y',
  'x%2By',
  '%31',
  '%zz',
  '%C3',
  'a=b',
  '[object Object]',
];

/** Queries that are alike, and not. */
function* someQueries(count: number): Generator<string> {
  const random = seededRandom(20_261_120);
  const oneOf = (texts: readonly string[]): string => texts[Math.floor(random() * texts.length)]!;
  for (let index = 0; index < count; index++) {
    const parameters = Array.from({ length: Math.floor(random() * 4) }, () =>
      random() < 0.1 ? oneOf(NAMES) : `${oneOf(NAMES)}=${oneOf(VALUES)}`,
    );
    yield encodeURI(parameters.join(random() < 0.05 ? ';' : '&')).replaceAll('%25', '%');
  }
}

const start = (platform: (typeof PLATFORMS)[number], parser?: 'simple' | 'extended'): Promise<HttpApp> =>
  startHttpApp(platform, {
    controllers: [Queries],
    configure: (nest) => {
      if (parser !== undefined) (nest.getHttpAdapter().getInstance() as Express).set('query parser', parser);
    },
  });

describe.each([
  ['fastify', undefined],
  ['express', 'simple'],
  ['express', 'extended'],
] as const)('a query in the key of a response on %s, parser %s', (platform, parser) => {
  it('gives no request an answer that its handler wouldn’t', async () => {
    const app = await start(platform, parser);
    for (const query of someQueries(400)) {
      const cached = await app.get(`/queries/cached?${query}`);
      const plain = await app.get(`/queries/plain?${query}`);
      expect([query, cached.status, cached.body]).toEqual([query, plain.status, plain.body]);
    }
    expect(app.counted('Queries.cached').hits).toBeGreaterThan(50);
  });
});

describe.each(PLATFORMS)('a query in the key of a response on %s', (platform) => {
  it('makes no difference by the order of its parameters, but of equal ones', async () => {
    const app = await start(platform);
    const first = await app.get('/queries/cached?a=1&b=2&c=3');
    expect((await app.get('/queries/cached?c=3&b=2&a=1')).body).toBe(first.body);
    expect((await app.get('/queries/cached?a=1&a=2')).body).toBe('{"query":[["a",["1","2"]]]}');
    expect((await app.get('/queries/cached?a=2&a=1')).body).toBe('{"query":[["a",["2","1"]]]}');
    expect(app.counted('Queries.cached')).toMatchObject({ loads: 3, hits: 1 });
  });

  it('counts for the parameters that `query` names', async () => {
    const app = await start(platform);
    const bodies = new Set<string>();
    for (const query of ['page=1', 'page=1&utm=x', 'utm=y&page=1', 'utm=z&page=1&pages=2']) {
      bodies.add((await app.get(`/queries/chosen?${query}`)).body);
    }
    expect([...bodies]).toEqual(['{"page":"1"}']);
    for (const query of ['page=2', 'page=1&page=2', 'page=1&filter[a]=1', 'page=1&filter%5Ba%5D=2', '']) {
      bodies.add((await app.get(`/queries/chosen?${query}`)).body);
    }
    expect(bodies.size).toBe(6);
    expect(app.counted('Queries.chosen')).toMatchObject({ loads: 6, hits: 3 });
  });

  it('doesn’t count at all with `query: []`', async () => {
    const app = await start(platform);
    for (const query of ['', '?', '?a=1', '?a=1&__proto__=2']) {
      expect((await app.get(`/queries/none${query}`)).body).toBe('{"run":1}');
    }
  });
});
