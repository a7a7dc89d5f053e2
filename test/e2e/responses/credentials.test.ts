import { Controller, Get, Param, Req, type ExecutionContext } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Cacheable } from '../../../lib/index.js';
import { PLATFORMS, startHttpApp, type HttpApp } from '../../support/http-app.js';
import { seededRandom } from '../../support/seeded-random.js';

interface Asked {
  readonly headers: Readonly<Record<string, string | undefined>>;
}
const userOf = (context: ExecutionContext): string =>
  context.switchToHttp().getRequest<Asked>().headers['authorization'] as string;
const nobody = (() => undefined) as unknown as () => string;

@Controller('whose')
class Whose {
  runs = 0;

  #run({ headers }: Asked): object {
    this.runs++;
    return { whose: headers['authorization'] ?? headers['cookie'] ?? 'nobody’s' };
  }

  @Get('unsaid')
  @Cacheable({ returns: 'response' })
  unsaid(@Req() request: Asked): object {
    return this.#run(request);
  }

  @Get('scoped')
  @Cacheable({ returns: 'response', scope: userOf, maxAge: '1m' })
  scoped(@Req() request: Asked): object {
    return this.#run(request);
  }

  @Get('scoped/:route')
  @Cacheable({ returns: 'response', cache: 'scoped', scope: userOf })
  routes(@Req() { headers }: Asked, @Param('route') route: string): object {
    this.runs++;
    return { user: headers['authorization'], route };
  }

  @Get('public')
  @Cacheable({ returns: 'response', public: true })
  public(): object {
    this.runs++;
    return { everybody: true };
  }

  @Get('empty')
  @Cacheable({ returns: 'response', scope: () => '' })
  empty(): object {
    return { run: ++this.runs };
  }

  @Get('undefined')
  @Cacheable({ returns: 'response', scope: nobody })
  undefined(): object {
    return { run: ++this.runs };
  }
}

describe.each(PLATFORMS)('a request with credentials on %s', (platform) => {
  const start = (): Promise<HttpApp> =>
    startHttpApp(platform, { controllers: [Whose], cache: { caches: { scoped: {} } } });

  it.each([
    ['authorization', 'Bearer a', 'Bearer b'],
    ['cookie', 'sid=a', 'sid=b'],
  ])('is neither answered from the cache nor stored in it, if nothing is said: %s', async (field, a, b) => {
    const app = await start();
    for (const value of [a, b, a]) {
      const { body, headers } = await app.get('/whose/unsaid', { [field]: value });
      expect(body).toBe(JSON.stringify({ whose: value }));
      expect(headers['cache-status']).toBe(`nestjs-hybrid-cache; fwd=bypass; detail=${field}`);
      expect(headers['vary']).toBe('authorization, cookie');
    }
    for (const _ of [1, 2]) {
      const { body, headers } = await app.get('/whose/unsaid');
      expect(body).toBe('{"whose":"nobody’s"}');
      expect(headers['vary']).toBe('authorization, cookie');
    }
    expect(app.counted('Whose.unsaid')).toMatchObject({ bypassed: 3, loads: 1, hits: 1 });
  });

  it('is answered for each `scope` of its own, and kept by no shared cache', async () => {
    const app = await start();
    for (const authorization of ['a', 'b', 'a', 'b']) {
      const { body, headers } = await app.get('/whose/scoped', { authorization });
      expect(body).toBe(JSON.stringify({ whose: authorization }));
      expect(headers['cache-control']).toMatch(/^private, max-age=60, /);
      expect(headers).not.toHaveProperty('cdn-cache-control');
    }
    expect(app.counted('Whose.scoped')).toMatchObject({ loads: 2, hits: 2 });
  });

  it('is answered like all others with `public: true`', async () => {
    const app = await start();
    for (const headers of [{}, { authorization: 'a' }, { cookie: 'sid=b' }]) {
      const answer = await app.get('/whose/public', headers);
      expect(answer.body).toBe('{"everybody":true}');
      expect(answer.headers['cache-control']).toBe('public, max-age=0, must-revalidate');
      expect(answer.headers).not.toHaveProperty('vary');
    }
    expect(app.counted('Whose.public')).toMatchObject({ loads: 1, hits: 2 });
  });

  it.each(['empty', 'undefined'])(
    'is an error and no shared entry, if `scope` says whose it is in vain: %s',
    async (path) => {
      const app = await start();
      for (const authorization of ['a', 'b']) {
        expect((await app.get(`/whose/${path}`, { authorization })).status).toBe(500);
      }
      expect(app.app.get(Whose).runs).toBe(0);
    },
  );

  it('never gets the answer of another, in 1,000 random ones', async () => {
    const app = await start();
    const random = seededRandom(20_261_126);
    // names that would meet if they were merely put together with the route
    const users = ['a', 'A', 'ab', 'a b', 'b', '1:a', '2:ab', '#', '#@1:a', 'ü', '"', 'a/x', '__proto__', '-'];
    const routes = ['x', 'xa', 'xA', 'X', 'b%20x', 'x%2Fy', 'bx', '%231:a', '%22', 'y', 'constructor'];
    const oneOf = (texts: readonly string[]): string => texts[Math.floor(random() * texts.length)]!;
    const pairs = Array.from({ length: 1_000 }, () => [oneOf(users), oneOf(routes)] as const);
    for (let at = 0; at < pairs.length; at += 25) {
      await Promise.all(
        pairs.slice(at, at + 25).map(async ([user, route]) => {
          const { body } = await app.get(`/whose/scoped/${route}`, { authorization: user });
          expect(JSON.parse(body)).toEqual({ user, route: decodeURIComponent(route) });
        }),
      );
    }
    const { loads, hits } = app.counted('scoped');
    expect(loads).toBe(new Set(pairs.map(String)).size);
    expect(hits).toBeGreaterThan(700);
  });
});
