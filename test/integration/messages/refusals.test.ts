import { Controller, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, GrpcMethod, MessagePattern, Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Cacheable, CacheableMany, CacheModule, CachePut, CacheTags } from 'nestjs-hybrid-cache';
import { freePorts } from '../../support/servers/ports.js';

const QUIET = { logger: false, abortOnError: false } as const;
const MANNERS = ['pure', 'hybrid'] as const;

/** With what words an application with this controller refuses to start. */
async function refusalOf(manner: (typeof MANNERS)[number], controller: Type): Promise<string> {
  const [port] = (await freePorts(1)) as [number];
  const server: MicroserviceOptions = { transport: Transport.TCP, options: { host: '127.0.0.1', port } };
  class AppModule {}
  Module({ imports: [CacheModule.forRoot()], controllers: [controller] })(AppModule);
  try {
    if (manner === 'pure') {
      const app = await NestFactory.createMicroservice(AppModule, { ...server, ...QUIET });
      onTestFinished(async () => app.close());
      await app.listen();
    } else {
      const app = await NestFactory.create(AppModule, QUIET);
      onTestFinished(async () => app.close());
      app.connectMicroservice(server);
      await app.listen(0, '127.0.0.1');
    }
  } catch (error) {
    return (error as Error).message;
  }
  return 'it started';
}

describe.each(MANNERS)('a %s application refuses to start', (manner) => {
  it('with @Cacheable on an event handler, whichever is above the other', async () => {
    @Controller()
    class Below {
      @EventPattern('happened')
      @Cacheable()
      async on(_data: unknown): Promise<void> {}
    }
    @Controller()
    class Above {
      @Cacheable({ returns: 'response' })
      @EventPattern('happened')
      on(_data: unknown): void {}
    }
    expect(await refusalOf(manner, Below)).toContain('Below.on @Cacheable: is for events, which nobody answers');
    expect(await refusalOf(manner, Above)).toContain('Above.on @Cacheable: is for events, which nobody answers');
  });

  it('with @CacheTags on an event handler', async () => {
    @Controller()
    class Listener {
      @EventPattern('happened')
      @CacheTags('events')
      async on(_data: unknown): Promise<void> {}
    }
    expect(await refusalOf(manner, Listener)).toContain('Listener.on @Cacheable: is for events, which nobody answers');
  });

  it('with a `key` or a `condition` on a message handler', async () => {
    @Controller()
    class Keyed {
      @MessagePattern('find')
      @Cacheable({ key: (data: { id: string }) => data.id, condition: (data: { id: string }) => data.id !== '' })
      async find(_data: { id: string }): Promise<string> {
        return 'found';
      }
    }
    const refusal = await refusalOf(manner, Keyed);
    expect(refusal).toContain('Keyed.find @Cacheable.key: is for arguments');
    expect(refusal).toContain('Keyed.find @Cacheable.condition: is for arguments');
    expect(refusal).toContain('say `requestKey: (context) => …`');
  });

  it('with @CachePut or @CacheableMany on a message handler', async () => {
    @Controller()
    class Writing {
      @MessagePattern('put')
      @CachePut({ cache: 'items', key: (result: { id: string }) => result.id })
      async put(): Promise<{ id: string }> {
        return { id: '1' };
      }

      @GrpcMethod('Items', 'Many')
      @CacheableMany({ key: (item: { id: string }) => item.id })
      async many(_ids: string[]): Promise<{ id: string }[]> {
        return [];
      }
    }
    const refusal = await refusalOf(manner, Writing);
    expect(refusal).toContain('Writing.put: @CachePut on a message handler');
    expect(refusal).toContain('Writing.many: @CacheableMany on a message handler');
  });

  it('not with a message handler that is cached as it should be', async () => {
    @Controller()
    class Fine {
      @MessagePattern('find')
      @Cacheable({ returns: 'response', tags: ['fine'] })
      find(): string {
        return 'found';
      }
    }
    expect(await refusalOf(manner, Fine)).toBe('it started');
  });
});
