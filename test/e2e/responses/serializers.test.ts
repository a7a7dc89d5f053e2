import {
  Controller,
  Get,
  Injectable,
  UseInterceptors,
  type CallHandler,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { map, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Cacheable, type CacheModuleOptions } from '../../../lib/index.js';
import { PLATFORMS, startHttpApp, type HttpApp } from '../../support/http-app.js';

class User {
  static readonly secret = 'hash';

  constructor(
    readonly name: string,
    readonly password: string,
  ) {}
}

/** What ClassSerializerInterceptor of Nest does: it leaves out what is excluded, of instances, and of nothing else. */
@Injectable()
class Excluding implements NestInterceptor {
  intercept(_context: unknown, next: CallHandler): Observable<unknown> {
    const strip = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(strip);
      return value instanceof User ? { name: value.name } : value;
    };
    return next.handle().pipe(map(strip));
  }
}

let runs = 0;

@Controller('outside')
@UseInterceptors(Excluding)
class Outside {
  @Get()
  @Cacheable({ returns: 'response' })
  get(): User {
    runs++;
    return new User('Ada', User.secret);
  }

  @Get('typed')
  @Cacheable({ returns: 'response', type: User })
  typed(): User[] {
    runs++;
    return [new User('Ada', User.secret)];
  }
}

@Controller('inside')
class Inside {
  @Get()
  @UseInterceptors(Excluding)
  @Cacheable({ returns: 'response' })
  get(): User {
    runs++;
    return new User('Ada', User.secret);
  }
}

@Controller('global')
class Global {
  @Get()
  @Cacheable({ returns: 'response' })
  get(): User {
    runs++;
    return new User('Ada', User.secret);
  }
}

describe.each(PLATFORMS)('what a serializer leaves out on %s', (platform) => {
  const start = (controllers: Type[], cache: CacheModuleOptions = {}, providers: object[] = []): Promise<HttpApp> =>
    startHttpApp(platform, { controllers, cache, providers: providers as never[] });

  async function answers(app: HttpApp, path: string): Promise<[bodies: string[], runs: number]> {
    const before = runs;
    const bodies: string[] = [];
    for (let request = 0; request < 3; request++) bodies.push((await app.get(path)).body);
    bodies.push(...(await Promise.all([app.get(path), app.get(path)])).map(({ body }) => body));
    return [bodies, runs - before];
  }
  const five = (body: string): string[] => Array.from({ length: 5 }, () => body);

  it('stays out where it works outside of the cache, which keeps no instance of an unknown class', async () => {
    const app = await start([Outside]);
    expect(await answers(app, '/outside')).toEqual([five('{"name":"Ada"}'), 5]);
    expect(app.counted('Outside.get')).toMatchObject({ entries: 0 });
  });

  it('stays out where it works outside of the cache, which gives back instances of a known one', async () => {
    expect(await answers(await start([Outside]), '/outside/typed')).toEqual([five('[{"name":"Ada"}]'), 1]);
    expect(await answers(await start([Outside], { types: [User] }), '/outside')).toEqual([five('{"name":"Ada"}'), 1]);
  });

  it('stays out where it works for the whole application, outside of every cache', async () => {
    const app = await start([Global], { types: [User] }, [{ provide: APP_INTERCEPTOR, useClass: Excluding }]);
    expect(await answers(app, '/global')).toEqual([five('{"name":"Ada"}'), 1]);
  });

  it('is never in the cache where it works inside of it', async () => {
    const app = await start([Inside]);
    expect(await answers(app, '/inside')).toEqual([five('{"name":"Ada"}'), 1]);
  });
});
