// An application of its own that uses the installed package; compiled as ESM and as CommonJS, and run as it is.
// Prints one line of JSON when everything held.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import {
  Injectable,
  Module,
  NotFoundException,
  type INestApplicationContext,
  type LoggerService,
} from '@nestjs/common';
import { ContextIdFactory, ModuleRef, NestFactory } from '@nestjs/core';
import { lastValueFrom, of } from 'rxjs';
import {
  Cache,
  Cacheable,
  CacheConfigurationError,
  CacheModule,
  CacheService,
  getCacheServiceToken,
  type CacheModuleOptions,
} from 'nestjs-hybrid-cache';
import { CacheTestingModule, sharedTierContract, TestClock, type TestFunctions } from 'nestjs-hybrid-cache/testing';
import {
  calls,
  names,
  UserService,
  RequestService,
  TransientService,
  BookRepository,
  FilmRepository,
  FactoryService,
  ValueService,
  CreatedService,
  SecondService,
  ByHand,
  FeatureModule,
} from './app.hosts.js';

const options: CacheModuleOptions = {
  ttl: '5m',
  negative: { errors: [NotFoundException] },
  caches: { users: { ttl: '10m', tags: ['accounts'] } },
};

@Module({
  imports: [CacheModule.forRoot(options), CacheModule.forRoot({ registration: 'second' }), FeatureModule],
})
class SyncModule {}

@Module({ providers: [{ provide: 'SETTINGS', useValue: options }], exports: ['SETTINGS'] })
class SettingsModule {}

@Module({
  imports: [
    CacheModule.forRootAsync({
      imports: [SettingsModule],
      inject: ['SETTINGS'],
      useFactory: async (settings: CacheModuleOptions) => settings,
    }),
    CacheModule.forRoot({ registration: 'second' }),
    FeatureModule,
  ],
})
class AsyncModule {}

@Injectable()
class Misnamed {
  @Cacheable({ cache: 'nobody-declared-this' })
  async read(): Promise<number> {
    return 1;
  }
}

@Module({ imports: [CacheModule.forRoot({ ttl: 'soon' as '1s' })], providers: [Misnamed] })
class WrongModule {}

@Injectable()
class TickingService {
  @Cacheable()
  async read(): Promise<number> {
    return calls.note('ticking');
  }
}

const MINUTE = 60_000;
const clock = new TestClock();

@Module({ imports: [CacheTestingModule.forRoot({ ttl: '5m' }, clock)], providers: [TickingService] })
class ClockedModule {}

@Module({ imports: [CacheModule.disabled()], providers: [TickingService] })
class DisabledModule {}

/** What Nest has to say: at its start there has to be nothing worth a warning. */
class Listener implements LoggerService {
  readonly complaints: string[] = [];
  log(): void {}
  warn(message: unknown): void {
    this.complaints.push(`warn: ${String(message)}`);
  }
  error(message: unknown): void {
    this.complaints.push(`error: ${String(message)}`);
  }
}

let checks = 0;
function equal(actual: unknown, expected: unknown, what: string): void {
  assert.deepEqual(actual, expected, what);
  checks++;
}

/** The call, twice: the source is asked once, both get the same. */
async function isCached(what: string, read: () => Promise<unknown>): Promise<void> {
  const before = calls.of[what] ?? 0;
  const first = await read();
  equal(await read(), first, `${what}: the second answer is the first`);
  equal(calls.of[what] ?? 0, before + 1, `${what}: the source was asked once`);
}

async function onEveryHost(app: INestApplicationContext): Promise<void> {
  const users = app.get(UserService);
  await isCached('users', () => users.findOne('2'));
  await users.rename('1', 'Augusta');
  equal(await users.findOne('1'), { id: '1', name: 'Augusta' }, 'an eviction is seen by the next read');
  await users.save({ id: '1', name: 'Lovelace' });
  const before = calls.of['users'];
  equal(await users.findOne('1'), { id: '1', name: 'Lovelace' }, 'a written value is found');
  equal(calls.of['users'], before, 'without asking the source');
  await isCached('many', () => users.findMany(['2', '3']));
  await isCached('streamed', () => lastValueFrom(users.streamed('1')));
  await isCached('balance', () => users.balance('1'));
  equal((await users.balance('1')).euros, calls.of['balance'], 'a registered class comes back as an instance');
  const missing = async (): Promise<unknown> => users.findOne('nobody').catch((error: unknown) => error);
  equal((await missing()) instanceof NotFoundException, true, 'an error of the source');
  const asked = calls.of['users'];
  equal((await missing()) instanceof NotFoundException, true, 'is cached as what it was');
  equal(calls.of['users'], asked, 'without asking again');

  const request = () => app.resolve(RequestService, ContextIdFactory.create(), { strict: false });
  await isCached('request', async () => (await request()).read());
  const reader = () => app.resolve<RequestService>('RequestReader', ContextIdFactory.create(), { strict: false });
  equal(await (await reader()).read(), calls.of['request'], 'request-scoped, through a factory');
  await isCached('transient', async () => (await app.resolve(TransientService)).read());
  equal(await app.get<TransientService>('TransientReader').read(), calls.of['transient'], 'transient, injected');
  await isCached('books', () => app.get(BookRepository).find(1));
  await isCached('films', () => app.get(FilmRepository).find(1));
  await isCached('newest', () => app.get(FilmRepository).newest());
  await isCached('factory', () => app.get(FactoryService).read());
  await isCached('value', () => app.get(ValueService).read());
  const created = await app.get(ModuleRef).create(CreatedService);
  await isCached('created', () => created.read());
  await isCached('second', () => app.get(SecondService).read());

  const plain = new UserService();
  await plain.balance('1');
  const reached = calls.of['balance'];
  await plain.balance('1');
  equal(calls.of['balance'], (reached ?? 0) + 1, 'built with new it is the method as it was');
  equal([plain.balance.name, plain.balance.length, plain.field], ['balance', 1, 'a class field'], 'name and length');

  const byHand = app.get(ByHand);
  equal(byHand.cache instanceof CacheService, true, 'CacheService is found by its class');
  equal(byHand.users instanceof Cache && byHand.rates instanceof Cache, true, 'named caches are injected');
  equal(await byHand.users.get('1'), { id: '1', name: 'Lovelace' }, 'a named cache by hand');
  await isCached('rates', () => byHand.rates.getOrLoad('eur', () => calls.note('rates')));
  await byHand.rates.clear();
  equal(await byHand.rates.get('eur'), undefined, 'a cache that was cleared is empty');
  await byHand.cache.invalidate({ tags: ['accounts'] });
  equal(await byHand.users.get('1'), undefined, 'the tag of a cache is on its entries');
  equal(app.get<CacheService>(getCacheServiceToken('second')) === byHand.cache, false, 'a second registration');
  const { hits, misses, reads } = byHand.cache.status().caches['users'] as unknown as Record<string, number>;
  if (reads !== undefined) equal((hits ?? 0) + (misses ?? 0), reads, 'hits and misses are all reads');
}

async function overHttp(module: new () => object): Promise<void> {
  const logger = new Listener();
  calls.of['users'] = 0;
  names.set('1', 'Ada');
  const app = await NestFactory.create(module, { logger, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
  const user = async (): Promise<unknown> => (await fetch(`http://127.0.0.1:${port}/users/1`)).json();
  equal(await Promise.all([user(), user(), user()]), Array(3).fill({ id: '1', name: 'Ada' }), 'three requests');
  equal(calls.of['users'], 1, 'are one question to the source');
  await fetch(`http://127.0.0.1:${port}/users/1/Augusta`, { method: 'POST' });
  equal(await user(), { id: '1', name: 'Augusta' }, 'and a change is seen');
  await responses(port);
  await onEveryHost(app);

  const users = app.get(UserService);
  const byHand = app.get(ByHand);
  await users.findOne('1');
  const shutdowns = calls.of['shutdown'] ?? 0;
  await app.close();
  equal(byHand.answerWhileClosing, 'from the cache', 'the cache answers until the servers have closed');
  equal(calls.of['shutdown'], shutdowns + 1, 'the shutdown hooks ran');
  const before = calls.of['users'] ?? 0;
  await users.findOne('1');
  equal(calls.of['users'], before + 1, 'a closed cache passes its calls through');
  equal(logger.complaints, [], 'nothing was worth a warning');
}

/** A handler whose answers are cached, status and headers included, and belong to the tags of the services. */
async function responses(port: number): Promise<void> {
  const url = `http://127.0.0.1:${port}/users/1/card`;
  const asked = calls.of['cards'] ?? 0;
  const cards = await Promise.all([fetch(url), fetch(url), fetch(url)]);
  equal(calls.of['cards'], asked + 1, 'three requests are one run of the handler');
  const texts = await Promise.all(cards.map((card) => card.text()));
  equal(texts, Array(3).fill(texts[0]), 'and have one answer');
  const etag = cards[0]!.headers.get('etag') ?? '';
  const again = await fetch(url, { headers: { 'if-none-match': etag } });
  equal([again.status, await again.text()], [304, ''], 'who has it already is told so');
  await fetch(`http://127.0.0.1:${port}/users/1/Augusta`, { method: 'POST' });
  const fresh = await (await fetch(url)).text();
  equal(fresh, `card ${asked + 2} of Augusta`, 'a change is seen');
}

async function mistakesStopTheStart(): Promise<void> {
  const start = NestFactory.createApplicationContext(WrongModule, { logger: false, abortOnError: false });
  const error: unknown = await start.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof CacheConfigurationError, `a CacheConfigurationError, not ${String(error)}`);
  const places = error.problems.map(({ where }) => where).join(', ');
  equal(/ttl/.test(places) && /Misnamed\.read/.test(places), true, `both mistakes are named: ${places}`);
}

async function withItsOwnClock(): Promise<void> {
  const logger = new Listener();
  const app = await NestFactory.createApplicationContext(ClockedModule, { logger, abortOnError: false });
  const service = app.get(TickingService);
  equal(app.get(TestClock) === clock, true, 'the clock can be injected');
  await isCached('ticking', () => service.read());
  const before = calls.of['ticking'];
  await clock.advance(4 * MINUTE);
  equal(await service.read(), before, 'fresh before its ttl');
  await clock.advance(2 * MINUTE);
  equal(await service.read(), (before ?? 0) + 1, 'loaded again after it');
  await app.close();
  equal(clock.pendingTimers, 0, 'no timer is left');
  equal(logger.complaints, [], 'nothing was worth a warning');
}

async function switchedOff(): Promise<void> {
  const app = await NestFactory.createApplicationContext(DisabledModule, { logger: false, abortOnError: false });
  const before = calls.of['ticking'] ?? 0;
  await app.get(TickingService).read();
  await app.get(TickingService).read();
  equal(calls.of['ticking'], before + 2, 'CacheModule.disabled() passes every call through');
  await app.close();
}

function contractsNeedNoTestFramework(): void {
  const sentences: string[] = [];
  const test: TestFunctions = {
    describe: (_subject, suite) => suite(),
    it: (sentence) => sentences.push(sentence),
    beforeEach: () => undefined,
    afterEach: () => undefined,
    expect: () => assert.fail('nothing was run'),
  };
  sharedTierContract(test, 'a store', () => Promise.reject(new Error('nothing was opened')));
  equal(sentences.length > 5, true, 'the contract of a store is there for any test framework');
}

async function main(): Promise<void> {
  await overHttp(SyncModule);
  await overHttp(AsyncModule);
  await mistakesStopTheStart();
  await withItsOwnClock();
  await switchedOff();
  contractsNeedNoTestFramework();
  process.stdout.write(`${JSON.stringify({ checks, node: process.version })}\n`);
}

void main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
