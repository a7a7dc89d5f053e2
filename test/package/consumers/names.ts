// The names of the caches, checked by the compiler once they are declared.
import { type Cache, type CacheService, InjectCache } from 'nestjs-hybrid-cache';

declare module 'nestjs-hybrid-cache' {
  interface CacheNames {
    users: true;
    billing: true;
  }
}

export class Reader {
  constructor(
    private readonly cache: CacheService,
    @InjectCache('users') readonly users: Cache<string>,
  ) {}

  async read(): Promise<string | undefined> {
    // @ts-expect-error -- no cache of that name was declared
    await this.cache.get('uzers', '1');
    return this.cache.get('billing', '1');
  }
}
