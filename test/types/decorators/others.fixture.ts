import {
  CacheableMany,
  CacheEvict,
  CachePut,
  CacheService,
  currentLoad,
  InjectCache,
  type Cache,
} from 'nestjs-hybrid-cache';
import type { Observable } from 'rxjs';

interface User {
  id: string;
  name: string;
}
declare const later: never;

// prettier-ignore -- a line a case, with what the compiler says at its end
export class Accepted {
  constructor(
    private readonly cache: CacheService,
    @InjectCache('users') private readonly users: Cache<User>,
  ) {}

  @CacheableMany({ cache: 'users', key: (user: User) => user.id }) many(ids: string[]): Promise<User[]> {
    return later;
  }
  @CacheableMany({ key: (user) => user.id, unless: ({ name }) => name === '' }) manyInferred(
    ids: string[],
  ): Promise<User[]> {
    return later;
  }
  @CacheableMany({ key: (user: User) => user.id }) manyReadonly(ids: readonly string[]): Promise<User[]> {
    return later;
  }
  @CacheableMany({
    key: (row: { n: number }) => row.n,
    tags: { fromResult: (row: { n: number }) => [`n:${row.n}`] },
    unless: (row: { n: number }) => row.n < 0,
  })
  manyNumbers(ids: number[]): Promise<{ n: number }[]> {
    return later;
  }
  @CacheableMany({ key: (user: User) => user.id, ttl: '5m', tags: ['users'] }) async manyAsync(ids: string[]) {
    return later as User[];
  }

  @CacheableMany({
    key: (user: User) => user.id,
    ttl: (user: User) => (user.name === '' ? '1m' : undefined),
    maxSize: 100,
  })
  manyWithTtl(ids: string[]): Promise<User[]> {
    return later;
  }

  @CachePut({ cache: 'users', key: (user: User) => user.id }) save(user: User): Promise<User> {
    return later;
  }
  @CachePut({ cache: 'users', key: (_result: User, id: string) => id }) saveById(
    id: string,
    name: string,
  ): Promise<User> {
    return later;
  }
  @CachePut({
    cache: 'users',
    key: (user: User) => user.id,
    tags: (id: string) => [id],
    ttl: 5,
    invalidates: { fromResult: (user: User, id: string) => [user.name, id] },
    condition: (id: string) => id !== '',
    unless: (user: User) => user.name === '',
  })
  put(id: string): Promise<User> {
    return later;
  }

  @CacheEvict({ tags: ['users'] }) evict(): Promise<void> {
    return later;
  }
  @CacheEvict({ tags: (id: string) => [id] }) @CacheEvict({ cache: 'users', key: (id: string) => id }) evictTwice(
    id: string,
  ): Promise<void> {
    return later;
  }
  @CacheEvict({ tags: { fromResult: (user: User, id: string) => [user.name, id] } }) evictByResult(
    id: string,
  ): Promise<User> {
    return later;
  }
  @CacheEvict({
    all: true,
    before: true,
    mode: 'soft',
    settled: true,
    again: '500ms',
    condition: (id: string) => id !== '',
  })
  evictAll(id: string): Promise<void> {
    return later;
  }
  @CacheEvict({ tags: ['users'] }) evictObservable(): Observable<User> {
    return later;
  }

  async byHand(): Promise<void> {
    const user: User = await this.cache.getOrLoad('users', '7', async (ctx) => {
      ctx.tags('a');
      ctx.ttl('5m');
      ctx.skip();
      return { id: '7', name: 'Ada', aborted: ctx.signal.aborted };
    });
    const typed: User = await this.users.getOrLoad(['7', 1], () => user, {
      tags: (found) => [found.name],
      unless: ({ name }) => name === '',
    });
    const missing: User | undefined = await this.users.get(typed.id);
    const list: (User | undefined)[] = await this.users.getOrLoadMany(
      ['7'],
      (ids) => ids.map((id) => ({ id, name: '' })),
      { key: ({ id }) => id },
    );
    await this.cache.put('users', '7', () => missing ?? list[0]);
    currentLoad().ttl('1s');
  }
}

// prettier-ignore -- a line a case, with what the compiler says at its end
export class Refused {
  constructor(
    private readonly cache: CacheService,
    private readonly users: Cache<User>,
  ) {}

  @CacheableMany({ key: (user: User) => user.id }) // error: is not assignable to type 'User[]'
  manyOfOthers(ids: string[]): Promise<{ age: number }[]> {
    return later;
  }
  @CacheableMany({ key: (user: User) => user.id }) // error: is not assignable to type 'string'
  manyOfOne(id: string): Promise<User> {
    return later;
  }
  @CacheableMany({ key: (user: User) => user.id }) // error: Target signature provides too few arguments
  manyWithMore(ids: string[], page: number): Promise<User[]> {
    return later;
  }
  @CacheableMany({ key: (user: User) => user.id }) // error: from type 'Promise<User[]>'
  manySynchronous(ids: string[]): User[] {
    return later;
  }
  @CacheableMany({ cache: 'users' }) // error: key
  manyWithoutKey(ids: string[]): Promise<User[]> {
    return later;
  }
  @CacheableMany({ key: (user) => user.idd }) // error: Property 'idd' does not exist on type 'User'
  manyInferred(ids: string[]): Promise<User[]> {
    return later;
  }
  @CacheableMany({ key: (user: User) => user.id, keyy: 1 }) // error: 'keyy' does not exist
  manyMisspelt(ids: string[]): Promise<User[]> {
    return later;
  }
  @CacheableMany({ key: (user: User) => user.id, unless: (user: { age: number }) => user.age > 1 }) // error: age
  manyUnless(ids: string[]): Promise<User[]> {
    return later;
  }

  @CachePut({ cache: 'users', key: (user: { age: number }) => user.age }) // error: takes other arguments than the result of the method
  put(id: string): Promise<User> {
    return later;
  }
  @CachePut({ cache: 'users', key: (user: User) => user.id }) // error: takes other arguments than the result of the method
  putOfNothing(id: string): Promise<User | null> {
    return later;
  }
  @CachePut({ key: (user: User) => user.id }) // error: cache
  putNowhere(id: string): Promise<User> {
    return later;
  }
  @CachePut({ cache: 'users' }) // error: key
  putWithoutKey(id: string): Promise<User> {
    return later;
  }
  @CachePut({ cache: 'users', key: (user) => `${user}` }) // error: implicitly has an 'any' type
  putImplicit(id: string): Promise<User> {
    return later;
  }
  @CachePut({ cache: 'users', key: (user: User) => user.id, invalidates: (id: number) => [`${id}`] }) // error: this function takes other arguments than the method
  putInvalidates(id: string): Promise<User> {
    return later;
  }
  @CachePut({ cache: 'users', key: (user: User) => user.id, unless: (user: { age: number }) => user.age > 1 }) // error: takes other arguments than the result of the method
  putUnless(id: string): Promise<User> {
    return later;
  }
  @CachePut({ cache: 'users', key: (user: User) => user.id, condition: (user: User) => user.id === '' }) // error: this function takes other arguments than the method
  putCondition(id: string): Promise<User> {
    return later;
  }
  @CachePut({ cache: 'users', key: (user: User) => user.id, grace: '1h', gracee: 1 }) // error: does not exist
  putMisspelt(id: string): Promise<User> {
    return later;
  }
  @CachePut({ cache: 'users', key: (user: User) => user.id }) // error: Type 'User'
  putSynchronous(id: string): User {
    return later;
  }

  @CacheEvict({ tags: (id: number) => [`${id}`] }) // error: this function takes other arguments than the method
  evict(id: string): Promise<void> {
    return later;
  }
  @CacheEvict({ cache: 'users', key: (id: number) => id }) // error: this function takes other arguments than the method
  evictKey(id: string): Promise<void> {
    return later;
  }
  @CacheEvict({ tags: (id) => [`${id}`] }) // error: implicitly has an 'any' type
  evictImplicit(id: string): Promise<void> {
    return later;
  }
  @CacheEvict({ tags: { fromResult: (user: { age: number }) => [`${user.age}`] } }) // error: takes other arguments than the result of the method
  evictByResult(id: string): Promise<User> {
    return later;
  }
  @CacheEvict({ tags: ['a'], mode: 'softly' }) // error: is not assignable to type
  evictMode(id: string): Promise<void> {
    return later;
  }
  @CacheEvict({ tag: ['a'] }) // error: 'tag' does not exist
  evictMisspelt(id: string): Promise<void> {
    return later;
  }
  @CacheEvict({ tags: ['a'] }) // error: Type 'void'
  evictSynchronous(id: string): void {}
  @CacheEvict() // error: Expected 1 arguments
  evictWhat(id: string): Promise<void> {
    return later;
  }

  async byHand(): Promise<void> {
    await this.cache.getOrLoad('users', { id: 7 }, () => 1); // error: 'id' does not exist in type 'readonly unknown[]'
    await this.cache.getOrLoad('users', '7', () => 1, { tll: 5 }); // error: 'tll' does not exist
    await this.users.getOrLoad('7', () => ({ age: 7 })); // error: age
    await this.users.set('7', { age: 7 }); // error: age
    const found: User = await this.users.get('7'); // error: undefined
    await this.cache.invalidate({ tag: ['a'] }); // error: 'tag' does not exist
    await this.cache.invalidate({ keys: ['7'] }); // error: is not assignable to type
    await this.cache.put('users', found.id, () => found, { consistency: 'strong' }); // error: 'consistency' does not exist
  }
}
