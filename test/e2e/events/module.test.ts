import { createServer } from 'node:net';
import {
  Controller,
  Global,
  Injectable,
  Module,
  SetMetadata,
  ValidationPipe,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { NestFactory, Reflector } from '@nestjs/core';
import { ClientsModule, EventPattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Cacheable, CacheEvict, CacheModule, CacheService, getCacheServiceToken } from 'nestjs-hybrid-cache';
import { CacheEvents, CacheEventsModule, getCacheEventsToken, InvalidateOn } from 'nestjs-hybrid-cache/events';
import { eventually } from '../../support/servers/eventually.js';
import { Client, created, listening, moduleOf, started, tcpLine, type Parts } from './stage.js';

interface UserUpdated {
  readonly type: string;
  readonly userId: number;
}

@Injectable()
class Users {
  loads = 0;

  @Cacheable({ tags: (id: number) => [`user:${id}`] })
  async user(_id: number): Promise<number> {
    return ++this.loads;
  }
}

@Injectable()
@InvalidateOn('user.updated', ({ userId }: UserUpdated) => [`user:${userId.toFixed()}`])
class UpdatedUsers extends Users {}

/** Somebody who tells the service that listens there. */
async function tellerOf(line: Awaited<ReturnType<typeof tcpLine>>, parts: Parts = {}): Promise<INestApplication> {
  return started({
    cache: false,
    events: { clients: ['EVENTS'], emitRetries: 0 },
    ...parts,
    imports: [ClientsModule.register([{ name: 'EVENTS', ...line }]), ...(parts.imports ?? [])],
  });
}

/** Sends anything. */
async function send(line: Awaited<ReturnType<typeof tcpLine>>, pattern: string, data: object): Promise<void> {
  const teller = await tellerOf(line, { events: false });
  const client = teller.get<{ emit: (pattern: string, data: object) => { subscribe: (o: object) => void } }>('EVENTS', {
    strict: false,
  });
  await new Promise<void>((complete, error) => client.emit(pattern, data).subscribe({ complete, error }));
}

const applied = async (events: CacheEvents, count = 1): Promise<unknown> =>
  eventually(`${count} are applied`, () => events.status().events.applied === count);

describe('a service that is told over TCP', () => {
  it('lets go of what another one has changed', async () => {
    const { app, line, events } = await listening({ providers: [Users] });
    const users = app.get(Users);
    expect(await users.user(7)).toBe(1);
    const teller = await tellerOf(line);
    expect(await teller.get(CacheEvents).invalidate({ tags: ['user:7'] })).toMatchObject({ status: 'emitted' });
    await applied(events);
    expect(await users.user(7)).toBe(2);
    expect(events.status()).toMatchObject({
      events: { received: 1, applied: 1, underWay: 0 },
      transports: [{ transport: 'tcp', reach: 'one', connected: true, gaps: 0, onGap: 'nothing' }],
    });
  });

  it('is known not to have been told when nobody listens', async () => {
    const teller = await tellerOf(await tcpLine());
    const { status, clients } = await teller.get(CacheEvents).invalidate({ tags: ['user:7'] });
    expect(status).toBe('failed');
    expect(clients[0]!.error).toContain('ECONNREFUSED');
  });

  it('counts as told when it took the connection, because TCP knows no receipts', async () => {
    const server = createServer((socket) => socket.pause());
    const line = await tcpLine();
    await new Promise<void>((resolve) => server.listen(line.options.port, line.options.host, resolve));
    onTestFinished(() => void server.close());
    const teller = await tellerOf(line);
    expect(await teller.get(CacheEvents).invalidate({ tags: ['user:7'] })).toMatchObject({ status: 'emitted' });
  });

  it('is told of what a method evicts', async () => {
    @Injectable()
    class Writer {
      @CacheEvict({ tags: (id: number) => [`user:${id}`], emit: true })
      async rename(_id: number): Promise<void> {}
    }
    const { app, line, events } = await listening({ providers: [Users] });
    await app.get(Users).user(7);
    const teller = await tellerOf(line, { cache: {}, providers: [Writer] });
    await teller.get(Writer).rename(7);
    await applied(events);
    expect(await app.get(Users).user(7)).toBe(2);
  });

  it('doesn’t mind what is about caches of others, and counts it as irrelevant', async () => {
    const { line, events } = await listening({ cache: { caches: { users: {} } } });
    await send(line, 'cache.invalidate', { keys: [['profiles', '7']] });
    await send(line, 'cache.invalidate', { caches: ['search'] });
    await send(line, 'cache.invalidate', { caches: ['search', 'users'] });
    await eventually('all are counted', () => events.status().events.received === 3);
    await eventually('none is under way', () => events.status().events.underWay === 0);
    expect(events.status().events).toMatchObject({ irrelevant: 2, applied: 1 });
  });

  it('listens to nothing but domain events with `pattern: false`, and sends nothing', async () => {
    const client = new Client('ONE');
    const { app, line, events } = await listening({
      events: { pattern: false, clients: ['ONE'] },
      providers: [UpdatedUsers, client.provider],
    });
    await app.get(UpdatedUsers).user(7);
    await send(line, 'cache.invalidate', { tags: ['user:7'] });
    await send(line, 'user.updated', { type: 'UserUpdated', userId: 7 });
    await eventually('the domain event is applied', () => events.status().domain.applied === 1);
    expect(events.status().events.received).toBe(0);
    expect(await app.get(UpdatedUsers).user(7)).toBe(2);
    await events.invalidate({ tags: ['user:7'] });
    expect(client.sent).toEqual([]);
  });
});

describe('a domain event', () => {
  @Controller()
  class OwnController {
    readonly seen: unknown[] = [];

    @EventPattern('user.updated')
    updated(@Payload() data: unknown): void {
      this.seen.push(data);
    }
  }

  it('reaches the handler of the application as well, whatever is in it', async () => {
    const { app, line, events } = await listening({ providers: [UpdatedUsers], controllers: [OwnController] });
    await app.get(UpdatedUsers).user(9876);
    const sent = [{ type: 'UserUpdated' }, { type: 'UserUpdated', userId: 9876 }];
    for (const data of sent) await send(line, 'user.updated', data);
    await eventually('both arrived', () => app.get(OwnController).seen.length === 2);
    await eventually('none is under way', () => events.status().domain.underWay === 0);
    expect(app.get(OwnController).seen).toEqual(expect.arrayContaining(sent));
    expect(events.status().domain).toMatchObject({ received: 2, failed: 1, applied: 1 });
    expect(await app.get(UpdatedUsers).user(9876)).toBe(2);
  });

  it('reaches both also where the handler of the application throws', async () => {
    @Controller()
    class Throwing {
      calls = 0;

      @EventPattern('user.updated')
      updated(_data: unknown): void {
        this.calls++;
        throw new Error('not mine');
      }
    }
    const { app, line, events } = await listening({ providers: [UpdatedUsers], controllers: [Throwing] });
    await send(line, 'user.updated', { type: 'UserUpdated', userId: 7 });
    await eventually('the handler ran', () => app.get(Throwing).calls === 1);
    await eventually('none is under way', () => events.status().domain.underWay === 0);
    expect(events.status().domain).toMatchObject({ received: 1, applied: 1 });
  });

  it('is mapped once for each of several rules, by class and by method', async () => {
    @Injectable()
    class Many {
      @InvalidateOn('user.updated', ({ userId }: UserUpdated) => [`user:${userId}`])
      @InvalidateOn('user.deleted', ({ userId }: UserUpdated) => ({ tags: [`user:${userId}`] }))
      @Cacheable({ tags: (id: number) => [`user:${id}`] })
      async user(_id: number): Promise<number> {
        return 1;
      }
    }
    const { line, events } = await listening({ providers: [Many, UpdatedUsers] });
    await send(line, 'user.updated', { userId: 7 });
    await send(line, 'user.deleted', { userId: 7 });
    await eventually('three are applied', () => events.status().domain.applied === 3);
    expect(events.status().domain.received).toBe(3);
  });

  it('that is delivered twice is applied once where the rule says what it is known by', async () => {
    @Injectable()
    @InvalidateOn('user.updated', ({ userId }: UserUpdated) => [`user:${userId}`], {
      id: (event: UserUpdated & { eventId: string }) => event.eventId,
    })
    class Known {}
    const { line, events } = await listening({ providers: [Known] });
    for (const eventId of ['a', 'b', 'a']) await send(line, 'user.updated', { userId: 7, eventId });
    await eventually('three arrived', () => events.status().domain.received === 3);
    await eventually('none is under way', () => events.status().domain.underWay === 0);
    expect(events.status().domain).toMatchObject({ applied: 2, duplicates: 1 });
  });
});

describe('guards and pipes of the whole application', () => {
  const Public = (): MethodDecorator => SetMetadata('public', true);

  /** Lets nobody in who hasn't a user, as those for HTTP do. */
  class Guard implements CanActivate {
    readonly asked: string[] = [];

    canActivate(context: ExecutionContext): boolean {
      this.asked.push(context.getType());
      return new Reflector().get<boolean | undefined>('public', context.getHandler()) === true;
    }
  }

  /** Of class-validator and class-transformer as much as leaves nothing of what it is asked about. */
  const stripping = (): ValidationPipe =>
    new ValidationPipe({
      whitelist: true,
      validatorPackage: {
        validate: async (value: object) => {
          for (const name of Object.keys(value)) delete (value as Record<string, unknown>)[name];
          return [];
        },
      },
      transformerPackage: {
        plainToInstance: (type, value) => Object.assign(new type() as object, value) as never,
        classToPlain: (value: unknown) => value as never,
      },
    });

  const manners = [
    ['of a hybrid application with inheritAppConfig', true],
    ['of a pure microservice', false],
  ] as const;

  async function guarded(isHybrid: boolean, decorators: readonly MethodDecorator[], guard: Guard) {
    const parts: Parts = { events: { decorators }, providers: [UpdatedUsers] };
    if (isHybrid) {
      const configure = (app: INestApplication): void => void app.useGlobalGuards(guard).useGlobalPipes(stripping());
      return listening(parts, { inheritAppConfig: true, configure });
    }
    const line = await tcpLine();
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(moduleOf(parts), {
      ...line,
      logger: false,
      abortOnError: false,
    });
    onTestFinished(async () => app.close());
    app.useGlobalGuards(guard);
    app.useGlobalPipes(stripping());
    await app.listen();
    return { app, line, events: app.get(CacheEvents) };
  }

  it.each(manners)('%s let events in that are decorated for them, as they are', async (_what, isHybrid) => {
    const guard = new Guard();
    const { app, line, events } = await guarded(isHybrid, [Public()], guard);
    await app.get(UpdatedUsers).user(7);
    await send(line, 'cache.invalidate', { tags: ['user:7'] });
    await applied(events);
    expect(await app.get(UpdatedUsers).user(7)).toBe(2);
    await send(line, 'user.updated', { type: 'UserUpdated', userId: 7 });
    await eventually('the domain event is applied', () => events.status().domain.applied === 1);
    expect(await app.get(UpdatedUsers).user(7)).toBe(3);
    expect(guard.asked).toEqual(['rpc', 'rpc']);
  });

  it.each(manners)('%s keep out what isn’t decorated', async (_what, isHybrid) => {
    const guard = new Guard();
    const { line, events } = await guarded(isHybrid, [], guard);
    await send(line, 'cache.invalidate', { tags: ['user:7'] });
    await eventually('it was asked about', () => guard.asked.length === 1);
    expect(events.status().events.received).toBe(0);
  });
});

describe('CacheEventsModule', () => {
  it('takes its options from a factory', async () => {
    @Global()
    @Module({ providers: [{ provide: 'CONFIGURATION', useValue: { pattern: 'told' } }], exports: ['CONFIGURATION'] })
    class ConfigurationModule {}
    const { app, line } = await listening({
      events: false,
      imports: [
        ConfigurationModule,
        CacheEventsModule.forRootAsync({
          inject: ['CONFIGURATION'],
          useFactory: async (configuration: { pattern: string }) => Promise.resolve(configuration),
        }),
      ],
    });
    await send(line, 'told', { tags: ['user:7'] });
    await applied(app.get(CacheEvents));
    expect(app.get(CacheEvents).status().events).toMatchObject({ received: 1, applied: 1 });
  });

  it('refuses what a factory says as it refuses what is said at once', async () => {
    const starting = started({
      events: false,
      imports: [CacheEventsModule.forRootAsync({ useFactory: () => ({ secret: 'short' }) })],
    });
    await expect(starting).rejects.toThrow('CacheEventsModule.secret');
  });

  it('serves two registrations, each with its own pattern and clients', async () => {
    const [one, other] = [new Client('ONE'), new Client('OTHER')];
    const caches = { users: {} };
    const { app, line } = await listening({
      cache: { caches },
      events: { clients: ['ONE'] },
      imports: [
        CacheModule.forRoot({ ttl: '1h', registration: 'sessions', caches }),
        CacheEventsModule.forRoot({ registration: 'sessions', pattern: 'sessions.invalidate', clients: ['OTHER'] }),
      ],
      providers: [one.provider, other.provider],
    });
    const [cache, sessions] = [app.get(CacheService), app.get<CacheService>(getCacheServiceToken('sessions'))];
    const fill = async (): Promise<void> => {
      for (const each of [cache, sessions]) await each.set('users', 7, 'seven', { tags: ['user:7'] });
    };
    const left = async () => Promise.all([cache, sessions].map(async (each) => each.get('users', 7)));
    await fill();
    await send(line, 'sessions.invalidate', { tags: ['user:7'] });
    const sessionEvents = app.get<CacheEvents>(getCacheEventsToken('sessions'));
    await applied(sessionEvents);
    expect(await left()).toEqual(['seven', undefined]);
    await fill();
    await send(line, 'cache.invalidate', { tags: ['user:7'] });
    await applied(app.get(CacheEvents));
    expect(await left()).toEqual([undefined, 'seven']);
    await sessionEvents.invalidate({ tags: ['a'] });
    expect([one.sent.length, other.sent.map(({ pattern }) => pattern)]).toEqual([0, ['sessions.invalidate']]);
  });

  it('has an event reach two registrations with the same pattern', async () => {
    const { app, line, events } = await listening({
      imports: [
        CacheModule.forRoot({ registration: 'sessions' }),
        CacheEventsModule.forRoot({ registration: 'sessions' }),
      ],
    });
    await send(line, 'cache.invalidate', { id: 'a', tags: ['user:7'] });
    for (const each of [events, app.get<CacheEvents>(getCacheEventsToken('sessions'))]) {
      await applied(each);
      expect(each.status().events.received).toBe(1);
    }
  });

  it('does nothing in an application that has only HTTP', async () => {
    const app = await created({ providers: [UpdatedUsers] });
    await app.listen(0, '127.0.0.1');
    expect(app.get(CacheEvents).status()).toMatchObject({ events: { received: 0 }, transports: [], pending: 0 });
    for (const path of ['/', '/cache.invalidate', '/user.updated']) {
      expect((await fetch((await app.getUrl()) + path, { method: 'POST' })).status).toBe(404);
    }
    expect(await app.get(CacheEvents).invalidate({ tags: ['user:7'] })).toMatchObject({
      status: 'emitted',
      clients: [],
    });
  });

  it('works in an application that is started a second time', async () => {
    const AppModule = moduleOf({ providers: [UpdatedUsers] });
    for (let time = 0; time < 2; time++) {
      const line = await tcpLine();
      const app = await NestFactory.create(AppModule, { logger: false });
      onTestFinished(async () => app.close());
      app.connectMicroservice<MicroserviceOptions>(line);
      await app.startAllMicroservices();
      await app.init();
      await send(line, 'cache.invalidate', { tags: ['user:7'] });
      await applied(app.get(CacheEvents));
      expect(app.get(CacheEvents).status().events.received).toBe(1);
      await app.close();
    }
  });

  it('listens without a CacheModule to nothing', async () => {
    const { app, line, events } = await listening({ cache: false, providers: [UpdatedUsers] });
    await send(line, 'cache.invalidate', { tags: ['user:7'] });
    expect(events.status()).toMatchObject({ events: { received: 0 }, transports: [] });
    expect(app.get(UpdatedUsers).loads).toBe(0);
  });
});
