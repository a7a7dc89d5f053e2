// What the application consists of: cached methods on every kind of host, and a counter of what reaches the source.
import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  NotFoundException,
  Param,
  Post,
  Scope,
  type BeforeApplicationShutdown,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { of, type Observable } from 'rxjs';
import {
  Cache,
  Cacheable,
  CacheableMany,
  CacheEvict,
  CacheModule,
  CachePut,
  CacheService,
  CacheTags,
  InjectCache,
} from 'nestjs-hybrid-cache';

export interface User {
  readonly id: string;
  readonly name: string;
}

export class Money {
  constructor(readonly cents: number) {}
  get euros(): number {
    return this.cents / 100;
  }
}

/** Counts what reaches the source. */
export class Calls {
  readonly of: Record<string, number> = {};
  note(what: string): number {
    return (this.of[what] = (this.of[what] ?? 0) + 1);
  }
}
export const calls = new Calls();
export const names = new Map([
  ['1', 'Ada'],
  ['2', 'Grace'],
]);

@Injectable()
export class UserService {
  readonly field = 'a class field';

  @Cacheable({ cache: 'users', key: (id: string) => id })
  @CacheTags((id: string) => [`user:${id}`])
  async findOne(id: string): Promise<User> {
    calls.note('users');
    const name = names.get(id);
    if (name === undefined) throw new NotFoundException(`no user ${id}`);
    return { id, name };
  }

  @CacheableMany({ cache: 'users', key: (user: User) => user.id })
  async findMany(ids: string[]): Promise<User[]> {
    calls.note('many');
    return ids.map((id) => ({ id, name: names.get(id) ?? '?' }));
  }

  @CacheEvict({ tags: (id: string) => [`user:${id}`] })
  async rename(id: string, name: string): Promise<void> {
    names.set(id, name);
  }

  @CachePut({ cache: 'users', key: (user: User) => user.id })
  async save(user: User): Promise<User> {
    names.set(user.id, user.name);
    return user;
  }

  @Cacheable({ returns: 'observable' })
  streamed(id: string): Observable<string> {
    return of(`${id}:${calls.note('streamed')}`);
  }

  @Cacheable({ type: Money })
  async balance(_id: string): Promise<Money> {
    return new Money(calls.note('balance') * 100);
  }
}

@Injectable({ scope: Scope.REQUEST })
export class RequestService {
  @Cacheable()
  async read(): Promise<number> {
    return calls.note('request');
  }
}

@Injectable({ scope: Scope.TRANSIENT })
export class TransientService {
  @Cacheable()
  async read(): Promise<number> {
    return calls.note('transient');
  }
}

export abstract class Repository {
  protected abstract readonly table: string;

  @Cacheable()
  async find(id: number): Promise<string> {
    return `${this.table}:${id}:${calls.note(this.table)}`;
  }
}

@Injectable()
export class BookRepository extends Repository {
  protected readonly table = 'books';
}

@Injectable()
export class FilmRepository extends Repository {
  protected readonly table = 'films';

  @Cacheable()
  async newest(): Promise<string> {
    return `newest:${calls.note('newest')}`;
  }
}

export class FactoryService {
  constructor(readonly prefix: string) {}

  @Cacheable()
  async read(): Promise<string> {
    return `${this.prefix}:${calls.note('factory')}`;
  }
}

export class ValueService {
  @Cacheable()
  async read(): Promise<number> {
    return calls.note('value');
  }
}

export class CreatedService {
  @Cacheable()
  async read(): Promise<number> {
    return calls.note('created');
  }
}

@Injectable()
export class SecondService {
  @Cacheable({ registration: 'second' })
  async read(): Promise<number> {
    return calls.note('second');
  }
}

@Injectable()
export class ByHand implements BeforeApplicationShutdown, OnApplicationShutdown {
  @InjectCache('rates') readonly rates!: Cache<number>;
  answerWhileClosing: unknown;

  constructor(
    @Inject(CacheService) readonly cache: CacheService,
    @InjectCache('users') readonly users: Cache<User>,
    @Inject(UserService) private readonly userService: UserService,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    const before = calls.of['users'];
    await this.userService.findOne('1');
    this.answerWhileClosing = calls.of['users'] === before ? 'from the cache' : 'from the source';
  }

  onApplicationShutdown(): void {
    calls.note('shutdown');
  }
}

@Controller('users')
export class UserController {
  constructor(@Inject(UserService) private readonly users: UserService) {}

  @Get(':id')
  findOne(@Param('id') id: string): Promise<User> {
    return this.users.findOne(id);
  }

  @Get(':id/card')
  @Cacheable({ ttl: '1m' })
  @CacheTags((id: string) => [`user:${id}`])
  async card(@Param('id') id: string): Promise<string> {
    return `card ${calls.note('cards')} of ${names.get(id)}`;
  }

  @Post(':id/:name')
  rename(@Param('id') id: string, @Param('name') name: string): Promise<void> {
    return this.users.rename(id, name);
  }
}

@Module({
  imports: [CacheModule.forFeature({ rates: { ttl: '1h' } })],
  controllers: [UserController],
  providers: [
    UserService,
    RequestService,
    TransientService,
    BookRepository,
    FilmRepository,
    SecondService,
    ByHand,
    { provide: 'RequestReader', inject: [RequestService], scope: Scope.REQUEST, useFactory: (s: RequestService) => s },
    { provide: 'TransientReader', inject: [TransientService], useFactory: (s: TransientService) => s },
    { provide: FactoryService, useFactory: () => new FactoryService('made') },
    { provide: ValueService, useValue: new ValueService() },
  ],
})
export class FeatureModule {}
