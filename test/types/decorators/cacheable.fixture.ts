import { Cacheable, CacheTags } from 'nestjs-hybrid-cache';
import type { Observable } from 'rxjs';

interface User {
  id: string;
  name: string;
}
interface Query {
  page: number;
  filter?: string;
}
class Decimal {
  constructor(readonly text: string) {}
}
declare const later: never;

// prettier-ignore -- a line a case, with what the compiler says at its end
export class Accepted {
  @Cacheable() without(): Promise<User> {
    return later;
  }
  @Cacheable() async asynchronous(id: string) {
    return id;
  }
  @Cacheable({}) empty(id: string): Promise<User | null> {
    return later;
  }
  @Cacheable({ cache: 'users', key: (id: string) => id }) key(id: string, query: Query): Promise<User> {
    return later;
  }
  @Cacheable({ key: () => 'all' }) constantKey(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ key: (id: number) => id }) numberKey(id: number): Promise<User> {
    return later;
  }
  @Cacheable({ key: (id: bigint) => id }) bigintKey(id: bigint): Promise<User> {
    return later;
  }
  @Cacheable({ key: (id: string, { page }: Query) => `${id}:${page}` }) bothKey(
    id: string,
    query: Query,
  ): Promise<User> {
    return later;
  }
  @Cacheable({ key: (id: string | number) => String(id) }) widerKey(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ key: (id?: string) => id ?? '' }) optional(id?: string): Promise<User> {
    return later;
  }
  @Cacheable({ key: (...ids: string[]) => ids.join() }) rest(...ids: string[]): Promise<User[]> {
    return later;
  }
  @Cacheable({ tags: ['users'] }) tags(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ tags: (id: string) => [`user:${id}`] }) tagsOfArguments(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ tags: { fromResult: (user: User, id: string) => [user.name, id] } }) tagsOfResult(
    id: string,
  ): Promise<User> {
    return later;
  }
  @Cacheable({
    condition: (id: string) => id !== '',
    unless: (user: User | null, id: string) => user === null || id === '',
  })
  both(id: string): Promise<User | null> {
    return later;
  }
  @Cacheable({ returns: 'observable', unless: (user: User) => user.id === '' }) observable(
    id: string,
  ): Observable<User> {
    return later;
  }
  @Cacheable({ returns: 'promise' }) promise(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ key: (x: unknown) => String(x) }) async generic<T>(x: T) {
    return x;
  }
  overloaded(id: string): Promise<User>;
  overloaded(id: string, query: Query): Promise<User | null>;
  @Cacheable({ key: (id: string) => id }) overloaded(id: string, query?: Query): Promise<User | null> {
    return later;
  }
  @Cacheable({
    ttl: '5m',
    grace: { revalidate: '30s', error: '1h' },
    consistency: 'strong',
    negative: { ttl: '10s', errors: [TypeError] },
    softTimeout: 100,
    hardTimeout: '1s',
    earlyRefresh: false,
    jitter: 0.2,
    isolation: 'frozen',
    memory: false,
    plain: true,
    type: { type: Decimal, to: (value: Decimal) => value.text, from: (text: string) => new Decimal(text) },
  })
  options(): Promise<Decimal> {
    return later;
  }
  @Cacheable({ type: Decimal }) registered(): Promise<Decimal> {
    return later;
  }
  @Cacheable() protected hidden(id: string): Promise<User> {
    return later;
  }

  @Cacheable()
  @CacheTags('users', (id: string) => [`user:${id}`], { fromResult: (user: User | null) => [user?.name ?? ''] })
  tagged(id: string): Promise<User | null> {
    return later;
  }
  @CacheTags('users') @Cacheable({ returns: 'observable' }) taggedObservable(): Observable<User> {
    return later;
  }
  @Cacheable() @CacheTags({ fromResult: (user: User, id: string) => [user.name, id] }) taggedByBoth(
    id: string,
  ): Promise<User> {
    return later;
  }
}

// prettier-ignore -- a line a case, with what the compiler says at its end
export class Refused {
  @Cacheable({ key: (id: number) => `${id}` }) // error: this function takes other arguments than the method
  key(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ key: (id: string, page: string) => id + page }) // error: this function takes other arguments than the method
  secondOfKey(id: string, page: number): Promise<User> {
    return later;
  }
  @Cacheable({ key: (id: string, more: string) => id + more }) // error: this function takes other arguments than the method
  moreThanThereAre(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ key: (id: string) => id }) // error: this function takes other arguments than the method
  optionalArgument(id?: string): Promise<User> {
    return later;
  }
  @Cacheable({ key: (id: string) => ({ id }) }) // error: is not assignable to type 'string | number | bigint'
  objectKey(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ key: (id: string) => (id === '' ? undefined : id) }) // error: is not assignable to type 'string | number | bigint'
  undefinedKey(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ key: async (id: string) => id }) // error: is not assignable to type 'string | number | bigint'
  promisedKey(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ key: (id) => `${id}` }) // error: implicitly has an 'any' type
  implicitKey(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ tags: (id) => [`${id}`] }) // error: implicitly has an 'any' type
  implicitTags(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ tags: { fromResult: (user) => [`${user}`] } }) // error: implicitly has an 'any' type
  implicitTagsOfResult(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ condition: (id) => id === '' }) // error: implicitly has an 'any' type
  implicitCondition(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ unless: (user) => user === null }) // error: implicitly has an 'any' type
  implicitUnless(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ tags: (id: number) => [`${id}`] }) // error: this function takes other arguments than the method
  tags(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ tags: (id: string) => id }) // error: is not assignable to type
  textForTags(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ tags: 'users' }) // error: is not assignable to type
  textTags(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ tags: { fromResult: (user: { age: number }) => [`${user.age}`] } }) // error: takes other arguments than the result of the method
  tagsOfOtherResult(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ tags: { fromResult: (user: User) => [user.name] } }) // error: takes other arguments than the result of the method
  tagsOfResultThatMayBeNull(id: string): Promise<User | null> {
    return later;
  }
  @Cacheable({ tags: { fromResult: (user: User, id: number) => [user.name, `${id}`] } }) // error: takes other arguments than the result of the method
  tagsOfResultAndOthers(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ condition: (id: number) => id > 0 }) // error: this function takes other arguments than the method
  condition(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ condition: (id: string) => id }) // error: is not assignable to type 'boolean'
  textCondition(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ unless: (user: { age: number }) => user.age > 0 }) // error: takes other arguments than the result of the method
  unless(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ unless: (id: string) => id === '' }) // error: takes other arguments than the result of the method
  unlessOfArguments(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ key: (id: string) => id }) // error: Observable<User>
  observable(id: string): Observable<User> {
    return later;
  }
  @Cacheable({ returns: 'observable' }) // error: Promise<User>
  noObservable(id: string): Promise<User> {
    return later;
  }
  @Cacheable() // error: Type 'User'
  synchronous(id: string): User {
    return later;
  }
  @Cacheable() // error: Type 'void'
  nothing(id: string): void {}
  @Cacheable({ key: (id: string) => id, tll: '5m' }) // error: 'tll' does not exist
  misspelt(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ ttl: true }) // error: is not assignable to type
  ttl(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ grace: { eror: '1h' } }) // error: 'eror' does not exist
  grace(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ isolation: 'deep' }) // error: is not assignable to type
  isolation(id: string): Promise<User> {
    return later;
  }
  @Cacheable() // error: Unable to resolve signature of property decorator
  property = 1;
  @Cacheable() // error: is not assignable to type '(...args: any[]) => Promise<unknown>'
  get accessor(): Promise<User> {
    return later;
  }
  @CacheTags((id: number) => [`${id}`]) // error: this function takes other arguments than the method
  tagged(id: string): Promise<User> {
    return later;
  }
  @CacheTags('ok', { fromResult: (user: { age: number }) => [`${user.age}`] }) // error: takes other arguments than the result of the method
  taggedByResult(id: string): Promise<User> {
    return later;
  }
  @CacheTags('ok', (id: string) => [id], (id: number) => [`${id}`]) // error: this function takes other arguments than the method
  taggedByThird(id: string): Promise<User> {
    return later;
  }
  @CacheTags((id) => [`${id}`]) // error: implicitly has an 'any' type
  taggedByWhat(id: string): Promise<User> {
    return later;
  }
  @CacheTags(7) // error: is not assignable to parameter of type
  taggedByNumber(id: string): Promise<User> {
    return later;
  }
}

export class Batched {
  many(ids: readonly string[]): Promise<(User | null)[]> {
    return later;
  }
  byMap(ids: string[]): Promise<ReadonlyMap<string, User>> {
    return later;
  }
  numbers(ids: number[]): Promise<User[]> {
    return later;
  }
  names(ids: string[]): Promise<string[]> {
    return later;
  }
  atOnce(ids: string[]): User[] {
    return later;
  }

  @Cacheable({ key: (id: string) => id, autoBatch: { load: 'many', maxSize: 100, within: 'tick' } })
  one(id: string): Promise<User | null> {
    return later;
  }
  @Cacheable({ autoBatch: { load: 'byMap', within: '2ms' } }) two(id: string): Promise<User | undefined> {
    return later;
  }
  @Cacheable({ autoBatch: { load: 'many', key: (user: User) => user.id } }) async three(id: string) {
    return later as User;
  }
  @Cacheable({ autoBatch: { load: 'manny' } }) // error: Property 'manny' is missing in type 'Batched'
  misspelt(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ autoBatch: { load: 'numbers' } }) // error: Type 'string' is not assignable to type 'number'
  ofNumbers(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ autoBatch: { load: 'names' } }) // error: is not assignable to type
  ofNames(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ autoBatch: { load: 'atOnce' } }) // error: The types returned by 'atOnce(...)' are incompatible
  ofAtOnce(id: string): Promise<User> {
    return later;
  }
  @Cacheable({ autoBatch: { load: 'many', within: true } }) // error: is not assignable to type
  within(id: string): Promise<User | null> {
    return later;
  }
  @Cacheable({ autoBatch: { maxSize: 10 } }) // error: Property 'load' is missing
  unsaid(id: string): Promise<User> {
    return later;
  }
}
