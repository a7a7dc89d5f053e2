import { describe, expect, it } from 'vitest';
import { CacheBreakerOpenError, CacheKeyError, CacheOverloadError } from '../../../lib/cache.errors.js';
import type { CacheOptions } from '../../../lib/options/cache-options.interface.js';
import { ControlledLoader, engine, settle, stateOf, twoTierEngine, type Bench } from '../../support/engine.js';

const bench = (users: CacheOptions): Bench => engine({ caches: { users, pages: {} } });
const failing =
  (message = 'down') =>
  (): Promise<string> =>
    Promise.reject(new Error(message));
const statusError = (status: number): Error => Object.assign(new Error(`status ${status}`), { status });

async function fail(cache: Bench['cache'], times: number, error: unknown = new Error('down')): Promise<void> {
  for (let time = 0; time < times; time++) {
    await cache.getOrLoad('users', `f${time}`, () => Promise.reject(error as Error)).catch(() => undefined);
  }
}

describe('a bulkhead', () => {
  const LIMITS = { concurrency: 2, queue: 3, wait: '1s' };

  it('bounds the loads that run, and refuses what comes when the queue is full', async () => {
    const { cache, count } = bench({ origin: { bulkhead: LIMITS } });
    const loader = new ControlledLoader<string>();
    const reads = Array.from({ length: 7 }, (_, key) => cache.getOrLoad('users', `${key}`, loader.load));
    const ends = Promise.allSettled(reads);
    await settle();
    expect(count().origin).toEqual({ running: 2, queued: 3, breaker: undefined, refreshes: undefined });
    for (let key = 0; key < 5; key++) {
      expect(loader.waiting).toBeLessThanOrEqual(2);
      loader.resolve(`value ${key}`);
      await settle();
    }
    const results = await ends;
    expect(results.map((result) => (result.status === 'fulfilled' ? result.value : 'refused'))).toEqual([
      'value 0',
      'value 1',
      'value 2',
      'value 3',
      'value 4',
      'refused',
      'refused',
    ]);
    const refused = results[5] as PromiseRejectedResult;
    expect(refused.reason).toBeInstanceOf(CacheOverloadError);
    expect((refused.reason as Error).message).toBe(
      'cache users: the load was refused (bulkhead): 2 loads are running and 3 waiting',
    );
    expect(count()).toMatchObject({
      loads: 5,
      refused: { bulkhead: 2, breaker: 0 },
      outcomes: { loaded: 5, error: 2 },
      origin: { running: 0, queued: 0 },
    });
  });

  it('refuses a load that has waited too long, and not the one that runs', async () => {
    const { cache, clock, count } = bench({ origin: { bulkhead: { ...LIMITS, concurrency: 1 } } });
    const loader = new ControlledLoader<string>();
    const running = cache.getOrLoad('users', '1', loader.load);
    const waiting = cache.getOrLoad('users', '2', loader.load).catch((error: unknown) => error);
    await clock.advance(1_000);
    expect(await waiting).toMatchObject({ code: 'CACHE_OVERLOAD', retryAfterMs: 0 });
    loader.resolve('one');
    expect(await running).toBe('one');
    expect(loader.calls).toBe(1);
    expect(count().refused.bulkhead).toBe(1);
  });

  it('doesn’t stand in front of what is cached, nor in front of who joins a load', async () => {
    const { cache, count } = bench({ origin: { bulkhead: { concurrency: 1, queue: 0 } } });
    await cache.getOrLoad('users', 'cached', () => 'cached');
    const loader = new ControlledLoader<string>();
    const reads = Array.from({ length: 10 }, () => cache.getOrLoad('users', '1', loader.load));
    expect(await cache.getOrLoad('users', 'cached', failing())).toBe('cached');
    await settle();
    loader.resolve('one');
    expect(new Set(await Promise.all(reads))).toEqual(new Set(['one']));
    expect(count().refused.bulkhead).toBe(0);
  });

  it('lets the old value in grace stand in for a load that was refused, whatever `grace.when` says', async () => {
    const { cache, clock, count } = bench({
      ttl: '1m',
      grace: { error: '1h', when: () => false },
      origin: { bulkhead: { concurrency: 1, queue: 0 } },
    });
    await cache.getOrLoad('users', 'old', () => 'old');
    await clock.advance(61_000);
    const loader = new ControlledLoader<string>();
    const running = cache.getOrLoad('users', '1', loader.load);
    expect(await cache.getOrLoad('users', 'old', loader.load)).toBe('old');
    expect(count().outcomes).toMatchObject({ stale: 1, error: 0 });
    loader.resolve('one');
    await running;
    // and it isn't left alone for a pause: there is room now
    expect(await cache.getOrLoad('users', 'old', () => 'new')).toBe('new');
  });

  it('asks for no lock where there is no place for the load', async () => {
    const { cache, locks } = twoTierEngine({
      caches: { users: { origin: { bulkhead: { concurrency: 1, queue: 0 } } } },
    });
    const loader = new ControlledLoader<string>();
    const running = cache.getOrLoad('users', '1', loader.load);
    await settle();
    await expect(cache.getOrLoad('users', '2', loader.load)).rejects.toThrow(CacheOverloadError);
    expect(locks.attempts).toBe(1);
    loader.resolve('one');
    await running;
  });

  it('counts a load of many as one', async () => {
    const { cache } = bench({ origin: { bulkhead: { concurrency: 1, queue: 0 } } });
    const users = await cache.getOrLoadMany('users', [1, 2, 3], (ids) => ids.map((id) => `user ${id}`));
    expect(users).toEqual(['user 1', 'user 2', 'user 3']);
    const held = new ControlledLoader<string[]>();
    const running = cache.getOrLoadMany('users', [4, 5], (_ids, context) => held.load(context));
    await expect(cache.getOrLoadMany('users', [6, 7], () => ['a', 'b'])).rejects.toThrow(CacheOverloadError);
    held.resolve(['four', 'five']);
    expect(await running).toEqual(['four', 'five']);
  });

  it('takes the place back from a load that was given up', async () => {
    const { cache, clock } = bench({ abandonAfter: '5s', origin: { bulkhead: { concurrency: 1, queue: 0 } } });
    const hanging = cache.getOrLoad('users', '1', () => new Promise<string>(() => undefined)).catch(() => 'given up');
    await clock.advance(5_000);
    expect(await hanging).toBe('given up');
    expect(await cache.getOrLoad('users', '2', () => 'two')).toBe('two');
  });

  it('leaves time in its queue out of the age and the cost of a value', async () => {
    const { cache, clock } = bench({ ttl: '10s', origin: { bulkhead: { concurrency: 1, wait: '1m' } } });
    const loader = new ControlledLoader<string>();
    const first = cache.getOrLoad('users', '1', loader.load);
    const second = cache.getOrLoad('users', '2', loader.load);
    await clock.advance(8_000);
    loader.resolve('one');
    await first;
    await settle();
    loader.resolve('two');
    await second;
    await clock.advance(9_000);
    expect(await cache.get('users', '2')).toBe('two');
  });

  it('an invalidation while a load is queued doesn’t make it useless', async () => {
    const { cache, count } = bench({ origin: { bulkhead: { concurrency: 1 } } });
    const loader = new ControlledLoader<string>();
    const first = cache.getOrLoad('users', '1', loader.load);
    const second = cache.getOrLoad('users', '2', loader.load);
    await settle();
    await cache.evict('users', '2');
    loader.resolve('one');
    await first;
    await settle();
    loader.resolve('two');
    await second;
    expect(await cache.get('users', '2')).toBe('two');
    expect(count().loads).toBe(2);
  });
});

describe('a load inside a load of the same bulkhead', () => {
  const ONE = { origin: { bulkhead: { concurrency: 1, queue: 10, wait: '1s' } } };

  it('doesn’t wait for the place of the load around it', async () => {
    const { cache, count } = bench(ONE);
    const read = (depth: number): Promise<string> =>
      cache.getOrLoad('users', `${depth}`, async () => (depth === 0 ? 'end' : `${depth} ${await read(depth - 1)}`));
    expect(await read(5)).toBe('5 4 3 2 1 end');
    expect(count().origin).toMatchObject({ running: 0, queued: 0 });
  });

  it('is let in when the queue is full, too', async () => {
    const { cache } = bench({ origin: { bulkhead: { concurrency: 1, queue: 0 } } });
    const read = cache.getOrLoad('users', 'outer', () =>
      Promise.all(['a', 'b', 'c'].map((key) => cache.getOrLoad('users', key, () => key))),
    );
    expect(await read).toEqual(['a', 'b', 'c']);
  });

  it('lets a load of somebody else go ahead that it joins and that is queued behind it', async () => {
    const { cache, count } = bench(ONE);
    const begun = new ControlledLoader<string>();
    const outer = cache.getOrLoad('users', 'outer', async (context) => {
      await begun.load(context);
      return `outer ${await cache.getOrLoad('users', 'inner', () => 'of its own')}`;
    });
    const inner = cache.getOrLoad('users', 'inner', () => 'inner');
    await settle();
    expect(await stateOf(inner)).toBe('pending');
    begun.resolve('go');
    expect(await outer).toBe('outer inner');
    expect(count().refused.bulkhead).toBe(0);
  });

  it('and one that it waits for by way of another cache', async () => {
    const { cache, count } = bench(ONE);
    const begun = new ControlledLoader<string>();
    const outer = cache.getOrLoad('users', 'outer', async () => {
      return cache.getOrLoad('pages', 'page', async (inner) => {
        await begun.load(inner);
        return cache.getOrLoadMany('users', ['x', 'y'], (keys) => keys);
      });
    });
    await settle();
    const queued = cache.getOrLoad('users', 'x', () => 'x of somebody else');
    await settle();
    begun.resolve('go');
    expect(await outer).toEqual(['x of somebody else', 'y']);
    expect(await queued).toBe('x of somebody else');
    expect(count().refused.bulkhead).toBe(0);
  });
});

describe('a breaker around a loader', () => {
  const BREAKER = { minimumLoads: 4, openFor: '5s', probes: 2 };

  it('opens, and answers with an error at once that tells why', async () => {
    const { cache, count } = bench({ origin: { breaker: BREAKER } });
    await fail(cache, 4);
    const error: unknown = await cache.getOrLoad('users', '1', () => 'never').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CacheBreakerOpenError);
    expect(error).toMatchObject({
      code: 'CACHE_BREAKER_OPEN',
      retryAfterMs: 5_000,
      cause: { message: 'down' },
      message:
        'cache users: its source failed or was slow too often and is left alone (breaker); the last error was: down',
    });
    expect(count()).toMatchObject({
      loads: 4,
      loadErrors: 4,
      refused: { breaker: 1 },
      outcomes: { error: 5 },
      origin: { breaker: 'open' },
    });
  });

  it('lets the old value in grace stand in while it is open, whatever `grace.when` says', async () => {
    const { cache, clock, count } = bench({
      ttl: '1m',
      grace: { error: '1h', when: () => false },
      origin: { breaker: BREAKER },
    });
    await cache.getOrLoad('users', 'old', () => 'old');
    await clock.advance(61_000);
    await fail(cache, 4);
    for (let read = 0; read < 10; read++) expect(await cache.getOrLoad('users', 'old', () => 'new')).toBe('old');
    expect(count().loads).toBe(5);
    await clock.advance(5_000);
    // the key is left alone no longer than the breaker leaves its source alone
    expect(await cache.getOrLoad('users', 'old', () => 'new')).toBe('new');
  });

  it('tries again after a while, and closes when that was good', async () => {
    const { cache, clock, count } = bench({ origin: { breaker: BREAKER } });
    await fail(cache, 4);
    await clock.advance(5_000);
    expect(count().origin!.breaker).toBe('half-open');
    const loader = new ControlledLoader<string>();
    const probes = [cache.getOrLoad('users', '1', loader.load), cache.getOrLoad('users', '2', loader.load)];
    await expect(cache.getOrLoad('users', '3', loader.load)).rejects.toThrow(CacheBreakerOpenError);
    loader.resolve('one');
    loader.resolve('two');
    expect(await Promise.all(probes)).toEqual(['one', 'two']);
    expect(await cache.getOrLoad('users', '3', () => 'three')).toBe('three');
    expect(count().origin!.breaker).toBe('closed');
  });

  it('doesn’t count statuses 4xx, aborts, errors of a cache, and errors that are answers', async () => {
    const abort = new DOMException('aborted', 'AbortError');
    const errors = [statusError(404), statusError(400), abort, new CacheKeyError('no key'), new RangeError('answer')];
    const { cache, count } = bench({ negative: { errors: [RangeError] }, origin: { breaker: BREAKER } });
    for (const error of errors) await fail(cache, 10, error);
    expect(count().origin!.breaker).toBe('closed');
    await fail(cache, 100, statusError(503));
    expect(count().origin!.breaker).toBe('open');
  });

  it('counts a status that asks to try later', async () => {
    const { cache, count } = bench({ origin: { breaker: BREAKER } });
    await fail(cache, 4, statusError(429));
    expect(count().origin!.breaker).toBe('open');
  });

  it('counts what `when` says', async () => {
    const when = (error: unknown): boolean => (error as Error).message === 'counts';
    const { cache, count } = bench({ origin: { breaker: { ...BREAKER, when } } });
    await fail(cache, 20);
    expect(count().origin!.breaker).toBe('closed');
    await fail(cache, 40, new Error('counts'));
    expect(count().origin!.breaker).toBe('open');
  });

  it('takes loads for slow that exceed the hard timeout, while they still run', async () => {
    const { cache, clock, count } = bench({ hardTimeout: '2s', abandonAfter: '1h', origin: { breaker: BREAKER } });
    const loader = new ControlledLoader<string>();
    const reads = ['1', '2', '3', '4'].map((key) => cache.getOrLoad('users', key, loader.load).catch(() => 'too late'));
    await clock.advance(2_000);
    expect(await Promise.all(reads)).toEqual(Array.from({ length: 4 }, () => 'too late'));
    await expect(cache.getOrLoad('users', '5', loader.load)).rejects.toThrow(CacheBreakerOpenError);
    for (let load = 0; load < 4; load++) loader.resolve('late');
    await settle();
    expect(count().origin!.breaker).toBe('open');
  });

  it('asks neither the lock nor the source while it is open, and takes what other processes leave', async () => {
    const { cache, locks, shared } = twoTierEngine({ caches: { users: { origin: { breaker: BREAKER } } } });
    await fail(cache, 4);
    const { attempts } = locks;
    await expect(cache.getOrLoad('users', '1', () => 'never')).rejects.toThrow(CacheBreakerOpenError);
    expect(locks.attempts).toBe(attempts);
    expect(locks.held).toBe(0);
    const other = twoTierEngine({}, { shared });
    await other.cache.getOrLoad('users', '1', () => 'of another process');
    await settle();
    expect(await cache.getOrLoad('users', '1', () => 'never')).toBe('of another process');
  });

  it('makes nobody wait for a place that a load holds which hangs', async () => {
    const { cache, clock } = bench({
      origin: { breaker: { ...BREAKER, minimumLoads: 1, slowLoad: '1s' }, bulkhead: { concurrency: 1 } },
    });
    const loader = new ControlledLoader<string>();
    const hanging = cache.getOrLoad('users', '1', loader.load);
    await clock.advance(1_000);
    expect(await stateOf(cache.getOrLoad('users', '2', loader.load))).toBe('rejected');
    loader.resolve('one');
    await hanging;
  });

  it('refuses what was queued when it opened', async () => {
    const { cache, count } = bench({ origin: { breaker: BREAKER, bulkhead: { concurrency: 4 } } });
    const loader = new ControlledLoader<string>();
    const reads = Array.from({ length: 9 }, (_, key) => cache.getOrLoad('users', `${key}`, loader.load));
    const ends = Promise.allSettled(reads);
    await settle();
    for (let load = 0; load < 4; load++) loader.reject(new Error('down'));
    const results = (await ends) as PromiseRejectedResult[];
    expect(results.map(({ reason }) => (reason as Error).name)).toEqual([
      ...Array.from({ length: 4 }, () => 'Error'),
      ...Array.from({ length: 5 }, () => 'CacheBreakerOpenError'),
    ]);
    expect(count()).toMatchObject({ loads: 4, refused: { breaker: 5 }, origin: { running: 0, queued: 0 } });
  });
});

describe('refreshes in the background', () => {
  /** Ten old values, `old 0` to `old 9`, that may be served while they are refreshed. */
  async function old(origin: CacheOptions['origin'], ttl = '1m'): Promise<Bench> {
    const made = bench({ ttl, grace: '1h', retryPause: 0, ...(origin === undefined ? {} : { origin }) });
    for (let key = 0; key < 10; key++) await made.cache.getOrLoad('users', `${key}`, () => `old ${key}`);
    await made.clock.advance(61_000);
    return made;
  }
  const readAll = (cache: Bench['cache'], load: ControlledLoader<string>['load']): Promise<string[]> =>
    Promise.all(Array.from({ length: 10 }, (_, key) => cache.getOrLoad('users', `${key}`, load)));

  it('without limits are as many as there are old values', async () => {
    const { cache } = await old(undefined);
    const loader = new ControlledLoader<string>();
    await readAll(cache, loader.load);
    expect(loader.calls).toBe(10);
    for (let load = 0; load < 10; load++) loader.resolve('new');
  });

  it('are no more than so many at a time; the others are skipped, and everybody is served', async () => {
    const { cache, count } = await old({ refresh: { concurrency: 3 } });
    const loader = new ControlledLoader<string>();
    expect((await readAll(cache, loader.load)).every((value) => value.startsWith('old'))).toBe(true);
    expect(loader.calls).toBe(3);
    expect(count()).toMatchObject({ refreshesSkipped: 7, origin: { refreshes: 3 }, outcomes: { stale: 10 } });
    for (let load = 0; load < 3; load++) loader.resolve('new');
    await settle();
    expect(await cache.getOrLoad('users', '0', loader.load)).toBe('new');
    await readAll(cache, loader.load);
    expect(loader.calls).toBe(6);
    for (let load = 0; load < 3; load++) loader.resolve('newer');
  });

  it('are no more than so many a second', async () => {
    const { cache, clock, count } = await old({ refresh: { perSecond: 2 } });
    let calls = 0;
    const load = (): Promise<string> => {
      calls++;
      return Promise.reject(new Error('down'));
    };
    for (let second = 1; second <= 3; second++) {
      await readAll(cache, load);
      await settle();
      expect(calls).toBe(2 * second);
      await clock.advance(1_000);
    }
    expect(count().refreshesSkipped).toBe(24);
  });

  it('yield to loads somebody waits for', async () => {
    const { cache, count } = await old({ bulkhead: { concurrency: 1 } });
    const loader = new ControlledLoader<string>();
    const waited = cache.getOrLoad('users', 'new', loader.load);
    expect(await cache.getOrLoad('users', '0', loader.load)).toBe('old 0');
    expect(loader.calls).toBe(1);
    loader.resolve('new');
    await waited;
    expect(count().refreshesSkipped).toBe(1);
    expect(await cache.getOrLoad('users', '0', loader.load)).toBe('old 0');
    expect(loader.calls).toBe(2);
    loader.resolve('refreshed');
  });

  it('aren’t even begun where there is no place for them', async () => {
    const { cache, clock, shared, count } = twoTierEngine({
      caches: { users: { ttl: '1m', grace: '1h', origin: { bulkhead: { concurrency: 1 } } } },
    });
    await cache.getOrLoad('users', 'old', () => 'old');
    await clock.advance(61_000);
    const loader = new ControlledLoader<string>();
    const waited = cache.getOrLoad('users', 'new', loader.load);
    await settle();
    const { reads } = shared;
    expect(await cache.getOrLoad('users', 'old', loader.load)).toBe('old');
    await settle();
    expect(shared.reads).toBe(reads);
    expect(count().refreshesSkipped).toBe(1);
    loader.resolve('new');
    await waited;
  });

  it('are skipped while the breaker is open, and are its probes then', async () => {
    const { cache, clock, count } = await old({ breaker: { minimumLoads: 4, probes: 1, openFor: '5s' } });
    await fail(cache, 14);
    expect(count().origin!.breaker).toBe('open');
    const { loads } = count();
    await readAll(cache, () => Promise.resolve('new'));
    expect(count().loads).toBe(loads);
    await clock.advance(5_000);
    await readAll(cache, () => Promise.resolve('new'));
    await settle();
    expect(count().origin!.breaker).toBe('closed');
  });

  it('that find no place after a look elsewhere leave the work to the next reader, and no lock behind', async () => {
    const { cache, clock, locks, shared, journal, count } = twoTierEngine({
      caches: { users: { ttl: '1m', grace: '1h', origin: { bulkhead: { concurrency: 1 } } } },
    });
    await cache.getOrLoad('users', 'old', () => 'old');
    await clock.advance(61_000);
    const open = shared.hold();
    const loader = new ControlledLoader<string>();
    expect(await cache.getOrLoad('users', 'old', loader.load)).toBe('old');
    // one that looks nowhere takes the place meanwhile
    journal.confirmation = 'fails';
    const waited = cache.getOrLoad('users', 'new', loader.load, {
      consistency: 'strong',
      signal: new AbortController().signal,
    });
    await settle();
    expect(loader.calls).toBe(1);
    open();
    await settle();
    expect(count()).toMatchObject({ refreshesSkipped: 1, loads: 1 });
    expect(locks.held).toBe(0);
    loader.resolve('new');
    expect(await waited).toBe('new');
    expect(await cache.getOrLoad('users', 'old', () => 'refreshed')).toBe('old');
    await settle();
    expect(await cache.get('users', 'old')).toBe('refreshed');
  });
});

describe('the changes of a breaker', () => {
  it('are told, with the last error', async () => {
    const { cache, clock, events } = twoTierEngine({
      caches: { users: { origin: { breaker: { minimumLoads: 2, probes: 1, openFor: '5s' } } } },
    });
    await fail(cache, 2);
    await clock.advance(5_000);
    await cache.getOrLoad('users', 'probe', () => 'good');
    expect(events.filter(({ type }) => type === 'breaker')).toEqual([
      {
        type: 'breaker',
        cache: 'users',
        state: 'open',
        reason: 'its source fails or is slow too often and is left alone for 5000 ms; the last error was: down',
      },
      { type: 'breaker', cache: 'users', state: 'half-open', reason: 'its source is tried again' },
      { type: 'breaker', cache: 'users', state: 'closed', reason: 'its source answers again' },
    ]);
  });
});
