import { describe, expect, it } from 'vitest';
import { ControlledLoader, engine, gate, settle } from '../../support/engine.js';

const rollBack = (): never => {
  throw new Error('rolled back');
};

describe('afterCommit', () => {
  it('sends the invalidations inside when it resolves, as one record, and returns what was returned', async () => {
    const { cache } = engine();
    await cache.set('users', '1', 'old');
    const before = cache.status().journal.position;
    const result = await cache.afterCommit(async () => {
      expect(await cache.evict('users', '1')).toEqual({ status: 'deferred' });
      await cache.invalidate({ tags: ['a', 'b'] });
      expect(cache.status().journal.position).toBe(before);
      return 'committed';
    });
    expect(result).toBe('committed');
    expect(cache.status().journal.position).toBe(before + 1);
    expect(await cache.get('users', '1')).toBeUndefined();
  });

  it('drops them when it throws, at once or later', async () => {
    const { cache } = engine();
    await cache.set('users', '1', 'old');
    const work = async (): Promise<void> => {
      await cache.evict('users', '1');
      rollBack();
    };
    await expect(cache.afterCommit(work)).rejects.toThrow('rolled back');
    await expect(cache.afterCommit(rollBack)).rejects.toThrow('rolled back');
    expect(await cache.get('users', '1')).toBe('old');
  });

  it('sends no record when nothing was invalidated', async () => {
    const { cache } = engine();
    await cache.afterCommit(() => 'nothing');
    expect(cache.status().journal.position).toBe(0);
  });

  it('inside another waits for the outer one', async () => {
    const { cache } = engine();
    await cache.set('users', '1', 'old');
    const outer = cache.afterCommit(async () => {
      await cache.afterCommit(() => cache.evict('users', '1'));
      expect(await cache.getOrLoad('users', '1', () => 'mine')).toBe('mine');
      rollBack();
    });
    await expect(outer).rejects.toThrow('rolled back');
    expect(await cache.get('users', '1')).toBe('old');
  });

  it('that is rolled back inside another takes nothing from it', async () => {
    const { cache } = engine();
    await cache.set('users', '1', 'one');
    await cache.set('users', '2', 'two');
    await cache.afterCommit(async () => {
      await cache.evict('users', '1');
      const inner = async (): Promise<void> => {
        await cache.evict('users', '2');
        rollBack();
      };
      await expect(cache.afterCommit(inner)).rejects.toThrow('rolled back');
    });
    expect(await cache.getMany('users', ['1', '2'])).toEqual([undefined, 'two']);
  });

  it('leaves others alone until it is committed', async () => {
    const { cache } = engine();
    await cache.set('users', '1', 'old');
    const work = gate();
    const transaction = cache.afterCommit(async () => {
      await cache.evict('users', '1');
      await work.passed;
    });
    await settle();
    expect(await cache.get('users', '1')).toBe('old');
    work.open();
    await transaction;
    expect(await cache.get('users', '1')).toBeUndefined();
  });

  it('takes no more invalidations from what still runs in its context after it ended', async () => {
    const { cache } = engine();
    await cache.set('users', '1', 'old');
    const later = gate();
    let straggler: Promise<unknown> | undefined;
    await cache.afterCommit(() => {
      straggler = later.passed.then(async () => {
        await cache.getOrLoad('users', '2', () => 'filled');
        return cache.evict('users', '1');
      });
    });
    later.open();
    expect(await straggler).toMatchObject({ status: 'applied' });
    // what it loads may be a row that was never committed: it fills nothing
    expect(await cache.getMany('users', ['1', '2'])).toEqual([undefined, undefined]);
  });

  it('takes no more invalidations from what still runs in its context after it was rolled back', async () => {
    const { cache } = engine();
    const later = gate();
    let straggler: Promise<unknown> | undefined;
    const failing = cache.afterCommit(() => {
      straggler = later.passed.then(() => cache.evict('users', '1'));
      rollBack();
    });
    await expect(failing).rejects.toThrow('rolled back');
    later.open();
    expect(await straggler).toMatchObject({ status: 'applied' });
  });
});

describe('reads inside a transaction', () => {
  it('see nothing of what it invalidated, and fill nothing', async () => {
    const { cache, count } = engine({ grace: '1h' });
    await cache.set('users', '1', 'old', { tags: ['t'] });
    await cache.afterCommit(async () => {
      expect(await cache.getOrLoad('users', '1', () => 'load')).toBe('old');
      await cache.invalidate({ tags: ['t'] });
      expect(await cache.get('users', '1', { allowStale: true })).toBeUndefined();
      expect(await cache.getOrLoad('users', '1', () => 'mine')).toBe('mine');
      expect(await cache.getOrLoad('users', '2', () => 'uncommitted')).toBe('uncommitted');
      expect(await cache.getOrLoadMany('users', ['1', '3'], (ids) => ids)).toEqual(['1', '3']);
    });
    expect(await cache.getMany('users', ['1', '2', '3'])).toEqual([undefined, undefined, undefined]);
    expect(count().notStored).toEqual({ transaction: 4 });
  });

  it('see nothing of what a transaction around it invalidated', async () => {
    const { cache } = engine();
    await cache.set('users', '1', 'old');
    await cache.afterCommit(async () => {
      await cache.evict('users', '1');
      await cache.afterCommit(async () => expect(await cache.get('users', '1')).toBeUndefined());
    });
  });

  it('treat a soft invalidation as a hard one', async () => {
    const { cache } = engine({ grace: '1h' });
    await cache.set('users', '1', 'old');
    await cache.afterCommit(async () => {
      await cache.invalidate({ keys: [['users', '1']], mode: 'soft' });
      expect(await cache.getOrLoad('users', '1', () => 'mine')).toBe('mine');
    });
  });

  it('miss what has too many tags to list, once anything was invalidated', async () => {
    const { cache } = engine();
    const tags = Array.from({ length: 300 }, (_, index) => `tag:${index}`);
    await cache.getOrLoad('pages', 'big', () => 'before', { tags });
    await cache.afterCommit(async () => {
      expect(await cache.getOrLoad('pages', 'big', () => 'inside', { tags })).toBe('before');
      await cache.invalidate({ tags: ['tag:7'] });
      expect(await cache.getOrLoad('pages', 'big', () => 'inside', { tags })).toBe('inside');
    });
  });

  it('neither join a load of others nor offer theirs', async () => {
    const { cache } = engine();
    const loader = new ControlledLoader<string>();
    const outside = cache.getOrLoad('users', '1', loader.load);
    await settle();
    const work = gate();
    const transaction = cache.afterCommit(async () => {
      expect(await cache.getOrLoad('users', '1', () => 'mine')).toBe('mine');
      return cache.getOrLoad('users', '2', () => work.passed.then(() => 'uncommitted'));
    });
    await settle();
    expect(await cache.getOrLoad('users', '2', () => 'committed')).toBe('committed');
    work.open();
    loader.resolve('theirs');
    expect([await outside, await transaction]).toEqual(['theirs', 'uncommitted']);
  });

  it('inside a loader inside it count as its own', async () => {
    const { cache } = engine();
    await cache.set('users', '1', 'old');
    await cache.afterCommit(async () => {
      await cache.evict('users', '1');
      const page = await cache.getOrLoad('pages', 'p', () => cache.getOrLoad('users', '1', () => 'mine'));
      expect(page).toBe('mine');
    });
    expect(await cache.get('pages', 'p')).toBeUndefined();
  });

  it('load once for a key that a batch asks for twice', async () => {
    const { cache } = engine();
    expect(await cache.afterCommit(() => cache.getOrLoadMany('users', ['a', 'b'], (ids) => ids))).toEqual(['a', 'b']);
  });
});

describe('writes inside a transaction', () => {
  it('are announced with it, and not kept', async () => {
    const { cache, count } = engine();
    await cache.set('users', '1', 'old');
    await cache.afterCommit(async () => {
      expect(await cache.put('users', '1', () => 'new')).toBe('new');
      await cache.set('users', '2', 'never');
      expect(await cache.getOrLoad('users', '1', () => 'own row')).toBe('own row');
    });
    expect(await cache.getMany('users', ['1', '2'])).toEqual([undefined, undefined]);
    expect(count().notStored).toEqual({ transaction: 3 });
  });

  it('that are rolled back leave the entry as it was', async () => {
    const { cache } = engine();
    await cache.set('users', '1', 'old');
    const failing = cache.afterCommit(async () => {
      await cache.put('users', '1', () => 'new');
      rollBack();
    });
    await expect(failing).rejects.toThrow('rolled back');
    expect(await cache.get('users', '1')).toBe('old');
  });
});
