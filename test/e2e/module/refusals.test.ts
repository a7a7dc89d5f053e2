import { Controller, Get, Injectable } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { of, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  Cache,
  Cacheable,
  CacheableMany,
  CacheConfigurationError,
  CacheEvict,
  CacheModule,
  CachePut,
  CacheTags,
  InjectCache,
} from 'nestjs-hybrid-cache';
import { refusalOf, startApp, startWith } from '../../support/nest-app.js';

const named = { caches: { users: {} } };

describe('an application doesn’t start', () => {
  it('and says everything that is wrong at once', async () => {
    @Injectable()
    class Users {
      @Cacheable({ cache: 'user' })
      async find(id: number): Promise<number> {
        return id;
      }
    }
    const wrong = { ttl: 'soon', tll: 5, caches: { users: { grace: -1 }, 'a:b': {} } } as object;
    const message = await refusalOf({ providers: [Users] }, wrong);
    expect(message).toContain("ttl: got 'soon'; takes a duration");
    expect(message).toContain('tll: there is no such option; did you mean `ttl`?');
    expect(message).toContain('caches.users.grace: got -1');
    expect(message).toContain("'a:b' can't name a cache");
    expect(message).toContain("Users.find @Cacheable: cache 'user': there is no such cache");
    expect(message).toContain("did you mean 'users'?");
  });

  it('with a CacheConfigurationError that lists its problems', async () => {
    const error = await startApp({}, { ttl: 'soon' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CacheConfigurationError);
    expect(error).toMatchObject({ code: 'CACHE_CONFIGURATION', problems: [{ where: 'ttl' }] });
  });

  it('when what is said of batches can’t be right', async () => {
    const options = (autoBatch: object): object => ({ autoBatch });
    @Injectable()
    class Users {
      @Cacheable(options({ load: 'findAll', maxSize: 0, within: 'soon', key: 'id', maxsize: 1 }))
      async one(id: number): Promise<number> {
        return id;
      }
      @Cacheable(options({ maxSize: 10 }))
      async two(id: number): Promise<number> {
        return id;
      }
      @Cacheable(options({ load: 'three' }))
      async three(id: number, other: number): Promise<number> {
        return id + other;
      }
      @Cacheable({ returns: 'observable', ...options({ load: 'one' }) })
      four(id: number): Observable<number> {
        return of(id);
      }
      @Cacheable({ autoBatch: 'one' } as object)
      async five(id: number): Promise<number> {
        return id;
      }
      @CacheableMany({ key: (id: number) => id, maxSize: 1.5, ttl: 'soon' as '1m', autoBatch: {} } as never)
      async six(ids: number[]): Promise<number[]> {
        return ids;
      }
    }
    const message = await refusalOf({ providers: [Users] });
    for (const problem of [
      'Users.one @Cacheable.autoBatch.maxSize: got 0; takes a whole number of at least 1',
      "Users.one @Cacheable.autoBatch.within: got 'soon'; takes 'tick', or a duration",
      "Users.one @Cacheable.autoBatch.key: got 'id'; takes a function that finds the argument in an item",
      'Users.one @Cacheable.autoBatch.maxsize: there is no such option; did you mean `maxSize`?',
      'Users.one @Cacheable.autoBatch: Users has no method `findAll`',
      'Users.two @Cacheable.autoBatch: needs `load`, the name of a method that takes a list',
      'Users.three @Cacheable.autoBatch: is for methods of one argument, and this one takes 2',
      'Users.three @Cacheable.autoBatch: names the method itself',
      'Users.four @Cacheable.autoBatch: is for methods that return a Promise',
      "Users.five @Cacheable.autoBatch: got 'one'; takes an object",
      'Users.six @CacheableMany.maxSize: got 1.5; takes a whole number of at least 1',
      "Users.six @CacheableMany.ttl: got 'soon'; takes a duration",
      'Users.six @CacheableMany.autoBatch: there is no such option',
    ])
      expect(message).toContain(problem);
  });

  it('when the module is imported twice', async () => {
    const twice = startWith({ imports: [CacheModule.forRoot(), CacheModule.forRoot()] });
    await expect(twice).rejects.toThrow(/registration 'default'.* is imported more than once/);
  });

  it('when a feature declares a cache that is there already', async () => {
    expect(await refusalOf({ imports: [CacheModule.forFeature({ users: {} })] }, named)).toContain(
      'forFeature.users: there is a cache named users already',
    );
  });

  it('when a cache that isn’t declared is injected', async () => {
    @Injectable()
    class Users {
      constructor(@InjectCache('usres') readonly users: Cache) {}
    }
    expect(await refusalOf({ providers: [Users] }, named)).toContain(
      "Users @InjectCache('usres'): there is no such cache",
    );
  });

  it('when an eviction names a cache that isn’t declared', async () => {
    @Injectable()
    class Users {
      @CacheEvict({ cache: 'usrs' })
      async clear(): Promise<void> {}
    }
    expect(await refusalOf({ providers: [Users] }, named)).toContain("Users.clear @CacheEvict: cache 'usrs'");
  });

  it('when an eviction says nothing to evict, or more than it means', async () => {
    @Injectable()
    class Users {
      @CacheEvict({})
      async nothing(): Promise<void> {}

      @CacheEvict({ key: (id: string) => id })
      async keyAlone(_id: string): Promise<void> {}

      @CacheEvict({ cache: 'users', tags: ['a'] })
      async both(): Promise<void> {}
    }
    const message = await refusalOf({ providers: [Users] }, named);
    expect(message).toContain('Users.nothing @CacheEvict: says nothing to evict');
    expect(message).toContain('Users.keyAlone @CacheEvict: has a `key` and needs the `cache`');
    expect(message).toContain("Users.both @CacheEvict: has `tags` and would clear all of cache 'users'");
  });

  it('when a decorator is told what can’t be right, and says everything at once', async () => {
    class Users {
      async find(id: number): Promise<number> {
        return id;
      }

      async change(): Promise<void> {}
    }
    const wrong = {
      cache: 'userz',
      tll: '5m',
      ttl: '5 minuts',
      key: 5,
      condition: 'x',
      returns: 'observabel',
      tags: 5,
    };
    decorate(Users, 'find', Promise, Cacheable(wrong as object));
    decorate(Users, 'change', Promise, CacheEvict({ tags: ['x'], again: 'soon', mode: 'sft', befor: true } as object));
    const message = await refusalOf({ providers: [Users] }, named);
    expect(message).toContain("Users.find @Cacheable: cache 'userz': there is no such cache");
    expect(message).toContain('Users.find @Cacheable.tll: there is no such option; did you mean `ttl`?');
    expect(message).toContain("Users.find @Cacheable.ttl: got '5 minuts'");
    for (const field of ['key', 'condition', 'returns', 'tags']) {
      expect(message).toContain(`Users.find @Cacheable.${field}: got`);
    }
    expect(message).toContain("Users.change @CacheEvict.again: got 'soon'");
    expect(message).toContain("Users.change @CacheEvict.mode: got 'sft'");
    expect(message).toContain('Users.change @CacheEvict.befor: there is no such option; did you mean `before`?');
    expect(message.split('\n').length).toBe(1 + 7 + 3);
  });

  it('when a method is decorated twice', async () => {
    @Injectable()
    class Users {
      @Cacheable({ ttl: '1h' })
      @Cacheable({ ttl: '1m' })
      async find(id: number): Promise<number> {
        return id;
      }
    }
    expect(await refusalOf({ providers: [Users] })).toContain('Users.find: has @Cacheable and @Cacheable');
  });

  it.each([
    ['a route handler', Get],
    ['a message handler', MessagePattern],
    ['an event handler', EventPattern],
  ])('when %s writes through the cache', async (kind, Handler) => {
    @Controller()
    class UserController {
      @CachePut({ cache: 'users', key: () => 'key' })
      @Handler('below')
      async below(): Promise<void> {}

      @Handler('above')
      @CachePut({ cache: 'users', key: () => 'key' })
      async above(): Promise<void> {}
    }
    const message = await refusalOf({ controllers: [UserController] }, { caches: { users: {} } });
    expect(message).toContain(`UserController.below: @CachePut on ${kind}`);
    expect(message).toContain(`UserController.above: @CachePut on ${kind}`);
    expect(message).toContain('decorate the service method it calls');
  });

  it('when two classes of one name would share a derived cache', async () => {
    const make = () => {
      @Injectable()
      class Users {
        @Cacheable()
        async find(id: number): Promise<number> {
          return id;
        }
      }
      return Users;
    };
    expect(await refusalOf({ providers: [make(), make()] })).toContain('another class of that name has such a method');
  });

  it('when two methods use their bare arguments as keys of one cache', async () => {
    @Injectable()
    class Users {
      @Cacheable({ cache: 'users' })
      async byId(id: string): Promise<string> {
        return id;
      }

      @Cacheable({ cache: 'users' })
      async byMail(mail: string): Promise<string> {
        return mail;
      }
    }
    expect(await refusalOf({ providers: [Users] }, named)).toContain(
      "Users.byId both use cache 'users' without a `key`",
    );
  });

  it('when a method reads through the cache and writes through it', async () => {
    @Injectable()
    class Users {
      @Cacheable({ cache: 'users' })
      @CachePut({ cache: 'users', key: (id: number) => id })
      async both(id: number): Promise<number> {
        return id;
      }
    }
    expect(await refusalOf({ providers: [Users] }, named)).toMatch(/has @CachePut and @Cacheable/);
  });

  it('when tags belong to nothing that caches', async () => {
    @Injectable()
    class Users {
      @CacheTags('a')
      async find(): Promise<void> {}
    }
    expect(await refusalOf({ providers: [Users] })).toContain('Users.find: has @CacheTags but nothing that caches');
  });

  it('when a decorator sets what belongs to a named cache as a whole', async () => {
    @Injectable()
    class Users {
      @Cacheable({ cache: 'users', isolation: 'frozen', key: (id: number) => id })
      async find(id: number): Promise<number> {
        return id;
      }
    }
    expect(await refusalOf({ providers: [Users] }, named)).toContain('say it under caches.users');
  });

  it('when a cached method is synchronous, or returns an Observable without saying so', async () => {
    class Users {
      find(id: number): number {
        return id;
      }

      watch(id: number): Observable<number> {
        return of(id);
      }
    }
    decorate(Users, 'find', Number);
    decorate(Users, 'watch', (await import('rxjs')).Observable);
    const message = await refusalOf({ providers: [Users] });
    expect(message).toContain('Users.find: returns Number; make it `async`');
    expect(message).toContain("Users.watch: returns an Observable: say `returns: 'observable'`");
  });

  it('when a static method is decorated', () => {
    class Users {
      static async find(): Promise<void> {}
    }
    const apply = Cacheable() as unknown as MethodDecorator;
    const descriptor = Object.getOwnPropertyDescriptor(Users, 'find')!;
    expect(() => apply(Users, 'find', descriptor)).toThrow(/static methods have no instance/);
  });
});

describe('a mistake that shows only when the method runs', () => {
  it('is a rejection that names the method', async () => {
    class Users {
      find(id: number): number {
        return id;
      }
    }
    decorate(Users, 'find', Object);
    const app = await startApp({ providers: [Users] });
    const find = app.get(Users).find(1) as unknown as Promise<number>;
    await expect(find).rejects.toThrow(/Users\.find: it has to return a Promise/);
  });

  it('is a rejection for a list that isn’t one', async () => {
    @Injectable()
    class Users {
      @CacheableMany({ cache: 'users', key: (user: { id: number }) => user.id })
      async find(ids: number[]): Promise<{ id: number }[]> {
        return ids.map((id) => ({ id }));
      }
    }
    const app = await startApp({ providers: [Users] }, named);
    await expect(app.get(Users).find(5 as unknown as number[])).rejects.toThrow(/Users\.find: @CacheableMany/);
  });
});

/** As the compiler would with `emitDecoratorMetadata`, past the types that refuse it. */
function decorate(
  host: { prototype: object },
  method: string,
  returns: unknown,
  decorator: unknown = Cacheable(),
): void {
  const descriptor = Object.getOwnPropertyDescriptor(host.prototype, method)!;
  Reflect.defineMetadata('design:returntype', returns, host.prototype, method);
  (decorator as MethodDecorator)(host.prototype, method, descriptor);
  Object.defineProperty(host.prototype, method, descriptor);
}
