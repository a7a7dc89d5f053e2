import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { Controller, Get, StreamableFile } from '@nestjs/common';
import { EMPTY, from, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Cacheable, CacheModule } from '../../../lib/index.js';
import { PLATFORMS, startHttpApp, type Answer, type HttpApp } from '../../support/http-app.js';

const FILE = randomBytes(300_000);

@Controller('bodies')
class Bodies {
  runs = 0;

  #run<T>(body: T): T {
    this.runs++;
    return body;
  }

  @Get('null')
  @Cacheable({ returns: 'response' })
  null(): null {
    return this.#run(null);
  }

  @Get('undefined')
  @Cacheable({ returns: 'response' })
  undefined(): undefined {
    return this.#run(undefined);
  }

  @Get('empty')
  @Cacheable({ returns: 'response' })
  empty(): string {
    return this.#run('');
  }

  @Get('zero')
  @Cacheable({ returns: 'response' })
  zero(): number {
    return this.#run(0);
  }

  @Get('false')
  @Cacheable({ returns: 'response' })
  async false(): Promise<boolean> {
    return this.#run(false);
  }

  @Get('text')
  @Cacheable({ returns: 'response' })
  text(): string {
    return this.#run('<b>text</b>');
  }

  @Get('list')
  @Cacheable({ returns: 'response' })
  list(): unknown[] {
    return this.#run([1, 'two', { three: 3, nothing: undefined }, new Date(0)]);
  }

  @Get('bytes')
  @Cacheable({ returns: 'response' })
  bytes(): Buffer {
    return this.#run(Buffer.from('bytes'));
  }

  @Get('one')
  @Cacheable({ returns: 'response' })
  one(): unknown {
    return this.#run(of({ one: 1 }));
  }

  @Get('none')
  @Cacheable({ returns: 'response' })
  none(): unknown {
    return this.#run(EMPTY);
  }

  @Get('several')
  @Cacheable({ returns: 'response' })
  several(): unknown {
    return this.#run(from([1, 2, 3]));
  }
}

@Controller('streams')
class Streams {
  runs = 0;

  @Get('file')
  @Cacheable({ returns: 'response' })
  file(): StreamableFile {
    this.runs++;
    return new StreamableFile(Readable.from([FILE.subarray(0, 100_000), FILE.subarray(100_000)]), {
      type: 'application/x-test',
      disposition: 'attachment',
      length: FILE.length,
    });
  }

  @Get('response')
  @Cacheable({ returns: 'response' })
  response(): Response {
    this.runs++;
    return new Response(FILE, { status: 200, headers: { 'x-web': 'web' } });
  }

  @Get('generator')
  @Cacheable({ returns: 'response' })
  async *generator(): AsyncGenerator<Buffer> {
    this.runs++;
    yield FILE.subarray(0, 100_000);
    yield FILE.subarray(100_000);
  }

  @Get('readable')
  @Cacheable({ returns: 'response' })
  readable(): Readable {
    this.runs++;
    return Readable.from([FILE.subarray(0, 100_000), FILE.subarray(100_000)]);
  }
}

describe.each(PLATFORMS)('what a cached handler returns on %s', (platform) => {
  const start = (cacheModule = CacheModule.forRoot()): Promise<HttpApp> =>
    startHttpApp(platform, { controllers: [Bodies], cacheModule });
  const seen = ({ status, body, headers }: Answer): unknown[] => [
    status,
    body,
    headers['content-type'],
    headers['content-length'],
  ];

  it.each(['null', 'undefined', 'empty', 'zero', 'false', 'text', 'list', 'bytes', 'one', 'several'])(
    'is answered as it would be without a cache, on a miss and on a hit: %s',
    async (name) => {
      const plain = seen(await (await start(CacheModule.disabled())).get(`/bodies/${name}`));
      const app = await start();
      expect(seen(await app.get(`/bodies/${name}`))).toEqual(plain);
      const hit = await app.get(`/bodies/${name}`);
      expect(seen(hit)).toEqual(plain);
      expect(hit.headers['cache-status']).toMatch(/; hit;/);
      expect(app.app.get(Bodies).runs).toBe(1);
    },
  );

  it('is an error without a value, as it would be without a cache, and isn’t stored', async () => {
    const plain = seen(await (await start(CacheModule.disabled())).get('/bodies/none'));
    const app = await start();
    for (const run of [1, 2]) {
      expect(seen(await app.get('/bodies/none'))).toEqual(plain);
      expect(app.app.get(Bodies).runs).toBe(run);
    }
  });

  it.each(['file', 'readable', 'response', 'generator'])(
    'hands over a stream intact, to each who asks its own: %s',
    async (name) => {
      const app = await startHttpApp(platform, { controllers: [Streams] });
      const answers = await Promise.all([1, 2, 3].map(() => app.get(`/streams/${name}`)));
      answers.push(await app.get(`/streams/${name}`));
      for (const answer of answers) {
        expect(answer.status).toBe(200);
        expect(FILE.equals(answer.bytes)).toBe(true);
        expect(answer.headers).not.toHaveProperty('etag');
        expect(answer.headers).not.toHaveProperty('age');
      }
      expect(app.app.get(Streams).runs).toBe(4);
      expect(app.counted(`Streams.${name}`)).toMatchObject({ hits: 0, entries: 0, notStored: { personal: 4 } });
    },
  );
});
