import { Controller, Get, Inject, Injectable, Module, Scope } from '@nestjs/common';
import { ContextIdFactory, LazyModuleLoader, ModuleRef } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { Cacheable, CacheService } from 'nestjs-hybrid-cache';
import { startApp } from '../../support/nest-app.js';

let runs = 0;
const run = (id: number): Promise<{ id: number; run: number }> => Promise.resolve({ id, run: ++runs });

/** Two calls of one key, and whether they were one run. */
async function isCached(host: { find(id: number): Promise<{ run: number }> }): Promise<boolean> {
  const [first, second] = [await host.find(1), await host.find(1)];
  return first.run === second.run;
}

@Injectable()
class Singleton {
  @Cacheable()
  find(id: number) {
    return run(id);
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest {
  @Cacheable()
  find(id: number) {
    return run(id);
  }
}

@Injectable({ scope: Scope.REQUEST, durable: true })
class Durable {
  @Cacheable()
  find(id: number) {
    return run(id);
  }
}

@Injectable({ scope: Scope.TRANSIENT })
class Transient {
  @Cacheable()
  find(id: number) {
    return run(id);
  }
}

abstract class Repository {
  abstract readonly table: string;

  @Cacheable()
  async find(id: number) {
    return { ...(await run(id)), table: this.table };
  }
}

@Injectable()
class Users extends Repository {
  readonly table = 'users';
}

@Injectable()
class Orders extends Repository {
  readonly table = 'orders';
}

@Injectable()
class PlainOverride extends Singleton {
  override find(id: number) {
    return run(id);
  }
}

@Injectable()
class CallsSuper extends Singleton {
  override async find(id: number) {
    return super.find(id);
  }
}

class ByFactory {
  @Cacheable()
  find(id: number) {
    return run(id);
  }
}

class ByValue {
  @Cacheable()
  find(id: number) {
    return run(id);
  }
}

@Injectable()
class Frozen {
  constructor() {
    Object.freeze(this);
  }

  @Cacheable()
  find(id: number) {
    return run(id);
  }
}

@Controller()
class UserController {
  constructor(@Inject(Singleton) readonly users: Singleton) {}

  @Get()
  get() {
    return this.users.find(1);
  }
}

describe('a cached method of', () => {
  it('a singleton is answered from the cache', async () => {
    const app = await startApp({ providers: [Singleton] });
    expect(await isCached(app.get(Singleton))).toBe(true);
  });

  it.each([
    ['a request-scoped provider', PerRequest],
    ['a durable provider', Durable],
    ['a transient provider', Transient],
  ])('%s is shared by its instances', async (_name, host) => {
    const app = await startApp({ providers: [host] });
    const [first, second] = [
      await app.resolve<PerRequest>(host, ContextIdFactory.create()),
      await app.resolve<PerRequest>(host, ContextIdFactory.create()),
    ];
    expect(first).not.toBe(second);
    expect((await first.find(1)).run).toBe((await second.find(1)).run);
  });

  it('a base class is cached for each subclass by itself', async () => {
    const app = await startApp({ providers: [Users, Orders] });
    expect((await app.get(Users).find(1)).table).toBe('users');
    expect((await app.get(Orders).find(1)).table).toBe('orders');
    expect(await isCached(app.get(Users))).toBe(true);
    expect(Object.keys(app.get(CacheService).status().caches).sort()).toEqual(['Orders.find', 'Users.find']);
  });

  it('a subclass that overrides it is plain', async () => {
    const app = await startApp({ providers: [PlainOverride] });
    expect(await isCached(app.get(PlainOverride))).toBe(false);
  });

  it('a subclass that calls super is cached', async () => {
    const app = await startApp({ providers: [CallsSuper] });
    expect(await isCached(app.get(CallsSuper))).toBe(true);
  });

  it('a factory’s instance is cached', async () => {
    const app = await startApp({ providers: [{ provide: ByFactory, useFactory: () => new ByFactory() }] });
    expect(await isCached(app.get(ByFactory))).toBe(true);
  });

  it('a given value is cached', async () => {
    const app = await startApp({ providers: [{ provide: 'host', useValue: new ByValue() }] });
    expect(await isCached(app.get<ByValue>('host'))).toBe(true);
  });

  it('an alias and its target share entries', async () => {
    const app = await startApp({ providers: [Singleton, { provide: 'alias', useExisting: Singleton }] });
    expect(app.get('alias')).toBe(app.get(Singleton));
    expect(await isCached(app.get('alias'))).toBe(true);
  });

  it('an instance frozen by its constructor is cached', async () => {
    const app = await startApp({ providers: [Frozen] });
    expect(await isCached(app.get(Frozen))).toBe(true);
  });

  it('what ModuleRef creates is cached', async () => {
    const app = await startApp({ providers: [] });
    expect(await isCached(await app.get(ModuleRef).create(Singleton))).toBe(true);
  });

  it('a module loaded lazily is cached', async () => {
    @Module({ providers: [Singleton], exports: [Singleton] })
    class LazyModule {}
    const app = await startApp({ providers: [] });
    const lazy = await app.get(LazyModuleLoader).load(() => LazyModule);
    expect(await isCached(lazy.get(Singleton))).toBe(true);
  });

  it('a provider is cached when a controller calls it', async () => {
    const app = await startApp({ providers: [Singleton], controllers: [UserController] });
    const controller = app.get(UserController);
    expect((await controller.get()).run).toBe((await controller.get()).run);
  });

  it('an object made with `new` is just the method', async () => {
    expect(await isCached(new Singleton())).toBe(false);
  });

  it('a provider works when it is called without its host', async () => {
    const app = await startApp({ providers: [Singleton] });
    const { find } = app.get(Singleton);
    expect(await (find as (id: number) => Promise<unknown>)(1)).toMatchObject({ id: 1 });
  });

  it('an instance carries nothing that a spread or a serializer would see', async () => {
    const app = await startApp({ providers: [Singleton] });
    const users = app.get(Singleton);
    expect(Reflect.ownKeys({ ...users })).toEqual([]);
    expect(JSON.stringify(users)).toBe('{}');
  });
});

describe('several applications in one process', () => {
  it('have a cache each', async () => {
    const [one, two] = [await startApp({ providers: [Singleton] }), await startApp({ providers: [Singleton] })];
    const first = await one.get(Singleton).find(1);
    expect((await two.get(Singleton).find(1)).run).not.toBe(first.run);
    await one.get(CacheService).clear();
    expect((await two.get(Singleton).find(1)).run).toBe(first.run + 1);
  });

  it('go on when another one closes', async () => {
    const [one, two] = [await startApp({ providers: [Singleton] }), await startApp({ providers: [Singleton] })];
    await one.close();
    expect(await isCached(two.get(Singleton))).toBe(true);
    expect(await isCached(one.get(Singleton))).toBe(false);
  });
});
