import {
  All,
  Controller,
  Get,
  Head,
  Header,
  Next,
  Post,
  Redirect,
  Render,
  Req,
  RequestMethod,
  Res,
  Sse,
  Version,
} from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { describe, expect, it } from 'vitest';
import { handlerKindOf } from '../../../lib/bindings/handler-kind.js';
import {
  isForSeveralVersions,
  namesOf,
  routeShapeOf,
  type RouteShape,
} from '../../../lib/responses/handler-metadata.js';

@Controller({ path: 'a', host: ':tenant.example.com', version: ['1', '2'] })
class Routes {
  @Get('get')
  get(@Req() _request: unknown): void {}

  @Version('3')
  @All(['all', 'everything'])
  all(): void {}

  @Head()
  head(): void {}

  @Post()
  post(): void {}

  @Sse('sse')
  sse(): void {}

  @Get()
  @Render('view')
  view(): void {}

  @Get()
  @Redirect('/there', 307)
  redirect(): void {}

  @Get()
  @Header('X-One', '1')
  @Header('Cache-Control', () => 'no-store')
  headers(): void {}

  @Get()
  res(@Res() _response: unknown): void {}

  @Get()
  through(@Req() _request: unknown, @Res({ passthrough: true }) _response: unknown): void {}

  @Get()
  next(@Next() _go: unknown): void {}

  helper(): void {}
}

@Controller('derived')
class Derived extends Routes {}

@Controller()
class Messages {
  @MessagePattern({ cmd: 'find' })
  message(@Payload() _data: unknown, @Ctx() _context: unknown): void {}

  @EventPattern(['happened', 'happened again'])
  event(): void {}
}

const { prototype } = Routes;
const shape = (name: keyof Routes): RouteShape => routeShapeOf(Routes, name, prototype[name]);

describe('what decorators of Nest leave on a handler', () => {
  it('tells what kind of caller it is for', () => {
    expect(handlerKindOf(prototype.get)).toBe('route');
    expect(handlerKindOf(prototype.sse)).toBe('route');
    expect(handlerKindOf(prototype.helper)).toBeUndefined();
    expect(handlerKindOf(Messages.prototype.message)).toBe('message');
    expect(handlerKindOf(Messages.prototype.event)).toBe('event');
  });

  it('tells which requests it is for', () => {
    expect(shape('get').requestMethod).toBe(RequestMethod.GET);
    expect(shape('all').requestMethod).toBe(RequestMethod.ALL);
    expect(shape('head').requestMethod).toBe(RequestMethod.HEAD);
    expect(shape('post').requestMethod).toBe(RequestMethod.POST);
    expect(shape('get').byHost).toBe(true);
    expect(routeShapeOf(Derived, 'get', prototype.get).byHost).toBe(false);
  });

  it('tells what becomes of its answer', () => {
    expect(shape('get')).toMatchObject({ isSse: false, isRendered: false, redirect: undefined, declaredHeaders: [] });
    expect(shape('sse').isSse).toBe(true);
    expect(shape('view').isRendered).toBe(true);
    expect(shape('redirect').redirect).toEqual({ url: '/there', statusCode: 307 });
    expect(shape('headers').declaredHeaders.toSorted()).toEqual(['cache-control', 'x-one']);
  });

  it('tells whether it has the response in its hands, in a subclass too', () => {
    for (const controller of [Routes, Derived]) {
      const has = (name: 'get' | 'res' | 'through' | 'next'): boolean[] => {
        const { hasResponse, answersItself } = routeShapeOf(controller, name, prototype[name]);
        return [hasResponse, answersItself];
      };
      expect([has('get'), has('res'), has('through'), has('next')]).toEqual([
        [false, false],
        [true, true],
        [true, false],
        [false, true],
      ]);
    }
  });

  it('tells it from others of its name', () => {
    expect(namesOf(Routes, prototype.all)).toEqual(['a', ['all', 'everything'], ['1', '2'], '3', undefined]);
    expect(namesOf(Messages, Messages.prototype.message).at(-1)).toEqual([{ cmd: 'find' }]);
    expect(isForSeveralVersions(Routes, prototype.get)).toBe(true);
    expect(isForSeveralVersions(Derived, prototype.get)).toBe(false);
  });
});
