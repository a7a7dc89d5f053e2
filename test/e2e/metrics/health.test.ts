import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule, type HealthCheckResult } from '@nestjs/terminus';
import { describe, expect, it } from 'vitest';
import { Cacheable, CacheService, CacheWarmer } from 'nestjs-hybrid-cache';
import { CacheHealth, CacheMetricsModule } from 'nestjs-hybrid-cache/metrics';
import { PLATFORMS, startHttpApp } from '../../support/http-app.js';
import { startApp } from '../../support/nest-app.js';
import { eventually } from '../../support/servers/eventually.js';

const imports = [CacheMetricsModule.forRoot({ path: false })];

@Controller()
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly cache: CacheHealth,
  ) {}

  @Get('health')
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.cache.check()]);
  }

  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.cache.check('cache', { warm: true })]);
  }
}
Reflect.defineMetadata('design:paramtypes', [HealthCheckService, CacheHealth], HealthController);

describe.each(PLATFORMS)('an indicator of terminus over %s', (platform) => {
  it('says up with its details, and down once the cache is closed', async () => {
    const { get, app } = await startHttpApp(platform, {
      imports: [...imports, TerminusModule.forRoot({ logger: false })],
      controllers: [HealthController],
    });
    const up = await get('/health');
    expect(up.status).toBe(200);
    expect(JSON.parse(up.body)).toMatchObject({
      status: 'ok',
      info: {
        cache: {
          status: 'up',
          state: 'up',
          reasons: [],
          details: { trusted: true, redis: 'none', queuedInvalidations: 0, warm: true, entries: 0 },
        },
      },
    });

    await app.get(CacheService).close();
    const down = await get('/health');
    expect(down.status).toBe(503);
    expect(JSON.parse(down.body)).toMatchObject({ error: { cache: { status: 'down', reasons: ['it is closed'] } } });
  });
});

describe('a cache', () => {
  it('is down for a readiness probe while it is warmed, and for no other', async () => {
    let finish = (): void => undefined;
    const listed = new Promise<void>((resolve) => (finish = resolve));
    class Products {
      @Cacheable({ cache: 'products', key: (id: string) => id })
      find(id: string): Promise<string> {
        return Promise.resolve(`product ${id}`);
      }

      @CacheWarmer({ warms: 'find' })
      async list(): Promise<string[]> {
        await listed;
        return ['1'];
      }
    }
    const app = await startApp({ imports, providers: [Products] }, { caches: { products: {} } });
    const health = app.get(CacheHealth);

    expect(health.check('cache', { warm: true }).cache).toMatchObject({
      status: 'down',
      reasons: ['it is still being warmed'],
    });
    expect(health.check().cache.status).toBe('up');
    finish();
    await eventually('it is warm', () => Promise.resolve(health.report().details.warm));
    expect(health.check('cache', { warm: true }).cache.status).toBe('up');
    await eventually('nothing is under way', () => Promise.resolve(app.get(CacheService).status().background === 0));
  });

  it('is degraded while its source is given up, and terminus is told as one wishes', async () => {
    const caches = { products: { origin: { breaker: { minimumLoads: 1, openFor: '1h' } } } };
    const app = await startApp({ imports }, { caches });
    const fail = (): never => {
      throw new Error('the database is away');
    };
    await app
      .get(CacheService)
      .getOrLoad('products', '1', fail)
      .catch(() => undefined);
    const health = app.get(CacheHealth);

    expect(health.report()).toMatchObject({
      state: 'degraded',
      reasons: ['the source of cache products is given up for now'],
    });
    expect(health.check().cache.status).toBe('up');
    expect(health.check('cache', { degraded: 'degraded' }).cache.status).toBe('degraded');
    expect(health.check('shop-cache', { degraded: 'down' })['shop-cache'].status).toBe('down');
  });
});
