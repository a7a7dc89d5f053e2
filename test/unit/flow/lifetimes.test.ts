import { describe, expect, it } from 'vitest';
import { ControlledLoader, engine, settle, twoTierEngine } from '../../support/engine.js';

const SLIDING = { caches: { users: { ttl: '10m', sliding: '1m' } } } as const;

describe('a sliding value', () => {
  it('lives while somebody reads it, and is gone when nobody has for so long', async () => {
    const { cache, clock } = engine(SLIDING);
    let loads = 0;
    const read = (): Promise<number> => cache.getOrLoad('users', '7', () => ++loads);
    await read();
    for (let minutes = 0; minutes < 5; minutes++) {
      await clock.advance(50_000);
      expect(await read()).toBe(1);
    }
    await clock.advance(60_000);
    expect(await read()).toBe(2);
  });

  it('never outlives its ttl, however often it is read', async () => {
    const { cache, clock } = engine(SLIDING);
    let loads = 0;
    const read = (): Promise<number> => cache.getOrLoad('users', '7', () => ++loads);
    await read();
    for (let seconds = 0; seconds < 599; seconds += 20) {
      expect(await read()).toBe(1);
      await clock.advance(20_000);
    }
    expect(await read()).toBe(2);
  });

  it('never outlives an invalidation', async () => {
    const { cache, clock } = engine(SLIDING);
    let loads = 0;
    const read = (): Promise<number> => cache.getOrLoad('users', '7', () => ++loads, { tags: ['user'] });
    await read();
    await clock.advance(30_000);
    await Promise.all([read(), cache.invalidate({ tags: ['user'] })]);
    expect(await read()).toBe(2);
  });

  it('is prolonged by `get` too, and costs nothing while it is read all the time', async () => {
    const { cache, clock, shared } = twoTierEngine(SLIDING);
    await cache.getOrLoad('users', '7', () => 'value');
    await settle();
    expect([...shared.ttls.values()]).toEqual([60_000]);
    await clock.advance(10_000);
    await cache.get('users', '7');
    await settle();
    shared.ttls.clear();
    await cache.get('users', '7');
    await settle();
    expect(shared.ttls.size).toBe(0);
    await clock.advance(20_000);
    await cache.get('users', '7');
    await settle();
    expect([...shared.ttls.values()]).toEqual([60_000]);
  });

  it('is prolonged where it lies for all by whoever finds it there, but not past its ttl', async () => {
    const one = twoTierEngine(SLIDING);
    await one.cache.getOrLoad('users', '7', () => 'value');
    await settle();
    const other = twoTierEngine(SLIDING, { shared: one.shared, journal: one.journal });
    await Promise.all([one, other].map(({ clock }) => clock.advance(570_000)));
    expect(await other.cache.get('users', '7')).toBe('value');
    await settle();
    expect([...one.shared.ttls.values()]).toEqual([30_000]);
    await other.clock.advance(30_000);
    expect(await other.cache.get('users', '7')).toBeUndefined();
  });

  it('leaves memory when it was idle for too long', async () => {
    const { cache, clock, count } = engine(SLIDING);
    await cache.getOrLoad('users', '7', () => 'value');
    await clock.advance(62_000);
    expect(count().entries).toBe(0);
  });
});

describe('a ttl that the value tells', () => {
  const TOLD = {
    caches: { users: { ttl: '1m', ttlFrom: ({ seconds }: { seconds?: number }) => seconds && seconds * 1_000 } },
  };

  it('is how long it is kept; undefined leaves it at the ttl', async () => {
    const { cache, clock } = engine(TOLD);
    await cache.getOrLoad('users', 'short', () => ({ seconds: 5 }));
    await cache.getOrLoad('users', 'usual', () => ({}));
    await cache.put('users', 'written', () => ({ seconds: 5 }));
    await cache.set('users', 'set', { seconds: 5 });
    await clock.advance(5_000);
    expect(await cache.getMany('users', ['short', 'usual', 'written', 'set'])).toEqual([
      undefined,
      {},
      undefined,
      undefined,
    ]);
  });

  it('gives way to what the loader says, and isn’t asked of what is missing', async () => {
    const { cache, clock } = engine(TOLD);
    await cache.getOrLoad('users', '1', (load) => (load.ttl('10s'), { seconds: 5 }));
    await cache.getOrLoad('users', '2', (load) => (load.ttl(undefined), { seconds: 5 }));
    await cache.getOrLoad('users', '3', () => null);
    await clock.advance(9_000);
    expect(await cache.getMany('users', ['1', '2', '3'])).toEqual([{ seconds: 5 }, undefined, null]);
  });

  it('that makes no sense keeps the value from being stored, and says why', async () => {
    const { cache, errors, count } = engine({ caches: { users: { ttlFrom: () => 'soon' } } });
    expect(await cache.getOrLoad('users', '1', () => 1)).toBe(1);
    expect(count()).toMatchObject({ entries: 0, notStored: { unstorable: 1 } });
    expect(errors.join()).toMatch(/its ttl: .*caches\.users\.ttlFrom: returned 'soon'; takes a duration/su);
    await expect(cache.set('users', '1', 1)).rejects.toThrow(/caches\.users\.ttlFrom: returned 'soon'/u);
  });
});

describe('a read that is to load', () => {
  it('replaces what is there, which readers are given until then', async () => {
    const { cache } = engine();
    const loader = new ControlledLoader<number>();
    await cache.getOrLoad('users', '7', () => 1);
    const refreshed = cache.refresh('users', '7', loader.load);
    expect(await cache.getOrLoad('users', '7', () => 0)).toBe(1);
    loader.resolve(2);
    expect(await refreshed).toBe(2);
    expect(await cache.getOrLoad('users', '7', () => 0)).toBe(2);
  });

  it('isn’t answered by a load that began before it; all who come meanwhile share the next one', async () => {
    const { cache, count } = engine();
    const loader = new ControlledLoader<number>();
    const first = cache.getOrLoad('users', '7', loader.load, { refresh: true });
    const others = Array.from({ length: 5 }, () => cache.getOrLoad('users', '7', loader.load, { refresh: true }));
    await settle();
    expect(loader.calls).toBe(1);
    loader.resolve(1);
    expect(await first).toBe(1);
    await settle();
    expect(loader.calls).toBe(2);
    loader.resolve(2);
    expect(await Promise.all(others)).toEqual([2, 2, 2, 2, 2]);
    expect(count()).toMatchObject({ reads: 6, misses: 6, outcomes: { loaded: 1, joined: 5 } });
  });

  it('gets the error of its load, and leaves what is there', async () => {
    const { cache } = engine();
    await cache.getOrLoad('users', '7', () => 1);
    await expect(cache.refresh('users', '7', () => Promise.reject(new Error('down')))).rejects.toThrow('down');
    expect(await cache.get('users', '7')).toBe(1);
    expect(await cache.refresh('users', '7', () => 2)).toBe(2);
  });

  it('without a loader leaves it to the next reader, who is given the old value in grace', async () => {
    const { cache } = engine({ grace: '1m', caches: { users: {} } });
    await cache.getOrLoad('users', '7', () => 1);
    expect(await cache.refresh('users', '7')).toMatchObject({ status: 'applied' });
    expect(await cache.getOrLoad('users', '7', () => 2)).toBe(1);
    await settle();
    expect(await cache.getOrLoad('users', '7', () => 3)).toBe(2);
  });
});
