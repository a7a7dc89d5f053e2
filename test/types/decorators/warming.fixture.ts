import { Cacheable, CacheableMany, CacheWarmer, type WarmContext } from 'nestjs-hybrid-cache';

interface User {
  id: string;
}
declare const later: never;

class Service {
  @Cacheable() find(id: string): Promise<User> {
    return later;
  }
  @Cacheable() page(country: string, page?: number): Promise<User[]> {
    return later;
  }
  @Cacheable() byRoles(roles: string[]): Promise<User[]> {
    return later;
  }
  @Cacheable() all(): Promise<User[]> {
    return later;
  }
  @CacheableMany({ key: (user: User) => user.id }) many(ids: readonly string[]): Promise<User[]> {
    return later;
  }
  protected secret(id: string): Promise<User> {
    return later;
  }
}

// A line a case, with what the compiler says at its end.
// prettier-ignore
export class Accepted extends Service {
  @CacheWarmer({ warms: 'find' }) bare(): string[] { return later; }
  @CacheWarmer({ warms: 'find' }) async asked(): Promise<string[]> { return later; }
  @CacheWarmer({ warms: 'find' }) async *bit(): AsyncIterable<string> { yield later; }
  @CacheWarmer({ warms: 'find' }) *lazily(): Iterable<readonly [string]> { yield later; }
  @CacheWarmer({ warms: 'find' }) set({ signal }: WarmContext): Set<string> { void signal; return later; }
  @CacheWarmer({ warms: 'page' }) lists(): [string, number][] { return later; }
  @CacheWarmer({ warms: 'page' }) shorter(): [string][] { return later; }
  @CacheWarmer({ warms: 'page' }) first(): string[] { return later; }
  @CacheWarmer({ warms: 'byRoles' }) wrapped(): [string[]][] { return later; }
  @CacheWarmer({ warms: 'all' }) once(): [][] { return [[]]; }
  @CacheWarmer({ warms: 'many' }) keys(): string[] { return later; }
  @CacheWarmer({ warms: 'many' }) batches(): [string[]][] { return later; }
  @CacheWarmer({ cache: 'users' }) byCache(): number[] { return later; }
  @CacheWarmer({ warms: 'find', on: ['start', '10m', 60_000, '0 6 * * *'], concurrency: 8, others: 'go on', hold: true }) options(): string[] { return later; }
}

// prettier-ignore
export class Refused extends Service {
  @CacheWarmer({ warms: 'find' }) numbers(): number[] { return later; } // error: lists something else than arguments of the method it warms
  @CacheWarmer({ warms: 'find' }) async promised(): Promise<number[]> { return later; } // error: lists something else
  @CacheWarmer({ warms: 'find' }) tooMany(): [string, number][] { return later; } // error: lists something else
  @CacheWarmer({ warms: 'page' }) swapped(): [number, string][] { return later; } // error: lists something else
  @CacheWarmer({ warms: 'many' }) otherKeys(): number[] { return later; } // error: lists something else
  @CacheWarmer({ warms: 'fnd' }) misspelt(): string[] { return later; } // error: this class has no public method of that name
  @CacheWarmer({ warms: 'secret' }) hidden(): string[] { return later; } // error: this class has no public method of that name
  @CacheWarmer({ warms: 'find' }) nothing(): void { return later; } // error: not assignable
  @CacheWarmer({ warms: 'find' }) asks(id: string): string[] { return later; } // error: not assignable
  @CacheWarmer({ warms: 'find', others: 'sleep' }) others(): string[] { return later; } // error: not assignable
  @CacheWarmer({ warms: 'find', every: '5m' }) option(): string[] { return later; } // error: 'every' does not exist
}
