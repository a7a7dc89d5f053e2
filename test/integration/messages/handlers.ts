import { Controller, Get, Injectable, Param, Post, UseGuards, type CanActivate, type Type } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { from, map, of, throwError, type Observable } from 'rxjs';
import { Cacheable, CacheEvict, CacheTags } from 'nestjs-hybrid-cache';
import { eventually } from '../../support/servers/eventually.js';
import { ROOMS } from './rooms.js';
import type { TransportKind } from './transports.js';

/** What most messages of the tests ask. */
export interface Question {
  readonly id: string;
  readonly owner?: string;
  /** Of how many requests the handler is to wait for, before it answers. */
  readonly crowd?: number;
  readonly isCached?: boolean;
}

/** The answer says which run of a handler it is from. */
export interface Answer {
  readonly id: string;
  readonly run: number;
}

/** What handlers answer that could be taken for no answer. */
export const VALUES: Readonly<Record<string, unknown>> = {
  null: null,
  zero: 0,
  empty: '',
  false: false,
  list: [],
  nested: { list: [1, { deep: null }], text: 'ä€😀', number: -1.5, none: {} },
};

/** How often each handler has run, and how many messages have come in. */
export class Log {
  /** While it is there, no message gets further than the door. */
  gate: Promise<void> | undefined;
  readonly #runs = new Map<string, number>();
  readonly #arrivals = new Map<string, number>();

  runsOf(handler: string, id: string): number {
    return this.#runs.get(`${handler} ${id}`) ?? 0;
  }

  arrivalsOf(id: string): number {
    return this.#arrivals.get(id) ?? 0;
  }

  run(handler: string, id: string): number {
    const run = this.runsOf(handler, id) + 1;
    this.#runs.set(`${handler} ${id}`, run);
    return run;
  }

  arrive(id: string): void {
    this.#arrivals.set(id, this.arrivalsOf(id) + 1);
  }
}

/** Sees every message, whether it is answered from the cache or not. */
@Injectable()
class Doorkeeper implements CanActivate {
  constructor(private readonly log: Log) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const data = context.getArgByIndex<Partial<Question> | undefined>(0);
    if (typeof data?.id === 'string') this.log.arrive(data.id);
    await this.log.gate;
    return true;
  }
}

/** A controller whose patterns start with a word of the application's own, so that several can share a broker. */
export function handlersOf(kind: TransportKind, application: string): Type<object> {
  const { pattern, callerOf, wildcard } = kind;
  const word = (name: string): string => pattern(application, name);
  const idOf = (context: ExecutionContext): Question => context.switchToRpc().getData<Question>();

  @Controller()
  @UseGuards(Doorkeeper)
  class Handlers {
    constructor(private readonly log: Log) {}

    @MessagePattern(word('plain'))
    @Cacheable({ returns: 'response' })
    plain(@Payload() { id }: Question): Answer {
      return { id, run: this.log.run('plain', id) };
    }

    @MessagePattern(word('uncached'))
    uncached(@Payload() { id }: Question): Answer {
      return { id, run: this.log.run('uncached', id) };
    }

    @MessagePattern(word('value'))
    @Cacheable()
    async value(@Payload() { id }: Question): Promise<unknown> {
      this.log.run('value', id);
      return VALUES[id];
    }

    @MessagePattern(word('uncached-value'))
    async uncachedValue(@Payload() { id }: Question): Promise<unknown> {
      return VALUES[id];
    }

    @MessagePattern(word('echo'))
    @Cacheable()
    async echo(@Payload() data: unknown): Promise<unknown> {
      this.log.run('echo', JSON.stringify(data));
      return { data };
    }

    @MessagePattern(word('uncached-echo'))
    async uncachedEcho(@Payload() data: unknown): Promise<unknown> {
      return { data };
    }

    @MessagePattern(word('several'))
    @Cacheable({ returns: 'observable' })
    several(@Payload() { id }: Question): Observable<unknown> {
      const run = this.log.run('several', id);
      return from(['first', null, 0, { run }, 'last']).pipe(map((part) => ({ part })));
    }

    @MessagePattern(word('later-several'))
    @Cacheable({ returns: 'response' })
    async laterSeveral(@Payload() { id }: Question): Promise<Observable<unknown>> {
      const run = this.log.run('later-several', id);
      return of('first', 'second', `run ${run}`);
    }

    @MessagePattern(word('crowded'))
    @Cacheable()
    async crowded(@Payload() { id, crowd = 1 }: Question): Promise<Answer> {
      const run = this.log.run('crowded', id);
      await eventually(`${crowd} requests arrive`, () => this.log.arrivalsOf(id) >= crowd, { everyMs: 1 });
      return { id, run };
    }

    @MessagePattern(word('failing'))
    @Cacheable()
    async failing(@Payload() { id, crowd = 1 }: Question): Promise<Answer> {
      const run = this.log.run('failing', id);
      await eventually(`${crowd} requests arrive`, () => this.log.arrivalsOf(id) >= crowd, { everyMs: 1 });
      throw new RpcException({ code: 'OUT_OF_STOCK', id, run });
    }

    @MessagePattern(word('breaking-off'))
    @Cacheable({ returns: 'observable' })
    breakingOff(@Payload() { id }: Question): Observable<unknown> {
      const run = this.log.run('breaking-off', id);
      return throwError(() => new RpcException({ code: 'BROKEN_OFF', run }));
    }

    @MessagePattern(word('tagged'))
    @Cacheable({ tags: ({ id }: Question) => [`item:${id}`] })
    @CacheTags({ fromResult: ({ owner }: { owner: string }) => [`owner:${owner}`] })
    async tagged(@Payload() { id, owner = 'nobody' }: Question): Promise<Answer & { owner: string }> {
      return { id, owner, run: this.log.run('tagged', id) };
    }

    @MessagePattern(word('tagged-several'))
    @Cacheable({ returns: 'observable', tags: { fromResult: (part: { tag: string }) => [part.tag] } })
    taggedSeveral(@Payload() { id }: Question): Observable<{ tag: string; run: number }> {
      const run = this.log.run('tagged-several', id);
      return of({ tag: `left:${id}`, run }, { tag: `right:${id}`, run });
    }

    @MessagePattern(word('change'))
    @CacheEvict({ tags: ({ tag }: { tag: string }) => [tag] })
    async change(@Payload() { tag }: { tag: string }): Promise<string> {
      return `changed ${tag}`;
    }

    @MessagePattern(word('change-several'))
    @CacheEvict({ tags: { fromResult: (part: { tag: string }) => [part.tag] } })
    changeSeveral(@Payload() { tag }: { tag: string }): Observable<{ tag: string }> {
      return of({ tag: 'nothing' }, { tag });
    }

    @EventPattern<Record<string, { tag: string }>>(word('changed'))
    @CacheEvict({ tags: ({ tag }: { tag: string }) => [tag] })
    async changed(@Payload() _event: { tag: string }): Promise<void> {}

    @MessagePattern(word('own-key'))
    @Cacheable({
      returns: 'response',
      requestKey: (context: ExecutionContext) => {
        const { id, isCached } = idOf(context);
        return isCached === false ? undefined : id;
      },
    })
    ownKey(@Payload() { id }: Question): Answer {
      return { id, run: this.log.run('own-key', id) };
    }

    @MessagePattern(word('scoped'))
    @Cacheable({ returns: 'response', scope: (context: ExecutionContext) => callerOf(context)! })
    scoped(@Payload() { id }: Question): Answer {
      return { id, run: this.log.run('scoped', id) };
    }

    @MessagePattern([word('one'), word('other')])
    @Cacheable({ returns: 'response' })
    either(@Payload() { id }: Question): Answer {
      return { id, run: this.log.run('either', id) };
    }

    @MessagePattern(word('unless'))
    @Cacheable({ returns: 'response', unless: (answer: Answer, { owner }: Question) => owner === 'nobody' })
    unless(@Payload() { id }: Question): Answer {
      return { id, run: this.log.run('unless', id) };
    }

    @MessagePattern(wildcard?.(word('rooms'), 'state') ?? word('no-wildcard'))
    @Cacheable({ returns: 'response' })
    anyRoom(@Payload() { id }: Question): Answer {
      return { id, run: this.log.run('any-room', id) };
    }
  }
  return Handlers;
}

/** The patterns of every message that tests send. */
export function messagesOf({ pattern }: TransportKind, application: string, handlers: Type<object>): string[] {
  const methods = Object.values(Object.getOwnPropertyDescriptors(handlers.prototype as object));
  const said = methods.flatMap(({ value }) => {
    const patterns = Reflect.getMetadata('microservices:pattern', value as object) as unknown[] | undefined;
    return patterns ?? [];
  });
  const rooms = ROOMS.map((room) => pattern(application, 'rooms', room, 'state'));
  return [...said.filter((pattern) => typeof pattern === 'string'), ...rooms];
}

/** The same data over HTTP, in an application that does both. */
@Controller()
export class Pages {
  constructor(private readonly log: Log) {}

  @Get('items/:id')
  @Cacheable({ returns: 'response', public: true, tags: (id: string) => [`item:${id}`] })
  item(@Param('id') id: string): Answer {
    return { id, run: this.log.run('page', id) };
  }

  @Post('items/:id')
  @CacheEvict({ tags: (id: string) => [`item:${id}`] })
  async change(@Param('id') id: string): Promise<string> {
    return `changed ${id}`;
  }
}
