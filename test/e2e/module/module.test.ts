import { Injectable, Module } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  Cache,
  Cacheable,
  CacheEvict,
  CacheModule,
  CacheService,
  getCacheServiceToken,
  InjectCache,
  type CacheModuleOptions,
} from 'nestjs-hybrid-cache';
import { startApp, startWith } from '../../support/nest-app.js';

@Injectable()
class Numbers {
  runs = 0;

  @Cacheable({ cache: 'numbers', key: (n: number) => n })
  async next(n: number): Promise<number> {
    return n + ++this.runs;
  }
}

@Injectable()
class Holder {
  constructor(@InjectCache('numbers') readonly numbers: Cache<number>) {}
}

const options: CacheModuleOptions = { caches: { numbers: { ttl: '1m' } } };

async function expectCached(app: { get<T>(type: new () => T): T }): Promise<void> {
  const numbers = app.get(Numbers);
  expect(await numbers.next(1)).toBe(await numbers.next(1));
}

describe('CacheModule', () => {
  it('takes options from a factory', async () => {
    const app = await startWith({
      imports: [CacheModule.forRootAsync({ useFactory: async () => options })],
      providers: [Numbers, Holder],
    });
    await expectCached(app);
    expect(await app.get(Holder).numbers.get(1)).toBe(2);
  });

  it('takes options from a class', async () => {
    class Settings {
      createCacheOptions(): CacheModuleOptions {
        return options;
      }
    }
    const app = await startWith({
      imports: [CacheModule.forRootAsync({ useClass: Settings })],
      providers: [Numbers],
    });
    await expectCached(app);
  });

  it('takes options from a provider of another module', async () => {
    class Settings {
      createCacheOptions(): CacheModuleOptions {
        return options;
      }
    }
    @Module({ providers: [Settings], exports: [Settings] })
    class SettingsModule {}
    const app = await startWith({
      imports: [CacheModule.forRootAsync({ imports: [SettingsModule], useExisting: Settings })],
      providers: [Numbers],
    });
    await expectCached(app);
  });

  it('is seen by modules that don’t import it', async () => {
    @Module({ providers: [Numbers], exports: [Numbers] })
    class FeatureModule {}
    const app = await startApp({ imports: [FeatureModule] }, options);
    await expectCached(app);
  });

  it('is seen by those who import it only, with isGlobal: false', async () => {
    @Module({ imports: [], providers: [Numbers] })
    class Outside {}
    const app = await startWith({ imports: [CacheModule.forRoot({ ...options, isGlobal: false }), Outside] });
    // instances out of reach of injection are found when the application starts
    await expectCached(app);
  });

  it('adds the caches of a feature', async () => {
    const app = await startApp({ imports: [CacheModule.forFeature({ numbers: { ttl: '2m' } })], providers: [Numbers] });
    await expectCached(app);
    expect(Object.keys(app.get(CacheService).status().caches)).toContain('numbers');
  });

  it('passes everything through when it is disabled', async () => {
    const app = await startWith({ imports: [CacheModule.disabled(options)], providers: [Numbers, Holder] });
    const numbers = app.get(Numbers);
    expect([await numbers.next(1), await numbers.next(1)]).toEqual([2, 3]);
    const { numbers: cache } = app.get(Holder);
    await cache.set(1, 9);
    expect(await cache.get(1)).toBeUndefined();
    expect(await cache.getOrLoad(1, () => 5)).toBe(5);
    expect(await cache.put(1, () => 6)).toBe(6);
    expect(await cache.getOrLoadMany([1, 2], (missing) => missing.map((n) => n * 2))).toEqual([2, 4]);
    expect(app.get(CacheService).status()).toMatchObject({ enabled: false, memory: { entries: 0 } });
  });

  it('holds two caches apart that are registered under two names', async () => {
    @Injectable()
    class Sessions {
      @Cacheable({ registration: 'sessions' })
      async find(id: number): Promise<object> {
        return { id };
      }

      @CacheEvict({ registration: 'sessions', all: true })
      async clear(): Promise<void> {}
    }
    const app = await startWith({
      imports: [CacheModule.forRoot(options), CacheModule.forRoot({ registration: 'sessions', isolation: 'frozen' })],
      providers: [Numbers, Sessions],
    });
    const [main, sessions] = [app.get(CacheService), app.get<CacheService>(getCacheServiceToken('sessions'))];
    expect(main).not.toBe(sessions);
    const first = await app.get(Sessions).find(1);
    const number = await app.get(Numbers).next(1);
    await main.clear();
    expect(await app.get(Sessions).find(1)).toBe(first);
    expect(await app.get(Numbers).next(1)).toBe(number + 1);
    await app.get(Sessions).clear();
    expect(await app.get(Sessions).find(1)).not.toBe(first);
    expect(Object.keys(sessions.status().caches)).toEqual(['Sessions.find']);
    await sessions.close();
  });

  it('goes on answering, from the source, after it is closed', async () => {
    const app = await startApp({ providers: [Numbers] }, options);
    await expectCached(app);
    await app.close();
    const numbers = app.get(Numbers);
    expect(await numbers.next(1)).not.toBe(await numbers.next(1));
    expect(await app.get(CacheService).invalidate({ tags: ['a'] })).toMatchObject({ status: 'applied' });
  });
});
