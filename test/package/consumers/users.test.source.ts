// What somebody's own test of a cached service looks like; run by Jest and by Vitest, with their globals.
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  Cache,
  Cacheable,
  CacheEvict,
  CacheModule,
  CacheService,
  getCacheToken,
  InjectCache,
} from 'nestjs-hybrid-cache';
import { CacheTestingModule, TestClock } from 'nestjs-hybrid-cache/testing';

@Injectable()
class UserService {
  calls = 0;

  constructor(
    private readonly cache: CacheService,
    @InjectCache('rates') readonly rates: Cache<number>,
  ) {}

  @Cacheable({ cache: 'users', key: (id: string) => id, tags: (id: string) => [`user:${id}`] })
  async findOne(id: string): Promise<{ id: string; call: number }> {
    return { id, call: ++this.calls };
  }

  @CacheEvict({ tags: (id: string) => [`user:${id}`] })
  async rename(_id: string): Promise<void> {}

  clear(): Promise<unknown> {
    return this.cache.clear();
  }
}

const options = { ttl: '5m', caches: { users: {}, rates: {} } } as const;

describe('a cached service', () => {
  it('expires by the clock of the test', async () => {
    const clock = new TestClock();
    const module = await Test.createTestingModule({
      imports: [CacheTestingModule.forRoot(options, clock)],
      providers: [UserService],
    }).compile();
    await module.init();
    const users = module.get(UserService);
    await users.findOne('1');
    expect(await users.findOne('1')).toEqual({ id: '1', call: 1 });
    await clock.advance(6 * 60_000);
    expect(await users.findOne('1')).toEqual({ id: '1', call: 2 });
    await users.rename('1');
    expect(await users.findOne('1')).toEqual({ id: '1', call: 3 });
    await users.clear();
    expect(await users.findOne('1')).toEqual({ id: '1', call: 4 });
    await module.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('takes a fake for a named cache', async () => {
    const fake = { get: () => Promise.resolve(42) };
    const module = await Test.createTestingModule({
      imports: [CacheModule.forRoot(options)],
      providers: [UserService],
    })
      .overrideProvider(getCacheToken('rates'))
      .useValue(fake)
      .compile();
    expect(await module.get(UserService).rates.get('eur')).toBe(42);
    await module.close();
  });

  it('is the plain method without Nest', async () => {
    const users = new UserService({} as CacheService, {} as Cache<number>);
    await users.findOne('1');
    expect(await users.findOne('1')).toEqual({ id: '1', call: 2 });
  });
});
