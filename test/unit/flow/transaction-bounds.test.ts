import { describe, expect, it } from 'vitest';
import { engine, gate, settle } from '../../support/engine.js';

const rollBack = (): never => {
  throw new Error('rolled back');
};

describe('two registrations', () => {
  it('have transactions of their own', async () => {
    const [one, other] = [engine(), engine()];
    await one.cache.afterCommit(async () => {
      expect(await other.cache.evict('users', '1')).toMatchObject({ status: 'applied' });
      await other.cache.getOrLoad('users', '2', () => 'kept');
    });
    expect(await other.cache.get('users', '2')).toBe('kept');
  });

  it('keep them inside each other’s loaders', async () => {
    const [one, other] = [engine(), engine()];
    await one.cache.set('users', '1', 'old');
    const failing = one.cache.afterCommit(() =>
      other.cache.getOrLoad('pages', 'p', async () => {
        expect(await one.cache.evict('users', '1')).toEqual({ status: 'deferred' });
        return rollBack();
      }),
    );
    await expect(failing).rejects.toThrow('rolled back');
    expect(await one.cache.get('users', '1')).toBe('old');
  });
});

describe('a refresh in the background', () => {
  it('is part of no transaction, whoever set it off', async () => {
    const [one, other] = [engine(), engine()];
    await other.cache.set('pages', 'p', 'old');
    await other.cache.invalidate({ all: true, mode: 'soft' });
    const statuses: string[] = [];
    const load = async (): Promise<string> => {
      statuses.push((await one.cache.evict('users', '1')).status);
      return 'new';
    };
    await one.cache.afterCommit(async () => {
      expect(await other.cache.getOrLoad('pages', 'p', load)).toBe('old');
      await settle();
    });
    expect(statuses).toEqual(['applied']);
  });
});

describe('`again`', () => {
  it('invalidates what was loaded from a replica that lags', async () => {
    const { cache, clock } = engine();
    await cache.invalidate({ keys: [['users', '1']], again: '500ms' });
    await cache.getOrLoad('users', '1', () => 'from a replica that lags');
    await clock.advance(499);
    expect(await cache.get('users', '1')).toBe('from a replica that lags');
    await clock.advance(1);
    expect(await cache.get('users', '1')).toBeUndefined();
  });

  it('counts from the commit, the outermost one', async () => {
    const { cache, clock } = engine();
    const work = gate();
    const done = cache.afterCommit(async () => {
      await cache.afterCommit(() => cache.invalidate({ keys: [['users', '1']], again: '500ms' }));
      await work.passed;
    });
    await clock.advance(600);
    work.open();
    await done;
    await cache.getOrLoad('users', '1', () => 'from a replica that lags');
    await clock.advance(500);
    expect(await cache.get('users', '1')).toBeUndefined();
  });

  it('is dropped with a transaction that is rolled back', async () => {
    const { cache, clock } = engine();
    await cache.set('users', '1', 'a');
    const failing = cache.afterCommit(async () => {
      await cache.invalidate({ keys: [['users', '1']], again: '500ms' });
      rollBack();
    });
    await expect(failing).rejects.toThrow('rolled back');
    await clock.advance(600);
    expect(await cache.get('users', '1')).toBe('a');
  });
});
