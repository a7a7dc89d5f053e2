import { describe, expect, it, vi } from 'vitest';
import { ControlledLoader, engine, gate, settle, stateOf } from '../../support/engine.js';

const many = <T>(count: number, make: () => Promise<T>): Promise<T>[] => Array.from({ length: count }, make);

describe('concurrent callers of one key', () => {
  it.each(['copy', 'frozen', 'shared'] as const)('share one load, 5,000 of them (%s)', async (isolation) => {
    const { cache, count } = engine({ isolation });
    const loader = new ControlledLoader<{ id: number }>();
    const callers = many(5_000, () => cache.getOrLoad('users', '1', loader.load));
    await settle();
    loader.resolve({ id: 1 });
    expect(new Set((await Promise.all(callers)).map(({ id }) => id))).toEqual(new Set([1]));
    expect(loader.calls).toBe(1);
    expect(count().outcomes).toMatchObject({ loaded: 1, joined: 4_999 });
  });

  it('all get the very error the loader threw, and the next caller loads anew', async () => {
    const { cache, count } = engine();
    const loader = new ControlledLoader();
    const callers = many(50, () => cache.getOrLoad('users', '1', loader.load));
    await settle();
    const error = new Error('database down');
    loader.reject(error);
    const ends = await Promise.allSettled(callers);
    expect(ends.every((end) => end.status === 'rejected' && end.reason === error)).toBe(true);
    expect(loader.calls).toBe(1);
    expect(count()).toMatchObject({ loads: 1, loadErrors: 1, outcomes: { error: 50 } });
    await expect(cache.getOrLoad('users', '1', () => 'anew')).resolves.toBe('anew');
  });

  it('get the error of a loader that throws before it returns a promise', async () => {
    const { cache } = engine();
    const error = new TypeError('not a function');
    const failing = (): Promise<string> => {
      throw error;
    };
    const ends = await Promise.allSettled(many(3, () => cache.getOrLoad('users', '1', failing)));
    expect(ends.map((end) => end.status === 'rejected' && end.reason === error)).toEqual([true, true, true]);
    expect(cache.status().flights).toBe(0);
    await expect(cache.getOrLoad('users', '1', () => 'anew')).resolves.toBe('anew');
  });

  it('get whatever was thrown, be it no error at all', async () => {
    const { cache } = engine();
    const reasons = [undefined, null, 'text', 7];
    for (const reason of reasons) {
      const ends = await Promise.allSettled(many(2, () => cache.getOrLoad('users', '1', () => Promise.reject(reason))));
      expect(ends).toEqual([
        { status: 'rejected', reason },
        { status: 'rejected', reason },
      ]);
    }
  });

  it('of different keys, and of the same key in different caches, load separately', async () => {
    const { cache } = engine();
    const loader = new ControlledLoader<string>();
    const reads = [
      cache.getOrLoad('users', '1', loader.load),
      cache.getOrLoad('users', '2', loader.load),
      cache.getOrLoad('pages', '1', loader.load),
    ];
    await settle();
    expect(loader.calls).toBe(3);
    for (const value of ['a', 'b', 'c']) loader.resolve(value);
    expect(await Promise.all(reads)).toEqual(['a', 'b', 'c']);
  });

  it('share a load whose value has no ttl, and store nothing', async () => {
    const { cache, count } = engine({ ttl: 0 });
    const loader = new ControlledLoader<string>();
    const callers = many(10, () => cache.getOrLoad('users', '1', loader.load));
    await settle();
    loader.resolve('a');
    expect(new Set(await Promise.all(callers))).toEqual(new Set(['a']));
    expect(loader.calls).toBe(1);
    expect(count()).toMatchObject({ entries: 0, notStored: { ttl: 1 } });
  });

  it('who come after an eviction begin a load of their own', async () => {
    const { cache } = engine();
    const loader = new ControlledLoader<string>();
    const before = cache.getOrLoad('users', '1', loader.load);
    await settle();
    await cache.evict('users', '1');
    const after = cache.getOrLoad('users', '1', () => 'new');
    await settle();
    loader.resolve('old');
    expect(await before).toBe('old');
    expect(await after).toBe('new');
    expect(await cache.get('users', '1')).toBe('new');
  });

  it('who joined before an eviction and get the value after it try again', async () => {
    const { cache } = engine();
    const first = new ControlledLoader<string>();
    const leader = cache.getOrLoad('users', '1', first.load);
    await settle();
    const joiner = cache.getOrLoad('users', '1', () => 'new');
    await settle();
    await cache.evict('users', '1');
    first.resolve('old');
    expect(await leader).toBe('old');
    expect(await joiner).toBe('new');
  });

  it('end although every load they join is invalidated', async () => {
    const { cache, count } = engine();
    const loader = new ControlledLoader<string>();
    const readers = many(20, () => cache.getOrLoad('users', '1', loader.load));
    for (let round = 0; round < 30; round++) {
      await settle();
      await cache.evict('users', '1');
      while (loader.waiting > 0) loader.resolve(`round ${round}`);
    }
    await settle();
    while (loader.waiting > 0) loader.resolve('last');
    await Promise.all(readers);
    expect(count().reads).toBe(20);
  });

  it('are rejected, each alone, when their signal is aborted', async () => {
    const { cache } = engine();
    const loader = new ControlledLoader<string>();
    const impatient = new AbortController();
    const leader = cache.getOrLoad('users', '1', loader.load, { signal: impatient.signal });
    const joiner = cache.getOrLoad('users', '1', loader.load);
    await settle();
    const reason = new Error('client went away');
    impatient.abort(reason);
    await expect(leader).rejects.toBe(reason);
    expect(loader.contexts[0]!.signal.aborted).toBe(false);
    loader.resolve('a');
    expect(await joiner).toBe('a');
    expect(await cache.get('users', '1')).toBe('a');
    expect(loader.calls).toBe(1);
  });

  it('leave nothing behind on a signal that is never aborted', async () => {
    const { cache } = engine();
    const { signal } = new AbortController();
    const listeners = new Set<unknown>();
    const add = vi.spyOn(signal, 'addEventListener').mockImplementation((_, listener) => void listeners.add(listener));
    vi.spyOn(signal, 'removeEventListener').mockImplementation((_, listener) => void listeners.delete(listener));
    await cache.getOrLoad('users', '1', () => 'a', { signal });
    expect(add).toHaveBeenCalledOnce();
    expect(listeners.size).toBe(0);
  });

  it('with a signal that is aborted already get its reason, unless the value is in memory', async () => {
    const { cache } = engine();
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(cache.getOrLoad('users', '1', () => 'a', { signal })).rejects.toThrow('too late');
    await settle();
    await cache.set('users', '2', 'b');
    await expect(cache.getOrLoad('users', '2', () => 'x', { signal })).resolves.toBe('b');
  });
});

describe('a loader that comes back to its own key', () => {
  it('loads by itself instead of waiting for itself', async () => {
    const { cache } = engine();
    let depth = 0;
    const load = async (): Promise<string> => {
      if (++depth > 1) return 'inner';
      return `outer of ${await cache.getOrLoad('users', '1', load)}`;
    };
    await expect(cache.getOrLoad('users', '1', load)).resolves.toBe('outer of inner');
  });

  it('through another key does so as well', async () => {
    const { cache } = engine();
    const loadA = (): Promise<string> => cache.getOrLoad('users', 'b', loadB);
    let visits = 0;
    const loadB = (): Promise<string> | string => (++visits > 1 ? 'end' : cache.getOrLoad('users', 'a', loadA));
    await expect(cache.getOrLoad('users', 'a', loadA)).resolves.toBe('end');
  });

  it('through a batch does so as well', async () => {
    const { cache } = engine();
    const load = async (): Promise<string> => {
      const [value] = await cache.getOrLoadMany('users', ['1'], () => ['of the batch']);
      return value!;
    };
    await expect(cache.getOrLoad('users', '1', load)).resolves.toBe('of the batch');
  });

  it.each([1, 2, 5])('does not wait for a caller that waits for it, %i keys around', async (detour) => {
    const { cache } = engine();
    const begin = gate();
    const keys = Array.from({ length: detour + 1 }, (_, index) => `k${index}`);
    const loadOf = (index: number) => async (): Promise<string> => {
      await begin.passed;
      const next = (index + 1) % keys.length;
      return `${index}${await cache.getOrLoad('users', keys[next]!, () => `(${next})`)}`;
    };
    const reads = keys.map((key, index) => cache.getOrLoad('users', key, loadOf(index)));
    await settle();
    begin.open();
    for (const read of reads) expect(await stateOf(read)).toBe('resolved');
  });
});
