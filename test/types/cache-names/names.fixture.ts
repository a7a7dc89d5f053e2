import {
  Cacheable,
  CacheEvict,
  CacheModule,
  CachePut,
  CacheService,
  InjectCache,
  type Cache,
} from 'nestjs-hybrid-cache';

declare module 'nestjs-hybrid-cache' {
  interface CacheNames {
    users: true;
    billing: true;
  }
}
declare const later: never;

export const module = CacheModule.forRoot({ caches: { users: {}, billing: { consistency: 'strong' } } });

// prettier-ignore -- a line a case, with what the compiler says at its end
export class Service {
  constructor(
    private readonly cache: CacheService,
    @InjectCache('users') readonly users: Cache<string>,
    @InjectCache('user') readonly other: Cache<string>, // error: is not assignable to parameter of type
  ) {}

  @Cacheable({ cache: 'users' }) accepted(id: string): Promise<string> {
    return later;
  }
  @Cacheable({ cache: 'user' }) // error: is not assignable to type
  refused(id: string): Promise<string> {
    return later;
  }
  @CacheEvict({ cache: 'billings' }) // error: is not assignable to type
  evict(): Promise<void> {
    return later;
  }
  @CachePut({ cache: 'usrs', key: (name: string) => name }) // error: is not assignable to type
  put(): Promise<string> {
    return later;
  }

  async byHand(): Promise<void> {
    await this.cache.evict('billing', '7');
    await this.cache.invalidate({ caches: ['users'], keys: [['billing', 7]] });
    await this.cache.evict('bills', '7'); // error: is not assignable to parameter of type
    await this.cache.invalidate({ caches: ['user'] }); // error: is not assignable to type
  }
}
