import { Controller, Get, Req, Version, VersioningType, type Type } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Cacheable } from '../../../lib/index.js';
import { PLATFORMS, startHttpApp, type HttpApp } from '../../support/http-app.js';

interface Asked {
  readonly headers: Readonly<Record<string, string | undefined>>;
}

const run = (from: string): object => ({ from });

@Controller('versioned')
class Versioned {
  @Get()
  @Version('1')
  @Cacheable({ returns: 'response', cache: 'pages' })
  first(): object {
    return run('1');
  }

  @Get()
  @Version('2')
  @Cacheable({ returns: 'response', cache: 'pages' })
  second(): object {
    return run('2');
  }

  @Get('both')
  @Version(['1', '2'])
  @Cacheable({ returns: 'response', cache: 'pages', vary: ['X-Version'] })
  both(@Req() { headers }: Asked): object {
    return run(headers['x-version'] ?? 'none');
  }
}

/** Two classes of one name, for a version each. */
function twins(): Type[] {
  const twin = (version: string): Type => {
    @Controller({ path: 'twins', version })
    class Twins {
      @Get()
      @Cacheable({ returns: 'response', cache: 'pages' })
      get(): object {
        return run(version);
      }
    }
    return Twins;
  };
  return [twin('1'), twin('2')];
}

const from = async (app: HttpApp, path: string, headers = {}): Promise<string> => {
  const { body } = await app.get(path, headers);
  return (JSON.parse(body) as { from: string }).from;
};

describe.each(PLATFORMS)('the version in the key of a response on %s', (platform) => {
  const start = (versioning: Parameters<HttpApp['app']['enableVersioning']>[0]): Promise<HttpApp> =>
    startHttpApp(platform, {
      controllers: [Versioned, ...twins()],
      cache: { caches: { pages: {} } },
      configure: (nest) => nest.enableVersioning(versioning),
    });

  it.each([['/versioned'], ['/versioned/both'], ['/twins']])('is that of its header: %s', async (path) => {
    const app = await start({ type: VersioningType.HEADER, header: 'X-Version' });
    for (const version of ['1', '2', '1', '2']) {
      expect(await from(app, path, { 'x-version': version })).toBe(version);
    }
    expect((await app.get(path, { 'x-version': '3' })).status).toBe(404);
    expect(app.counted('pages')).toMatchObject({ loads: 2, hits: 2 });
  });

  it.each([['/versioned'], ['/twins']])('is that of its media type: %s', async (path) => {
    const app = await start({ type: VersioningType.MEDIA_TYPE, key: 'v=' });
    for (const version of ['1', '2', '1', '2']) {
      expect(await from(app, path, { accept: `application/json;v=${version}` })).toBe(version);
    }
    expect(app.counted('pages')).toMatchObject({ loads: 2, hits: 2 });
  });

  it('is that of its URL', async () => {
    const app = await start({ type: VersioningType.URI });
    for (const version of ['1', '2', '1', '2']) expect(await from(app, `/v${version}/twins`)).toBe(version);
    expect(app.counted('pages')).toMatchObject({ loads: 2, hits: 2 });
  });
});
