import { Controller, Get, Injectable, Next, Post, Res, SetMetadata, Sse, Version, type Type } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Cacheable, CacheableMany, CachePut, CacheTags } from '../../../lib/index.js';
import { refusalOf } from '../../support/http-app.js';

@Controller('a')
class AnswersItself {
  @Get('res')
  @Cacheable({ returns: 'response' })
  res(@Res() response: { end(): void }): void {
    response.end();
  }

  @Get('next')
  @CacheTags('next')
  next(@Next() go: () => void): void {
    go();
  }
}

@Controller('b')
class Events {
  @Sse()
  @Cacheable({ returns: 'response' })
  events(): unknown {
    return of({ data: 1 });
  }
}

@Controller('c')
class Changes {
  @Post()
  @Cacheable({ returns: 'response' })
  change(): object {
    return {};
  }
}

@Controller('d')
class Several {
  @Get('undecided')
  @Version(['1', '2'])
  @Cacheable({ returns: 'response' })
  undecided(): object {
    return {};
  }
}

@Controller({ path: 'e', version: ['1', '2'] })
class SeveralOfAll {
  @Get('undecided')
  @Cacheable({ returns: 'response' })
  undecided(): object {
    return {};
  }
}

@Controller('f')
class ByArguments {
  @Get(':id')
  @Cacheable({ returns: 'response', key: (id: string) => id, condition: () => true } as never)
  get(): object {
    return {};
  }
}

@Controller('g')
class Contradictory {
  @Get('whose')
  @Cacheable({ returns: 'response', public: true, scope: () => 'me' })
  whose(): object {
    return {};
  }

  @Get('shared')
  @Cacheable({ returns: 'response', scope: () => 'me', sMaxAge: '1m' })
  shared(): object {
    return {};
  }

  @Get('edge')
  @Cacheable({ returns: 'response', scope: () => 'me', edge: { maxAge: '1m' } })
  edge(): object {
    return {};
  }

  @Get('star')
  @Cacheable({ returns: 'response', vary: ['*'] })
  star(): object {
    return {};
  }

  @Get('nonsense')
  @Cacheable({ returns: 'response', vary: ['a b'], statuses: [304], etag: 'firm', maxage: 1 } as never)
  nonsense(): object {
    return {};
  }

  @Get('unnested')
  @Cacheable({ returns: 'response', nested: false, tags: (id: string) => [id] })
  unnested(_id: string): object {
    return {};
  }
}

@Injectable()
@Cacheable({ returns: 'response' })
class NoController {
  async find(): Promise<number> {
    return 1;
  }
}

@Controller('h')
@Cacheable({ returns: 'response', tags: (id: string) => [id], unless: () => true })
class OfCalls {
  @Get(':id')
  get(): object {
    return {};
  }
}

@Injectable()
class Resolver {
  @SetMetadata('graphql:resolver_type', 'Query')
  @Cacheable()
  async users(): Promise<number[]> {
    return [1];
  }
}

@Injectable()
class Gateway {
  @SetMetadata('websockets:message_mapping', true)
  @SetMetadata('message', 'users')
  @CacheTags('users')
  users(): number[] {
    return [1];
  }
}

@Controller()
class Listener {
  @EventPattern('happened')
  @Cacheable({ returns: 'response' })
  happened(_event: unknown): void {}
}

@Controller('i')
class Writer {
  @Get('many')
  @CacheableMany({ cache: 'many', key: (item: { id: string }) => item.id })
  async many(ids: string[]): Promise<{ id: string }[]> {
    return ids.map((id) => ({ id }));
  }

  @Post('put')
  @CachePut({ cache: 'many', key: (item: { id: string }) => item.id })
  async put(): Promise<{ id: string }> {
    return { id: '1' };
  }
}

/** Two classes of one name, each with the same handler. */
function twins(cache?: string): Type[] {
  const of = (version: string): Type => {
    @Controller({ path: 'twins', version })
    class Twins {
      @Get()
      @Cacheable({ returns: 'response', cache })
      get(): object {
        return { version };
      }
    }
    return Twins;
  };
  return [of('1'), of('2')];
}

describe('an application with cached handlers refuses to start', () => {
  it.each<[string, Type[], RegExp[]]>([
    [
      'when one answers by itself',
      [AnswersItself],
      [
        /AnswersItself\.res @Cacheable: answers by itself \(@Res or @Next\).*say @Res\(\{ passthrough: true \}\)/,
        /AnswersItself\.next @Cacheable: answers by itself/,
      ],
    ],
    ['when one answers with events', [Events], [/Events\.events @Cacheable: answers with events \(@Sse\)/]],
    ['when one changes something', [Changes], [/Changes\.change @Cacheable: .*GET and HEAD can be cached/]],
    ['when one is for events', [Listener], [/Listener\.happened @Cacheable: is for events, which nobody answers/]],
    [
      'when one is for several versions and doesn’t say what tells them apart',
      [Several, SeveralOfAll],
      [/Several\.undecided @Cacheable: is for several versions.*`vary`/, /SeveralOfAll\.undecided @Cacheable/],
    ],
    [
      'when one uses its arguments',
      [ByArguments],
      [/ByArguments\.get @Cacheable\.key: .*requestKey/, /ByArguments\.get @Cacheable\.condition: .*requestKey/],
    ],
    [
      'when one contradicts itself, with everything that is wrong',
      [Contradictory],
      [
        /whose @Cacheable\.scope: contradicts `public: true`/,
        /shared @Cacheable\.sMaxAge: contradicts `scope`/,
        /edge @Cacheable\.edge: contradicts `scope`/,
        /star @Cacheable\.vary: .*takes a list of names of headers/,
        /nonsense @Cacheable.*maxage/,
        /unnested @Cacheable: .*`nested: true`/,
      ],
    ],
    [
      'when what is said of a whole controller depends on the call',
      [OfCalls],
      [/OfCalls @Cacheable\.tags: is about a call/, /OfCalls @Cacheable\.unless: is about a call/],
    ],
    [
      'when two classes of one name have the same handler',
      twins(),
      [/Twins\.get @Cacheable.*say which `cache` it uses/],
    ],
    [
      'when one reads or writes by the batch',
      [Writer],
      [/Writer\.many: @CacheableMany on a route handler/, /Writer\.put: @CachePut on a route handler/],
    ],
  ])('%s', async (_when, controllers, messages) => {
    const refusal = await refusalOf('express', { controllers, cache: { caches: { many: {} } } });
    for (const message of messages) expect(refusal).toMatch(message);
  });

  it.each<[string, Type, RegExp]>([
    [
      'a GraphQL resolver is cached',
      Resolver,
      /Resolver\.users: @Cacheable on a GraphQL resolver: .*decorate the service/,
    ],
    [
      'a WebSocket handler is cached',
      Gateway,
      /Gateway\.users: @CacheTags on a WebSocket handler: .*decorate the service/,
    ],
    ['a class that is no controller is', NoController, /NoController @Cacheable: is on a class that is no controller/],
  ])('when %s', async (_when, provider, message) => {
    expect(await refusalOf('express', { providers: [provider] })).toMatch(message);
  });

  it('unless the twins say which cache they use, or versions by what they are told apart', async () => {
    @Controller({ path: 'said', version: ['1', '2'] })
    class Said {
      @Get('vary')
      @Cacheable({ returns: 'response', vary: [] })
      vary(): object {
        return {};
      }

      @Get('key')
      @Cacheable({ returns: 'response', requestKey: () => 'all' })
      key(): object {
        return {};
      }
    }
    const parts = { controllers: [...twins('twins'), Said], cache: { caches: { twins: {} } } };
    expect(await refusalOf('express', parts)).toBe('it started');
  });
});
