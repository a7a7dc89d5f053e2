import { ConflictException, Controller, Get, Inject, Injectable, Param, Post, Put } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import {
  Cacheable,
  CacheEvict,
  CacheInterceptor,
  CacheService,
  CacheTags,
  type HttpOptions,
} from '../../../lib/index.js';
import { PLATFORMS, startHttpApp, type HttpApp } from '../../support/http-app.js';

@Injectable()
class Goods {
  @CacheEvict({ tags: (id: string) => [`goods:${id}`, 'goods'] })
  async change(id: string): Promise<string> {
    return id;
  }
}

@Controller('goods')
@CacheTags('shop')
class GoodsController {
  constructor(
    @Inject(Goods) private readonly goods: Goods,
    @Inject(CacheService) private readonly cache: CacheService,
  ) {}

  @Get('many')
  @Cacheable({ returns: 'response', maxAge: '1m', edge: { maxAge: '1m' }, tags: () => MANY })
  many(): object {
    return {};
  }

  @Get('strange')
  @Cacheable({ returns: 'response', tags: ['a b', 'c,d', 'ü', '~all', 'x\r\nSet-Cookie: a=1'] })
  strange(): object {
    return {};
  }

  @Get(':id')
  @Cacheable({ returns: 'response', edge: { maxAge: '1m' } })
  @CacheTags((id: string) => [`goods:${id}`])
  get(@Param('id') id: string): object {
    return { id };
  }

  @Put(':id')
  @CacheEvict({ tags: (id: string) => [`goods:${id}`] })
  async put(@Param('id') id: string): Promise<object> {
    return { id };
  }

  @Post(':id')
  async post(@Param('id') id: string): Promise<object> {
    await this.goods.change(id);
    await this.cache.invalidate({ tags: ['by hand'], mode: 'soft' });
    return { id };
  }

  @Post('failing/:id')
  async fail(@Param('id') id: string): Promise<object> {
    await this.goods.change(id);
    throw new ConflictException();
  }

  @Post('nothing/at-all')
  nothing(): object {
    return {};
  }
}

/** More than any edge reads. */
const MANY = Array.from({ length: 100 }, (_, index) => `${index}`.padStart(200, 'x'));

describe.each(PLATFORMS)('an edge before %s', (platform) => {
  const start = (http: HttpOptions): Promise<HttpApp> =>
    startHttpApp(platform, {
      controllers: [GoodsController],
      providers: [Goods, { provide: APP_INTERCEPTOR, useClass: CacheInterceptor }],
      cache: { http },
    });

  it.each(['surrogate-key', 'xkey', 'cache-tag'] as const)('gets the tags of a response: %s', async (field) => {
    const app = await start({ surrogateKeys: field });
    for (const _ of [1, 2]) {
      const { headers } = await app.get('/goods/7');
      const keys = String(headers[field]).split(field === 'cache-tag' ? ',' : ' ');
      expect(keys).toEqual(expect.arrayContaining(['~all', '~cache:GoodsController.get', 'goods:7', 'shop']));
      expect(keys.filter((key) => /^~key:[\w-]{22}$/.test(key))).toHaveLength(1);
      expect(headers['cdn-cache-control']).toMatch(/^max-age=(60|59), must-revalidate$/);
    }
  });

  it('gets them in characters that part nothing', async () => {
    const app = await start({ surrogateKeys: 'surrogate-key', cacheGroups: true });
    const { headers } = await app.get('/goods/strange');
    const keys = String(headers['surrogate-key']).split(' ');
    expect(keys).toEqual(expect.arrayContaining(['a%20b', 'c%2Cd', '%C3%BC', 'x%0D%0ASet-Cookie:%20a=1']));
    expect(headers).not.toHaveProperty('set-cookie');
    expect(headers['cache-groups']).toContain('"x%0D%0ASet-Cookie: a=1"');
  });

  it.each(['surrogate-key', 'xkey', 'cache-tag'] as const)(
    'is told not to store what it couldn’t purge: %s',
    async (field) => {
      const app = await start({ surrogateKeys: field });
      for (const _ of [1, 2]) {
        const { headers } = await app.get('/goods/many');
        expect(String(headers[field]).length).toBeLessThanOrEqual(16_384);
        expect(headers['cdn-cache-control']).toBe('no-store');
        expect(headers['cache-control']).toMatch(/^private, max-age=\d+, must-revalidate$/);
      }
    },
  );

  it('gets no tags, if nothing is said', async () => {
    const app = await start({});
    const { headers } = await app.get('/goods/7');
    for (const field of ['surrogate-key', 'xkey', 'cache-tag', 'cache-groups'])
      expect(headers).not.toHaveProperty(field);
    expect((await app.send('PUT', '/goods/7')).headers).not.toHaveProperty('cache-group-invalidation');
  });

  it('gets the groups of a response', async () => {
    const app = await start({ cacheGroups: true });
    for (const _ of [1, 2]) {
      const groups = String((await app.get('/goods/7')).headers['cache-groups']).split(', ');
      expect(groups).toEqual(expect.arrayContaining(['"goods:7"', '"shop"', '"~all"']));
    }
  });

  it.each<[string, string, string[]]>([
    ['the handler itself', 'PUT', ['"goods:7"']],
    ['what it calls', 'POST', ['"goods:7"', '"goods"', '"by hand"']],
  ])('gets the groups that a request has invalidated, by %s', async (_who, method, groups) => {
    const app = await start({ cacheGroups: true });
    const { headers } = await app.send(method, '/goods/7');
    expect(String(headers['cache-group-invalidation']).split(', ').toSorted()).toEqual(groups.toSorted());
    expect((await app.send(method, '/goods/8')).headers['cache-group-invalidation']).not.toContain('goods:7');
  });

  it('gets those that were invalidated before a request failed', async () => {
    const app = await start({ cacheGroups: true });
    const { status, headers } = await app.send('POST', '/goods/failing/7');
    expect([status, headers['cache-group-invalidation']]).toEqual([409, '"goods:7", "goods"']);
  });

  it('gets none from a request that has invalidated nothing, or only reads', async () => {
    const app = await start({ cacheGroups: true });
    expect((await app.send('POST', '/goods/nothing/at-all')).headers).not.toHaveProperty('cache-group-invalidation');
    expect((await app.get('/goods/7')).headers).not.toHaveProperty('cache-group-invalidation');
  });
});
