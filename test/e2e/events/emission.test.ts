import { Inject, Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Cacheable, CacheEvict, CacheKeyError, CacheService } from 'nestjs-hybrid-cache';
import { CacheEvents, type CacheEventsOptions } from 'nestjs-hybrid-cache/events';
import { eventually } from '../../support/servers/eventually.js';
import { Client, neverAnswers, refuses, started, takes } from './stage.js';

@Injectable()
class Users {
  loads = 0;

  @Cacheable({ tags: (id: number) => [`user:${id}`] })
  async user(_id: number): Promise<number> {
    return ++this.loads;
  }

  @CacheEvict({ tags: (id: number) => [`user:${id}`], emit: true })
  async rename(_id: number): Promise<void> {}

  @CacheEvict({ tags: (id: number) => [`user:${id}`] })
  async renameHere(_id: number): Promise<void> {}
}

@Injectable()
class Accounts {
  constructor(
    @Inject(Users) private readonly users: Users,
    @Inject(CacheService) private readonly cache: CacheService,
  ) {}

  /** @param fail whether the transaction is rolled back */
  async renameInTransaction(id: number, seen: () => void, fail = false): Promise<void> {
    await this.cache.afterCommit(async () => {
      await this.users.rename(id);
      seen();
      if (fail) throw new Error('rolled back');
    });
  }
}

async function teller(clients: readonly Client[], events: CacheEventsOptions = {}) {
  const app = await started({
    cache: { namespace: 'accounts', caches: { users: {} } },
    events: { clients: clients.map(({ token }) => token), emitTimeout: '2s', ...events },
    providers: [Users, Accounts, ...clients.map(({ provider }) => provider)],
  });
  return { app, events: app.get(CacheEvents), cache: app.get(CacheService), users: app.get(Users) };
}

describe('CacheEvents.invalidate', () => {
  it('invalidates here and sends one event over every client', async () => {
    const [one, other] = [new Client('ONE'), new Client('OTHER')];
    const { events, users } = await teller([one, other]);
    await users.user(7);
    const before = Date.now();
    const result = await events.invalidate({ tags: ['user:7'], keys: [['users', 7]], mode: 'hard' });
    expect(result).toMatchObject({
      status: 'emitted',
      here: { status: 'applied' },
      clients: [
        { client: 'ONE', status: 'emitted', attempts: 1 },
        { client: 'OTHER', status: 'emitted', attempts: 1 },
      ],
    });
    for (const { sent } of [one, other]) {
      expect(sent).toHaveLength(1);
      const { at, ...said } = sent[0]!.data as { at: number };
      expect(sent[0]!.pattern).toBe('cache.invalidate');
      expect(said).toEqual({ id: result.id, source: 'accounts', tags: ['user:7'], keys: [['users', 7]] });
      expect(at).toBeGreaterThanOrEqual(before);
    }
    expect(await users.user(7)).toBe(2);
  });

  it('is partial when one of the clients didn’t take it, and says what that one did', async () => {
    const [one, other] = [new Client('ONE'), new Client('OTHER')];
    other.answer = refuses;
    const { events } = await teller([one, other]);
    const { status, clients } = await events.invalidate({ tags: ['user:7'] });
    expect(status).toBe('partial');
    expect(clients).toEqual([
      { client: 'ONE', status: 'emitted', attempts: 1 },
      { client: 'OTHER', status: 'failed', attempts: 3, error: 'no broker' },
    ]);
    expect(one.sent).toHaveLength(1);
    expect(events.status().emitted).toEqual({
      ONE: { emitted: 1, failed: 0, setbacks: 0 },
      OTHER: { emitted: 0, failed: 1, setbacks: 3 },
    });
  });

  it('has failed when nobody took it, and is in force here all the same', async () => {
    const client = new Client('ONE');
    client.answer = refuses;
    const { events, users } = await teller([client]);
    await users.user(7);
    expect(await events.invalidate({ tags: ['user:7'] })).toMatchObject({
      status: 'failed',
      here: { status: 'applied' },
    });
    expect(await users.user(7)).toBe(2);
  });

  it('tries again after pauses that grow, with the same event', async () => {
    const client = new Client('ONE');
    client.answer = refuses;
    const { events } = await teller([client], { emitRetries: 3 });
    await events.invalidate({ tags: ['user:7'] });
    expect(client.sent).toHaveLength(4);
    expect(new Set(client.sent.map(({ data }) => data['id'])).size).toBe(1);
    for (const [index, { at }] of client.sent.slice(1).entries()) {
      // a timer may be a millisecond early
      expect(at - client.sent[index]!.at).toBeGreaterThan(50 * 2 ** index - 2);
    }
  });

  it('gives up an attempt that isn’t answered, and doesn’t know whether it arrived', async () => {
    const client = new Client('ONE');
    client.answer = neverAnswers;
    const { events } = await teller([client], { emitTimeout: '20ms', emitRetries: 1 });
    expect(await events.invalidate({ tags: ['user:7'] })).toMatchObject({
      status: 'failed',
      clients: [{ status: 'timeout', attempts: 2, error: 'no answer within 20 ms' }],
    });
  });

  it('tells others of caches that aren’t here', async () => {
    const client = new Client('ONE');
    const { events } = await teller([client]);
    const target = { keys: [['profiles', '7']], caches: ['search'] } as const;
    expect(await events.invalidate(target)).toMatchObject({ status: 'emitted', here: { status: 'applied' } });
    expect(client.sent[0]!.data).toMatchObject(target);
  });

  it('sends to the topic of a shared subscription of MQTT, which is only said by those who listen', async () => {
    const client = new Client('ONE');
    const { events } = await teller([client], { pattern: '$share/catalogue/cache.invalidate' });
    await events.invalidate({ tags: ['user:7'] });
    expect(client.sent[0]!.pattern).toBe('cache.invalidate');
  });

  it.each([
    ['nothing to invalidate', {}, 'needs tags, keys, caches or all'],
    ['a tag that can’t be one', { tags: [''] }, 'needs tags, keys, caches or all'],
    [
      'a key that JSON can’t say',
      { keys: [['users', [1n]]] },
      'keys are texts, numbers, or lists of what JSON can say',
    ],
    ['more than an event may name', { tags: ['1', '2', '3'] }, 'raise maxTargets'],
  ] as const)('refuses %s, and neither sends nor invalidates', async (_what, target, remedy) => {
    const client = new Client('ONE');
    const { events, users } = await teller([client], { maxTargets: 2 });
    await users.user(7);
    const refusal = await events.invalidate(target).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(CacheKeyError);
    expect((refusal as Error).message).toContain(remedy);
    expect(client.sent).toEqual([]);
    expect(await users.user(7)).toBe(1);
  });

  it('only tells others where there is no cache', async () => {
    const client = new Client('ONE');
    const app = await started({ cache: false, events: { clients: ['ONE'] }, providers: [client.provider] });
    const events = app.get(CacheEvents);
    const result = await events.invalidate({ tags: ['user:7'] });
    expect(result).toEqual({
      id: result.id,
      status: 'emitted',
      clients: [{ client: 'ONE', status: 'emitted', attempts: 1 }],
    });
    expect(client.sent[0]!.data).not.toHaveProperty('source');
    expect(events.status()).toMatchObject({ events: { received: 0 }, domain: { received: 0 }, transports: [] });
  });

  it('has nobody to tell without a client, and is in force here', async () => {
    const { events, users } = await teller([]);
    await users.user(7);
    expect(await events.invalidate({ tags: ['user:7'] })).toMatchObject({ status: 'emitted', clients: [] });
    expect(await users.user(7)).toBe(2);
  });
});

describe('what is emitted in the background', () => {
  it('is what a method with `emit: true` evicts, and of other methods nothing', async () => {
    const client = new Client('ONE');
    const { users } = await teller([client]);
    await users.renameHere(6);
    await users.rename(7);
    await eventually('it is sent', () => client.sent.length > 0);
    expect(client.sent.map(({ data }) => data['tags'])).toEqual([['user:7']]);
  });

  it('keeps nobody waiting, and is tried until it is taken', async () => {
    const client = new Client('ONE');
    client.answer = refuses;
    const { events, users } = await teller([client]);
    await users.rename(7);
    expect(events.status().pending).toBe(1);
    await eventually('it was tried more often than somebody would wait', () => client.sent.length > 3);
    expect(events.status()).toMatchObject({ pending: 1, emitted: { ONE: { emitted: 0, failed: 0 } } });
    client.answer = takes;
    await eventually('it is taken', () => events.status().emitted['ONE']?.emitted === 1);
    await eventually('nothing is pending', () => events.status().pending === 0);
  });

  it('is given up when patience is over', async () => {
    const client = new Client('ONE');
    client.answer = refuses;
    const { events, users } = await teller([client], { emitPatience: '100ms' });
    await users.rename(7);
    await eventually('it is given up', () => events.status().emitted['ONE']?.failed === 1);
    expect(events.status()).toMatchObject({ pending: 0, emitted: { ONE: { setbacks: client.sent.length } } });
    expect(client.sent.length).toBeGreaterThan(1);
  });

  it('is dropped when too many are pending, counted, and in force here', async () => {
    const client = new Client('ONE');
    client.answer = refuses;
    const { events, users } = await teller([client], { maxPending: 1 });
    await users.user(8);
    await users.rename(7);
    await users.rename(8);
    expect(events.status()).toMatchObject({ pending: 1, dropped: 1 });
    expect(await users.user(8)).toBe(2);
    expect(client.sent.every(({ data }) => String(data['tags']) === 'user:7')).toBe(true);
  });

  it('has one more attempt when the application is closed, and holds it up no longer', async () => {
    const client = new Client('ONE');
    client.answer = refuses;
    const { app, events, users } = await teller([client]);
    await users.rename(7);
    await eventually('it waits for its next attempt, 800 ms at least', () => client.sent.length === 5);
    client.answer = takes;
    const begun = performance.now();
    await app.close();
    expect(performance.now() - begun).toBeLessThan(700);
    expect(events.status()).toMatchObject({ pending: 0, emitted: { ONE: { emitted: 1, failed: 0 } } });
  });

  it('doesn’t keep an application from closing whose client doesn’t answer', async () => {
    const client = new Client('ONE');
    client.answer = neverAnswers;
    const { app, users } = await teller([client], { emitTimeout: '1h' });
    await users.rename(7);
    const begun = performance.now();
    await app.close();
    await app.close();
    expect(performance.now() - begun).toBeLessThan(3_500);
  });
});

describe('inside afterCommit', () => {
  it('an event waits for the commit', async () => {
    const client = new Client('ONE');
    const { app, users } = await teller([client]);
    await users.user(7);
    let sentBefore = -1;
    await app.get(Accounts).renameInTransaction(7, () => (sentBefore = client.sent.length));
    await eventually('it is sent', () => client.sent.length === 1);
    expect(sentBefore).toBe(0);
    expect(await users.user(7)).toBe(2);
  });

  it('an event of a transaction that is rolled back is never sent', async () => {
    const client = new Client('ONE');
    const { app, events, users } = await teller([client]);
    await users.user(7);
    const renaming = app.get(Accounts).renameInTransaction(7, () => undefined, true);
    await expect(renaming).rejects.toThrow('rolled back');
    expect([client.sent, events.status().pending]).toEqual([[], 0]);
    expect(await users.user(7)).toBe(1);
  });

  it('CacheEvents.invalidate waits for the outermost commit too, and says so', async () => {
    const client = new Client('ONE');
    const { cache, events, users } = await teller([client]);
    await users.user(7);
    await cache.afterCommit(async () => {
      const result = await cache.afterCommit(async () => events.invalidate({ tags: ['user:7'] }));
      expect(result).toEqual({ id: result.id, status: 'deferred', here: { status: 'deferred' }, clients: [] });
      expect(client.sent).toEqual([]);
    });
    await eventually('it is sent', () => client.sent.length === 1);
    expect(await users.user(7)).toBe(2);
  });

  it('CacheEvents.invalidate sends nothing that is rolled back', async () => {
    const client = new Client('ONE');
    const { cache, events } = await teller([client]);
    const committing = cache.afterCommit(async () => {
      await events.invalidate({ tags: ['user:7'] });
      throw new Error('rolled back');
    });
    await expect(committing).rejects.toThrow('rolled back');
    expect([client.sent, events.status().pending]).toEqual([[], 0]);
  });
});
