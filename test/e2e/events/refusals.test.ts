import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { CacheConfigurationError, CacheEvict, CacheModule, CacheService } from 'nestjs-hybrid-cache';
import { CacheEventsModule } from 'nestjs-hybrid-cache/events';
import { refusalOf, started } from './stage.js';

describe('an application with CacheEventsModule doesn’t start', () => {
  it.each<[what: string, options: object, ...says: string[]]>([
    ['an empty pattern', { pattern: '' }, "CacheEventsModule.pattern: got ''; takes a pattern of 1 to 200 characters"],
    ['a pattern that isn’t a text', { pattern: 7 }, 'CacheEventsModule.pattern: got 7'],
    ['an option that is misspelt', { patern: 'x' }, 'CacheEventsModule.patern', 'did you mean `pattern`?'],
    ['a client that isn’t a list', { clients: 'EVENTS' }, "CacheEventsModule.clients: got 'EVENTS'; takes a list of"],
    ['a client that isn’t there', { clients: [undefined] }, 'CacheEventsModule.clients', 'injection tokens'],
    ['a number of retries that isn’t one', { emitRetries: -1 }, 'CacheEventsModule.emitRetries: got -1; takes'],
    ['a time that isn’t one', { emitTimeout: 'soon' }, "CacheEventsModule.emitTimeout: got 'soon'; takes a duration"],
    ['a size that isn’t one', { maxBytes: 'big' }, "CacheEventsModule.maxBytes: got 'big'; takes"],
    ['a policy that isn’t one', { onGap: 'pray' }, "CacheEventsModule.onGap: got 'pray'; takes", 'by transport'],
    [
      'a transport that isn’t one',
      { onGap: { natz: 'clear' } },
      'CacheEventsModule.onGap.natz',
      'did you mean `nats`?',
    ],
    [
      'a policy of a transport that isn’t one',
      { onGap: { nats: 'pray' } },
      "CacheEventsModule.onGap.nats: got 'pray'; takes",
    ],
    [
      'an acknowledgement that isn’t one',
      { acknowledge: 'some' },
      'CacheEventsModule.acknowledge',
      "true, false or 'all'",
    ],
    ['decorators that aren’t', { decorators: ['Public'] }, 'CacheEventsModule.decorators', 'such as `Public()`'],
    ['a Redis without a channel', { redis: {} }, 'CacheEventsModule.redis: needs a `channel`, a `stream`, or both'],
    [
      'a channel without a Redis',
      { redis: { channel: 'c' } },
      'CacheEventsModule.redis.connection: isn’t said, and CacheModule has no `redis` either',
    ],
    ['a channel without a name', { redis: { channel: '' } }, 'CacheEventsModule.redis.channel'],
  ])('with %s', async (_what, options, ...says) => {
    const message = await refusalOf({ events: options });
    for (const said of says) expect(message).toContain(said);
  });

  it('and says everything that is wrong with the options at once', async () => {
    const message = await refusalOf({ events: { pattern: '', emitTimeout: 'soon', onGap: 'pray' } as object });
    for (const option of ['pattern', 'emitTimeout', 'onGap']) expect(message).toContain(`CacheEventsModule.${option}`);
  });

  it('with a secret that is too short, which isn’t repeated', async () => {
    const message = await refusalOf({ events: { secret: 'abracadabra' } });
    expect(message).toContain('CacheEventsModule.secret');
    expect(message).toContain('at least 16 characters');
    expect(message).not.toContain('abracadabra');
  });

  it('with a current secret that is none of them', async () => {
    const secret = { current: 'c', keys: { a: 'a secret of some length' } };
    const message = await refusalOf({ events: { secret } });
    expect(message).toContain('`current` is none of the keys');
    expect(message).not.toContain('of some length');
  });

  it.each([
    ['a name', 'EVENTS', 'nobody provides EVENTS'],
    ['a symbol', Symbol('the events'), 'nobody provides the events'],
    ['a class', class Missing {}, 'nobody provides Missing'],
  ])('when the client that it is told of as %s isn’t provided', async (_what, token, says) => {
    const message = await refusalOf({ events: { clients: [token] } });
    expect(message).toContain(`CacheEventsModule.clients: ${says}`);
    expect(message).toContain('ClientsModule.register');
  });

  it('when it is imported twice for the same caches, which would apply everything twice', async () => {
    const message = await refusalOf({ imports: [CacheEventsModule.forRoot({ pattern: 'other' })] });
    expect(message).toContain('CacheEventsModule');
    expect(message).toContain('imported more than once');
  });

  it('when it is told of caches that nobody has registered', async () => {
    const message = await refusalOf({
      events: false,
      imports: [CacheEventsModule.forRoot({ registration: 'sesions' })],
    });
    expect(message).toContain("CacheEventsModule.registration: there is no CacheModule with registration: 'sesions'");
  });

  it('when it can’t see the caches', async () => {
    const message = await refusalOf({ cache: false, imports: [CacheModule.forRoot({ isGlobal: false })] });
    expect(message).toContain('CacheModule.forRoot.isGlobal: is false, and CacheEventsModule can’t see its caches');
  });
});

describe('without CacheEventsModule', () => {
  it('an application with `@CacheEvict({ emit: true })` doesn’t start', async () => {
    @Injectable()
    class Users {
      @CacheEvict({ tags: ['users'], emit: true })
      async rename(): Promise<void> {}
    }
    const message = await refusalOf({ events: false, providers: [Users] });
    expect(message).toContain('Users.rename @CacheEvict.emit: is true, and nobody is there to tell other services');
    expect(message).toContain('import CacheEventsModule.forRoot({ clients: […] }) of nestjs-hybrid-cache/events');
  });

  it('`cache.invalidate({ emit: true })` is refused, and invalidates nothing', async () => {
    const app = await started({ events: false, cache: { caches: { users: {} } } });
    const cache = app.get(CacheService);
    await cache.set('users', 7, 'seven');
    const refusal = await cache.invalidate({ caches: ['users'], emit: true }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(CacheConfigurationError);
    expect((refusal as Error).message).toContain('import CacheEventsModule.forRoot({ clients: […] })');
    expect(await cache.get('users', 7)).toBe('seven');
  });
});
