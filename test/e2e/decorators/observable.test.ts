import { Injectable } from '@nestjs/common';
import { concat, lastValueFrom, NEVER, Observable, of, range, toArray } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { Cacheable, CacheService, CacheTimeoutError } from 'nestjs-hybrid-cache';
import { startApp } from '../../support/nest-app.js';

@Injectable()
class Prices {
  runs = 0;
  left = 0;

  @Cacheable({ returns: 'observable', tags: (name: string) => [name] })
  of(name: string): Observable<string> {
    this.runs++;
    return of(`${name} 1`, `${name} 2`);
  }

  @Cacheable({ returns: 'observable', hardTimeout: 20, abandonAfter: 20 })
  endless(): Observable<number> {
    return concat(of(1), new Observable<number>(() => () => this.left++), NEVER);
  }

  @Cacheable({ returns: 'observable' })
  many(count: number): Observable<number> {
    return range(1, count);
  }

  @Cacheable({ returns: 'observable', condition: () => false })
  uncached(): Observable<number> {
    this.runs++;
    return of(1, 2);
  }
}

let prices: Prices;
let cache: CacheService;

beforeEach(async () => {
  const app = await startApp({ providers: [Prices] });
  prices = app.get(Prices);
  cache = app.get(CacheService);
});

const all = <T>(source: Observable<T>): Promise<T[]> => lastValueFrom(source.pipe(toArray()));

describe('@Cacheable on a method that returns an Observable', () => {
  it('replays every value, one read for each subscription', async () => {
    const source = prices.of('tea');
    expect(source).toBeInstanceOf(Observable);
    expect(prices.runs).toBe(0);
    expect(await Promise.all([all(source), all(source)])).toEqual([
      ['tea 1', 'tea 2'],
      ['tea 1', 'tea 2'],
    ]);
    expect(await all(prices.of('tea'))).toEqual(['tea 1', 'tea 2']);
    expect(prices.runs).toBe(1);
    expect(cache.status().caches['Prices.of']).toMatchObject({ reads: 3, hits: 1, misses: 2 });
  });

  it('is invalidated like any other', async () => {
    await all(prices.of('tea'));
    await cache.invalidate({ tags: ['tea'] });
    await all(prices.of('tea'));
    expect(prices.runs).toBe(2);
  });

  it('ends one that never completes at its hard timeout, and leaves it', async () => {
    await expect(all(prices.endless())).rejects.toThrow(CacheTimeoutError);
    await expect.poll(() => prices.left).toBe(1);
    await expect.poll(() => cache.status().flights).toBe(0);
  });

  it('refuses one of more than 1,000 values', async () => {
    expect(await all(prices.many(1_000))).toHaveLength(1_000);
    await expect(all(prices.many(1_001))).rejects.toThrow(/more than 1000 values/);
  });

  it('hands over the values when its condition says no', async () => {
    expect(await all(prices.uncached())).toEqual([1, 2]);
    expect(await all(prices.uncached())).toEqual([1, 2]);
    expect(prices.runs).toBe(2);
  });
});
