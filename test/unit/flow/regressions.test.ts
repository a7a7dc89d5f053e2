import { describe, expect, it } from 'vitest';
import { bypass } from '../../../lib/decorators/current-load.js';
import { ControlledLoader, engine, gate, settle, stateOf, twoTierEngine } from '../../support/engine.js';

describe('grace', () => {
  it('ends when a newer load says there is nothing to keep', async () => {
    const { cache, clock } = engine({ ttl: '1m', grace: '1h', negative: { missing: false } });
    await cache.getOrLoad('users', '1', () => 'old');
    await clock.advance(61_000);
    const deleted = (): null => null;
    await cache.getOrLoad<string | null>('users', '1', deleted); // refreshed in the background: there is nothing
    await settle();
    await expect(cache.getOrLoad<string | null>('users', '1', deleted)).resolves.toBeNull();
  });
});

describe('a bypass', () => {
  it('announces what is written inside', async () => {
    const { cache } = engine();
    await cache.set('users', '1', 'old');
    await bypass(() => cache.put('users', '1', () => 'new'));
    expect(await cache.getOrLoad('users', '1', () => 'loaded')).toBe('loaded');
  });

  it('gives a loader of many each missing key once', async () => {
    const { cache } = engine();
    const asked: string[][] = [];
    const load = (missing: string[]): string[] => {
      asked.push(missing);
      return missing;
    };
    await bypass(() => cache.getOrLoadMany('users', ['a', 'a'], load));
    await cache.afterCommit(() => cache.getOrLoadMany('users', ['b', 'b'], load));
    expect(asked).toEqual([['a'], ['b']]);
  });
});

describe('memory', () => {
  it('is empty after close, whatever loads end later', async () => {
    const { cache, clock } = engine();
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad('users', '1', loader.load);
    await settle();
    const closing = cache.close();
    await clock.advance(2_001);
    await closing;
    loader.resolve('a');
    expect(await read).toBe('a');
    expect(cache.status().memory.entries).toBe(0);
  });
});

describe('a value set while a load runs', () => {
  it('wins in the shared tier too', async () => {
    const { cache, engine: made } = twoTierEngine();
    const loader = new ControlledLoader<string>();
    const read = cache.getOrLoad('users', '1', loader.load);
    await settle();
    await cache.set('users', '1', 'set');
    loader.resolve('loaded');
    await read;
    await settle();
    made.desks.get('users')!.region.memory.clear();
    expect(await cache.get('users', '1')).toBe('set');
  });
});

describe('a missing item', () => {
  it('is undefined, whatever the loader puts in its place', async () => {
    const { cache } = engine();
    const load = (): (string | null)[] => ['a', null];
    expect(await cache.getOrLoadMany('users', ['1', '2'], load)).toEqual(['a', undefined]);
  });
});

describe('a fault', () => {
  it('is logged once, however large the values are that are too large', async () => {
    const { cache, errors } = engine({ maxValueBytes: 100 });
    for (let size = 200; size < 210; size++) await cache.getOrLoad('users', `${size}`, () => 'x'.repeat(size));
    expect(errors).toHaveLength(1);
  });

  it('says nothing of values', async () => {
    const { cache, errors } = engine();
    await cache.getOrLoad('users', '1', () => 123_456_789, { tags: (value) => [value as unknown as string] });
    expect(errors).toHaveLength(1);
    expect(errors.join()).not.toContain('123456789');
  });
});

describe('a loader that waits twice for one load', () => {
  it('still waits for it when one of the two has left', async () => {
    const { cache } = engine();
    const begin = gate();
    const next = gate();
    const impatient = new AbortController();
    const a = cache.getOrLoad('users', 'a', async () => {
      await begin.passed;
      const twice = [
        cache.getOrLoad('users', 'b', () => 'b', { signal: impatient.signal }),
        cache.getOrLoad('users', 'b', () => 'b'),
      ];
      return (await Promise.allSettled(twice))[1]!.status;
    });
    const b = cache.getOrLoad('users', 'b', async () => {
      await next.passed;
      return cache.getOrLoad('users', 'a', () => 'a by itself');
    });
    await settle();
    begin.open();
    await settle();
    impatient.abort(new Error('left'));
    await settle();
    next.open();
    expect([await stateOf(a), await stateOf(b)]).toEqual(['resolved', 'resolved']);
  });
});

describe('a loader that stays clear of asynchronous context', () => {
  it('comes back to its own key without waiting for itself', async () => {
    const { cache } = engine({ nested: false });
    let depth = 0;
    const load = (): Promise<string> | string => (++depth > 1 ? 'inner' : cache.getOrLoad('users', '1', load));
    expect(await stateOf(cache.getOrLoad('users', '1', load))).toBe('resolved');
  });
});

describe('a caller who comes after an eviction', () => {
  it('doesn’t wait for the load that it overtook', async () => {
    const { cache } = engine();
    const loader = new ControlledLoader<string>();
    const before = cache.getOrLoad('users', '1', loader.load);
    await settle();
    await cache.evict('users', '1');
    const after = cache.getOrLoad('users', '1', () => 'new');
    expect(await stateOf(after)).toBe('resolved');
    loader.resolve('old');
    expect(await before).toBe('old');
    expect(await cache.get('users', '1')).toBe('new');
  });
});
