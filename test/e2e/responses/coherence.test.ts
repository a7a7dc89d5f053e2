import { Controller, Get, HttpException, Inject, Injectable, Param, ParseIntPipe, Post, Put } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Cacheable, CacheEvict, CacheService, CacheTags, currentLoad } from '../../../lib/index.js';
import { Gate, PLATFORMS, startHttpApp, type HttpApp } from '../../support/http-app.js';

interface User {
  readonly id: number;
  readonly name: string;
}

@Injectable()
class Users {
  readonly names = new Map([
    [1, 'Ada'],
    [2, 'Bob'],
  ]);
  runs = 0;

  constructor(@Inject(CacheService) private readonly cache: CacheService) {}

  @Cacheable()
  @CacheTags((id: number) => [`user:${id}`])
  async find(id: number): Promise<User> {
    this.runs++;
    return { id, name: this.names.get(id)! };
  }

  @CacheEvict({ tags: (id: number) => [`user:${id}`] })
  async rename(id: number, name: string): Promise<void> {
    this.names.set(id, name);
  }

  /** Renames inside a transaction, which is undone if `isRefused`. */
  async renameLater(id: number, name: string, during: () => Promise<void>, isRefused: boolean): Promise<void> {
    const before = this.names.get(id)!;
    try {
      await this.cache.afterCommit(async () => {
        await this.rename(id, name);
        this.names.set(id, before); // nobody else sees it before the commit
        await during();
        if (isRefused) throw new HttpException('refused', 409);
        this.names.set(id, name);
      });
    } catch (error) {
      this.names.set(id, before);
      throw error;
    }
  }
}

@Controller('users')
@CacheTags('pages')
class UsersController {
  runs = 0;
  gate: Gate | undefined;
  during = new Gate();

  constructor(@Inject(Users) private readonly users: Users) {}

  /** Takes up the tags of what it reads. */
  @Get('nested/:id')
  @Cacheable({ returns: 'response' })
  async nested(@Param('id', ParseIntPipe) id: number): Promise<object> {
    this.runs++;
    return { user: await this.users.find(id) };
  }

  @Get('tagged/:id')
  @Cacheable({ returns: 'response', maxAge: '1m' })
  @CacheTags((id: number) => [`user:${id.toFixed()}`], { fromResult: ({ name }: User) => [`name:${name}`] })
  async tagged(@Param('id', ParseIntPipe) id: number): Promise<User> {
    this.runs++;
    const name = this.users.names.get(id)!;
    await this.gate?.pass();
    return { id, name };
  }

  @Get('by-hand/:id')
  @Cacheable({ returns: 'response' })
  async byHand(@Param('id') id: string): Promise<object> {
    this.runs++;
    const name = this.users.names.get(Number(id));
    await Promise.resolve();
    currentLoad().tags(`user:${id}`);
    if (name === 'Nobody') currentLoad().skip();
    return { id, name };
  }

  @Get('tags-alone/:id')
  @CacheTags((id: string) => [`user:${id}`])
  tagsAlone(@Param('id') id: string): object {
    this.runs++;
    return { id, name: this.users.names.get(Number(id)) };
  }

  @Put('evicting/:id/:name')
  @CacheEvict({ tags: (id: number) => [`user:${id}`] })
  async put(@Param('id', ParseIntPipe) id: number, @Param('name') name: string): Promise<object> {
    if (name === 'nobody') throw new HttpException('refused', 409);
    this.users.names.set(id, name);
    return {};
  }

  @Post('service/:id/:name')
  async post(@Param('id', ParseIntPipe) id: number, @Param('name') name: string): Promise<object> {
    await this.users.rename(id, name);
    return {};
  }

  @Post('later/:id/:name')
  async later(@Param('id', ParseIntPipe) id: number, @Param('name') name: string): Promise<object> {
    await this.users.renameLater(id, name, () => this.during.pass(), name === 'Nobody');
    return {};
  }
}

const nameIn = (body: string): string | undefined => /"name":"(\w+)"/.exec(body)?.[1];

describe.each(PLATFORMS)('a cached response on %s', (platform) => {
  const start = (): Promise<HttpApp> => startHttpApp(platform, { controllers: [UsersController], providers: [Users] });
  const named = async (app: HttpApp, path: string): Promise<string | undefined> =>
    nameIn((await app.get(`/users/${path}`)).body);

  describe.each(['nested/1', 'tagged/1', 'tags-alone/1', 'by-hand/1'])('of %s', (path) => {
    it.each([
      ['by a handler', 'PUT', '/users/evicting/1/Eve'],
      ['by a method of a service', 'POST', '/users/service/1/Eve'],
    ])('is invalidated %s, through the tag they share', async (_by, method, change) => {
      const app = await start();
      await named(app, path);
      expect(await named(app, path)).toBe('Ada');
      expect(app.app.get(UsersController).runs).toBe(1);
      await app.send(method, change);
      expect(await named(app, path)).toBe('Eve');
      expect(app.app.get(UsersController).runs).toBe(2);
    });

    it('stays when another is invalidated, and when the change fails', async () => {
      const app = await start();
      await named(app, path);
      expect((await app.send('PUT', '/users/evicting/2/Eve')).status).toBe(200);
      expect((await app.send('PUT', '/users/evicting/1/nobody')).status).toBe(409);
      expect(await named(app, path)).toBe('Ada');
      expect(app.app.get(UsersController).runs).toBe(1);
    });

    it.each([['pages'], ['user:1']])('goes with its tag %s', async (tag) => {
      const app = await start();
      await named(app, path);
      await app.cache.invalidate({ tags: [tag] });
      await named(app, path);
      expect(app.app.get(UsersController).runs).toBe(2);
    });
  });

  it('goes with the tags that its handler finds in the result', async () => {
    const app = await start();
    await named(app, 'tagged/1');
    await app.cache.invalidate({ tags: ['name:Bob'] });
    await named(app, 'tagged/1');
    expect(app.app.get(UsersController).runs).toBe(1);
    await app.cache.invalidate({ tags: ['name:Ada'] });
    await named(app, 'tagged/1');
    expect(app.app.get(UsersController).runs).toBe(2);
  });

  it('isn’t kept if its handler says so by hand', async () => {
    const app = await start();
    app.app.get(Users).names.set(2, 'Nobody');
    expect([await named(app, 'by-hand/2'), await named(app, 'by-hand/2')]).toEqual(['Nobody', 'Nobody']);
    expect(app.app.get(UsersController).runs).toBe(2);
  });

  it('goes when its cache is cleared', async () => {
    const app = await start();
    await named(app, 'tagged/1');
    await app.cache.clear('UsersController.tagged');
    await named(app, 'tagged/1');
    expect(app.app.get(UsersController).runs).toBe(2);
  });

  it('isn’t kept, here or elsewhere, if it was invalidated while its handler ran', async () => {
    const app = await start();
    const controller = app.app.get(UsersController);
    controller.gate = new Gate();
    const asked = app.get('/users/tagged/1');
    await expect.poll(() => controller.gate!.passed).toBe(1);
    await app.send('PUT', '/users/evicting/1/Eve');
    // what it is about is known when it ends: who comes meanwhile waits for it, and isn't content with it
    const afterwards = app.get('/users/tagged/1');
    await expect.poll(() => app.counted('UsersController.tagged').reads).toBe(2);
    controller.gate.open();
    const [old, current] = await Promise.all([asked, afterwards]);
    expect([nameIn(old.body), nameIn(current.body)]).toEqual(['Ada', 'Eve']);
    expect(old.headers['cache-status']).toBe('nestjs-hybrid-cache; fwd=miss; stored=?0');
    expect(old.headers['cache-control']).toBe('max-age=0, must-revalidate');
    expect(current.headers['cache-control']).toBe('max-age=60, must-revalidate');
    expect(await named(app, 'tagged/1')).toBe('Eve');
    expect(controller.runs).toBe(2);
  });

  it('stays until a transaction is committed, and is asked anew afterwards', async () => {
    const app = await start();
    const { during } = app.app.get(UsersController);
    await named(app, 'nested/1');
    const change = app.send('POST', '/users/later/1/Eve');
    await expect.poll(() => during.passed).toBe(1);
    expect(await named(app, 'nested/1')).toBe('Ada');
    expect(app.app.get(UsersController).runs).toBe(1);
    during.open();
    expect((await change).status).toBe(201);
    expect(await named(app, 'nested/1')).toBe('Eve');
  });

  it('stays when a transaction is rolled back', async () => {
    const app = await start();
    app.app.get(UsersController).during.open();
    await named(app, 'nested/1');
    expect((await app.send('POST', '/users/later/1/Nobody')).status).toBe(409);
    expect(await named(app, 'nested/1')).toBe('Ada');
    expect(app.app.get(UsersController).runs).toBe(1);
  });
});
