import { Inject, Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { Cacheable, CacheModule, CacheService } from 'nestjs-hybrid-cache';
import { CacheTestingModule, TestClock } from 'nestjs-hybrid-cache/testing';

@Injectable()
class Numbers {
  runs = 0;
  constructor(@Inject(CacheService) readonly cache: CacheService) {}

  @Cacheable({ ttl: '5m' })
  async next(): Promise<number> {
    return ++this.runs;
  }
}

describe('CacheTestingModule', () => {
  it('lets a test move the time', async () => {
    const clock = new TestClock();
    const module = await Test.createTestingModule({
      imports: [CacheTestingModule.forRoot({}, clock)],
      providers: [Numbers],
    }).compile();
    await module.init();
    const numbers = module.get(Numbers);
    expect(await numbers.next()).toBe(1);
    await clock.advance('4m59s');
    await clock.advance(999);
    expect(await numbers.next()).toBe(1);
    await clock.advance(1);
    expect(await numbers.next()).toBe(2);
    await expect(clock.advance('soon')).rejects.toThrow("got soon; takes milliseconds or a text such as '5m'");
    expect(module.get(TestClock)).toBe(clock);
    await module.close();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a test of one’s own', () => {
  it('can replace the module by a disabled one', async () => {
    const module = await Test.createTestingModule({
      imports: [CacheModule.disabled()],
      providers: [Numbers],
    }).compile();
    const numbers = module.get(Numbers);
    expect([await numbers.next(), await numbers.next()]).toEqual([1, 2]);
    await module.close();
  });

  it('can replace a named cache by a fake', async () => {
    const { Cache, getCacheToken, InjectCache } = await import('nestjs-hybrid-cache');
    @Injectable()
    class Holder {
      constructor(@InjectCache('faked') readonly cache: InstanceType<typeof Cache>) {}
    }
    const fake = { get: async () => 42 };
    const module = await Test.createTestingModule({
      imports: [CacheModule.forRoot({ caches: { faked: {} } })],
      providers: [Holder],
    })
      .overrideProvider(getCacheToken('faked'))
      .useValue(fake)
      .compile();
    expect(await module.get(Holder).cache.get('anything')).toBe(42);
    await module.close();
  });
});
