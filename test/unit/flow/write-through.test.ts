import { describe, expect, it } from 'vitest';
import { ControlledLoader, engine, settle } from '../../support/engine.js';

describe('cache.write', () => {
  it('writes to the sink first, and then readers get what was written', async () => {
    const { cache } = engine();
    await cache.getOrLoad('users', '7', () => 'old');
    const seen: unknown[] = [];
    await cache.write('users', '7', 'new', async (value, key) => {
      seen.push([value, key, await cache.get('users', '7')]);
    });
    expect(seen).toEqual([['new', '7', 'old']]);
    expect(await cache.getOrLoad('users', '7', () => 'from the source')).toBe('new');
  });

  it('leaves the entry as it was when the sink fails, with the sink’s own error', async () => {
    const { cache } = engine();
    await cache.getOrLoad('users', '7', () => 'old');
    const failure = new Error('the database said no');
    await expect(cache.write('users', '7', 'new', () => Promise.reject(failure))).rejects.toBe(failure);
    expect(await cache.getOrLoad('users', '7', () => 'loaded')).toBe('old');
  });

  it('leaves no winner of two that cross, whichever ended first: the next read loads', async () => {
    for (const order of [
      ['first', 'second'],
      ['second', 'first'],
    ]) {
      const { cache } = engine();
      const sinks = { first: new ControlledLoader<void>(), second: new ControlledLoader<void>() };
      const write = (value: 'first' | 'second'): Promise<void> =>
        cache.write('users', '7', value, () => sinks[value].load(undefined as never));
      const both = [write('first'), write('second')];
      await settle();
      for (const value of order) {
        sinks[value as 'first' | 'second'].resolve();
        await settle();
      }
      await Promise.all(both);
      expect(await cache.get('users', '7')).toBeUndefined();
      expect(await cache.getOrLoad('users', '7', () => 'the database’s')).toBe('the database’s');
    }
  });

  it('isn’t kept when it crosses an invalidation or a load that began before it', async () => {
    const { cache } = engine();
    const sink = new ControlledLoader<void>();
    const writing = cache.write('users', '7', 'written', () => sink.load(undefined as never));
    await settle();
    await cache.evict('users', '7');
    sink.resolve();
    await writing;
    expect(await cache.get('users', '7')).toBeUndefined();

    const loader = new ControlledLoader<string>();
    const loading = cache.getOrLoad('users', '8', loader.load);
    await cache.write('users', '8', 'written', () => undefined);
    loader.resolve('old');
    await loading;
    expect(await cache.get('users', '8')).toBe('written');
  });
});
