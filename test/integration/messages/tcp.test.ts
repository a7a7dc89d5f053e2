import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  Scope,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type ExecutionContext,
  type INestApplication,
  type LoggerService,
  type ModuleMetadata,
  type NestInterceptor,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { APP_INTERCEPTOR, NestFactory, REQUEST } from '@nestjs/core';
import {
  ClientProxyFactory,
  MessagePattern,
  Payload,
  Server,
  Transport,
  type CustomTransportStrategy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { defer, lastValueFrom, map, timeout, toArray, type Observable } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Cacheable, CacheEvict, CacheInterceptor, CacheModule, CacheService, CacheTags } from 'nestjs-hybrid-cache';
import { freePorts } from '../../support/servers/ports.js';

/** A hybrid application that isn't listening yet, and a client for its messages. */
async function hybrid(
  parts: ModuleMetadata,
  { logger = false, ...options }: { inheritAppConfig?: boolean; logger?: LoggerService | false } = {},
) {
  const [port] = (await freePorts(1)) as [number];
  const line = { transport: Transport.TCP, options: { host: '127.0.0.1', port } } as const;
  const app = await NestFactory.create(moduleOf(parts), { logger, abortOnError: false });
  const client = ClientProxyFactory.create(line);
  onTestFinished(async () => {
    await client.close();
    await app.close();
  });
  app.connectMicroservice<MicroserviceOptions>(line, options);
  const ask = async (pattern: unknown, data: unknown): Promise<unknown[]> =>
    lastValueFrom(client.send(pattern, data).pipe(toArray(), timeout(10_000)));
  return { app, ask };
}

function moduleOf(parts: ModuleMetadata): Type {
  class AppModule {}
  Module({ ...parts, imports: [CacheModule.forRoot({ ttl: '1h', caches: { answers: {} } })] })(AppModule);
  return AppModule;
}

const serve = async (app: INestApplication): Promise<string> => {
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
};

describe('message handlers over TCP', () => {
  it('are cached before the application has started: messages come in earlier than that', async () => {
    let runs = 0;
    @Controller()
    class Early {
      @MessagePattern('early')
      @Cacheable({ returns: 'response', tags: ['early'] })
      early(): number {
        return ++runs;
      }
    }
    const { app, ask } = await hybrid({ controllers: [Early] });
    await app.startAllMicroservices();
    expect(await ask('early', {})).toEqual([1]);
    expect(await ask('early', {})).toEqual([1]);
    await app.listen(0, '127.0.0.1');
    expect(await ask('early', {})).toEqual([1]);
    await app.get(CacheService).invalidate({ tags: ['early'] });
    expect(await ask('early', {})).toEqual([2]);
    expect(await ask('early', {})).toEqual([2]);
  });

  it('are cached once where the interceptor is applied to the whole application too', async () => {
    let runs = 0;
    @Controller()
    class Both {
      @MessagePattern('decorated')
      @Cacheable({ returns: 'response' })
      decorated(): number {
        return ++runs;
      }

      @MessagePattern('bare')
      bare(): number {
        return ++runs;
      }
    }
    const providers = [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }];
    const { app, ask } = await hybrid({ controllers: [Both], providers }, { inheritAppConfig: true });
    await serve(app);
    expect(await ask('decorated', {})).toEqual([1]);
    expect(await ask('decorated', {})).toEqual([1]);
    expect(await ask('bare', {})).toEqual([2]);
    expect(await ask('bare', {})).toEqual([3]);
  });

  it('are cached on a controller that is made for each message', async () => {
    let runs = 0;
    @Controller({ scope: Scope.REQUEST })
    class PerMessage {
      constructor(@Inject(REQUEST) private readonly request: { data: { id: string } }) {}

      @MessagePattern('per-message')
      @Cacheable({ returns: 'response' })
      @CacheTags(({ id }: { id: string }) => [`item:${id}`])
      perMessage(@Payload() _data: { id: string }): string {
        return `${this.request.data.id} ${++runs}`;
      }
    }
    const { app, ask } = await hybrid({ controllers: [PerMessage] });
    await serve(app);
    expect(await ask('per-message', { id: 'a' })).toEqual(['a 1']);
    expect(await ask('per-message', { id: 'a' })).toEqual(['a 1']);
    expect(await ask('per-message', { id: 'b' })).toEqual(['b 2']);
    await app.get(CacheService).invalidate({ tags: ['item:a'] });
    expect(await ask('per-message', { id: 'a' })).toEqual(['a 3']);
    expect(await ask('per-message', { id: 'b' })).toEqual(['b 2']);
  });

  it('never share an entry of the cache they share, whatever keys they say', async () => {
    let runs = 0;
    @Controller()
    class Sharing {
      @MessagePattern('here')
      @Cacheable({ returns: 'response', cache: 'answers', requestKey: () => 'same' })
      here(): string {
        return `here ${++runs}`;
      }

      @MessagePattern('there')
      @Cacheable({ returns: 'response', cache: 'answers', requestKey: () => 'same' })
      there(): string {
        return `there ${++runs}`;
      }
    }
    const { app, ask } = await hybrid({ controllers: [Sharing] });
    await serve(app);
    expect(await ask('here', {})).toEqual(['here 1']);
    expect(await ask('there', {})).toEqual(['there 2']);
    expect(await ask('here', {})).toEqual(['here 1']);
    await app.get(CacheService).clear('answers');
    expect(await ask('there', {})).toEqual(['there 3']);
    expect(await ask('here', {})).toEqual(['here 4']);
  });

  it('may have objects as patterns, the fields in any order', async () => {
    let runs = 0;
    @Controller()
    class Objects {
      @MessagePattern({ cmd: 'sum', of: 'numbers' })
      @Cacheable({ returns: 'response' })
      sum(@Payload() numbers: number[]): string {
        return `${numbers.reduce((a, b) => a + b, 0)} ${++runs}`;
      }

      @MessagePattern({ cmd: 'sum', of: 'squares' })
      @Cacheable({ returns: 'response' })
      squares(@Payload() numbers: number[]): string {
        return `${numbers.reduce((a, b) => a + b * b, 0)} ${++runs}`;
      }
    }
    const { app, ask } = await hybrid({ controllers: [Objects] });
    await serve(app);
    expect(await ask({ cmd: 'sum', of: 'numbers' }, [1, 2])).toEqual(['3 1']);
    expect(await ask({ cmd: 'sum', of: 'squares' }, [1, 2])).toEqual(['5 2']);
    expect(await ask({ cmd: 'sum', of: 'numbers' }, [1, 2])).toEqual(['3 1']);
    expect(await ask({ of: 'squares', cmd: 'sum' }, [1, 2])).toEqual([expect.stringMatching(/^5 /)]);
    expect(await ask({ of: 'squares', cmd: 'sum' }, [2, 1])).toEqual([expect.stringMatching(/^5 /)]);
  });

  it('are keyed by what was sent, not by what a pipe makes of it', async () => {
    const seen: unknown[] = [];
    const onlyId: PipeTransform = { transform: ({ id }: { id: string }) => ({ id }) };
    @Controller()
    class Piped {
      @MessagePattern('piped')
      @UsePipes(onlyId)
      @Cacheable({ returns: 'response' })
      piped(@Payload() data: object): object {
        seen.push(data);
        return data;
      }
    }
    const { app, ask } = await hybrid({ controllers: [Piped] });
    await serve(app);
    for (const data of [{ id: 1, admin: true }, { id: 1 }, { id: 1, admin: true }, { id: 1 }]) {
      expect(await ask('piped', data)).toEqual([{ id: 1 }]);
    }
    expect(seen).toEqual([{ id: 1 }, { id: 1 }]);
  });

  it('are seen by the interceptors of their controller when they are answered from the cache', async () => {
    let runs = 0;
    @Injectable()
    class Counted implements NestInterceptor {
      static seen = 0;

      intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
        const seen = ++Counted.seen;
        return next.handle().pipe(map((value) => ({ value, seen })));
      }
    }
    @Controller()
    @UseInterceptors(Counted)
    class Intercepted {
      @MessagePattern('intercepted')
      @Cacheable({ returns: 'response' })
      intercepted(): number {
        return ++runs;
      }
    }
    const { app, ask } = await hybrid({ controllers: [Intercepted] });
    await serve(app);
    expect(await ask('intercepted', {})).toEqual([{ value: 1, seen: 1 }]);
    expect(await ask('intercepted', {})).toEqual([{ value: 1, seen: 2 }]);
  });

  it('evict after the Observable that a promise brings has done its work', async () => {
    let stored = 'old';
    @Controller()
    class Changing {
      @MessagePattern('read')
      @Cacheable({ returns: 'response', tags: ['stored'] })
      read(): string {
        return stored;
      }

      @MessagePattern('write')
      @CacheEvict({ tags: ['stored'] })
      async write(@Payload() text: string): Promise<Observable<string>> {
        // somebody reads while it is under way
        return defer(async () => {
          await lastValueFrom(asked());
          stored = text;
          return 'written';
        });
      }
    }
    const { app, ask } = await hybrid({ controllers: [Changing] });
    const asked = () => defer(async () => ask('read', {}));
    await serve(app);
    expect(await ask('read', {})).toEqual(['old']);
    expect(await ask('write', 'new')).toEqual(['written']);
    expect(await ask('read', {})).toEqual(['new']);
  });

  it('are passed, and say so once, where their data have no stable form', async () => {
    const warn = vi.fn<(...said: unknown[]) => void>();
    let runs = 0;
    @Controller()
    class Deep {
      @MessagePattern('deep')
      @Cacheable({ returns: 'response' })
      deep(): number {
        return ++runs;
      }
    }
    const logger = { log() {}, error() {}, warn };
    const { app, ask } = await hybrid({ controllers: [Deep] }, { logger });
    await serve(app);
    let deep: unknown[] = [];
    for (let level = 0; level < 300; level++) deep = [deep];
    expect([await ask('deep', deep), await ask('deep', deep), await ask('deep', [])]).toEqual([[1], [2], [3]]);
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/^Deep\.deep got a message that isn’t cached.*no stable form.*requestKey/), 'CacheModule'],
    ]);
    const { reads, bypassed } = app.get(CacheService).status().caches['Deep.deep']!;
    expect({ reads, bypassed }).toEqual({ reads: 1, bypassed: 2 });
  });

  it('never answer for a page that is the same method', async () => {
    let runs = 0;
    @Controller()
    class Two {
      @Get('two')
      @MessagePattern('two')
      @Cacheable({ returns: 'response', public: true })
      two(): { run: number } {
        return { run: ++runs };
      }
    }
    const { app, ask } = await hybrid({ controllers: [Two] });
    const url = await serve(app);
    const forged = { method: 'GET', url: '/two', originalUrl: '/two', headers: {} };
    const answered = await ask('two', forged);
    expect(answered).toEqual([{ run: 1 }]);
    const page = await fetch(`${url}/two`);
    expect(await page.json()).toEqual({ run: 2 });
    expect(await ask('two', forged)).not.toEqual([{ run: 2 }]);
  });
});

/** A transport of somebody else: its context doesn't say by which pattern a message came. */
class Loudspeaker extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol('loudspeaker');

  listen(callback: () => void): void {
    callback();
  }

  close(): void {}

  override on(): void {}

  override unwrap(): never {
    throw new Error('there is nothing behind it');
  }

  async say(pattern: string, data: unknown): Promise<unknown> {
    const handler = this.getHandlerByPattern(pattern)!;
    return lastValueFrom(this.transformToObservable(await handler(data, { said: 'nothing' })));
  }
}

describe('message handlers over a transport that says no pattern', () => {
  it('are cached when they are for one pattern, and never share between two', async () => {
    let runs = 0;
    @Controller()
    class Spoken {
      @MessagePattern('single')
      @Cacheable({ returns: 'response' })
      single(): number {
        return ++runs;
      }

      @MessagePattern(['one', 'other'])
      @Cacheable({ returns: 'response' })
      either(): number {
        return ++runs;
      }

      @MessagePattern(['own', 'key'])
      @Cacheable({ returns: 'response', requestKey: () => 'own' })
      own(): number {
        return ++runs;
      }
    }
    const strategy = new Loudspeaker();
    const app = await NestFactory.createMicroservice(moduleOf({ controllers: [Spoken] }), {
      strategy,
      logger: false,
      abortOnError: false,
    });
    onTestFinished(async () => app.close());
    await app.listen();
    expect([await strategy.say('single', {}), await strategy.say('single', {})]).toEqual([1, 1]);
    expect(await strategy.say('one', {})).not.toBe(await strategy.say('other', {}));
    expect(await strategy.say('own', {})).toBe(await strategy.say('key', {}));
  });
});
