import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ControlledLoader, engine, settle, twoTierEngine } from '../../support/engine.js';

interface User {
  name: string;
  roles: string[];
}

class Account {
  constructor(readonly id: number) {}
}

const user = (): User => ({ name: 'Ann', roles: ['admin'] });

describe('callers who share a value', () => {
  it('never see each other’s changes, whether they loaded, joined or hit', async () => {
    const { cache } = engine();
    const reads = Array.from({ length: 3 }, () => cache.getOrLoad('users', '1', user));
    const seen = [...(await Promise.all(reads)), await cache.getOrLoad('users', '1', user)];
    for (const [index, each] of seen.entries()) {
      expect(each).toEqual(user());
      each.name = `changed by ${index}`;
      each.roles.push('hacker');
    }
    expect(await cache.get('users', '1')).toEqual(user());
  });

  it('don’t see what the loader does to its object afterwards', async () => {
    const { cache } = engine();
    const own = user();
    const read = await cache.getOrLoad('users', '1', () => own);
    own.roles.length = 0;
    expect(read).toEqual(user());
    expect(await cache.get('users', '1')).toEqual(user());
  });

  it('can’t change it where it is frozen, and the loader’s object isn’t frozen with it', async () => {
    const { cache } = engine({ isolation: 'frozen' });
    const own = user();
    const read = await cache.getOrLoad('users', '1', () => own);
    expect(() => read.roles.push('hacker')).toThrow(TypeError);
    own.roles.push('mine');
    expect(await cache.get('users', '1')).toEqual(user());
    expect(await cache.get('users', '1')).toBe(read);
  });

  it('share the very object where the cache says so', async () => {
    const { cache } = engine({ isolation: 'shared' });
    const own = user();
    expect(await cache.getOrLoad('users', '1', () => own)).toBe(own);
    expect(await cache.get('users', '1')).toBe(own);
  });

  it('get errors of their own as well', async () => {
    const { cache } = engine({ negative: { errors: [TypeError] } });
    const load = (): Promise<string> => Promise.reject(Object.assign(new TypeError('no'), { detail: { hits: 0 } }));
    const ends = await Promise.allSettled([1, 2].map(() => cache.getOrLoad('users', '1', load)));
    const [one, other] = ends.map((end) => (end as PromiseRejectedResult).reason as { detail: { hits: number } });
    one!.detail.hits = 99;
    expect(other!.detail.hits).toBe(0);
  });
});

describe('what a caller gets', () => {
  const cyclic: Record<string, unknown> = { name: 'loop' };
  cyclic['self'] = cyclic;
  const values: Record<string, unknown> = {
    date: new Date(5),
    map: new Map([['a', new Set([1n])]]),
    bytes: Buffer.from('abc'),
    nothing: null,
    undefined,
    'not a number': Number.NaN,
    'minus zero': -0,
    holes: { a: undefined, b: [undefined, null] },
    expression: /a+/gi,
    cycle: cyclic,
    text: '',
    false: false,
    zero: 0,
  };

  it.each(Object.keys(values))(
    'is the same from the loader, from memory and from the shared tier: %s',
    async (name) => {
      const { cache, engine: made } = twoTierEngine();
      const expected = values[name];
      expect(await cache.getOrLoad('users', name, () => expected)).toStrictEqual(expected);
      expect(await cache.getOrLoad('users', name, () => 'loaded again')).toStrictEqual(expected);
      await settle();
      made.desks.get('users')!.region.memory.clear();
      expect(await cache.getOrLoad('users', name, () => 'loaded again')).toStrictEqual(expected);
    },
  );

  it('is an instance where the class is registered, from every tier', async () => {
    const { cache, engine: made } = twoTierEngine({ types: [Account] });
    const load = (): Account => new Account(7);
    for (let round = 0; round < 3; round++) {
      const account = await cache.getOrLoad('users', '1', load);
      expect(account).toBeInstanceOf(Account);
      expect(account).toEqual(new Account(7));
      await settle();
      if (round === 1) made.desks.get('users')!.region.memory.clear();
    }
  });
});

describe('a value that can’t be kept', () => {
  const kinds: Record<string, () => unknown> = {
    'an instance of a class nobody registered': () => new Account(1),
    'a function': () => () => 1,
    'a symbol': () => Symbol('s'),
    'a stream': () => Readable.from(['a']),
    'one inside an object': () => ({ deep: [{ account: new Account(1) }] }),
    'half a character': () => '\ud800',
    'too large a text': () => 'x'.repeat(2_000),
  };

  it.each(Object.keys(kinds))('is returned as it is, never cached, and logged once: %s', async (name) => {
    const { cache, count, errors } = engine({ maxValueBytes: 1_000 });
    const made: unknown[] = [];
    const load = (): unknown => {
      made.push(kinds[name]!());
      return made.at(-1);
    };
    for (let time = 0; time < 3; time++) expect(await cache.getOrLoad('users', `${time}`, load)).toBe(made.at(-1));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^cache users, key 0: returned but not cached: the value/);
    expect(count()).toMatchObject({ entries: 0, notStored: { unstorable: 3 } });
  });

  it('comes from a run of its own for each of its callers', async () => {
    const { cache, count } = engine();
    let runs = 0;
    const reads = Array.from({ length: 4 }, () => cache.getOrLoad('users', '1', () => new Account(++runs)));
    const accounts = await Promise.all(reads);
    expect(new Set(accounts.map(({ id }) => id)).size).toBe(4);
    expect(count().outcomes.loaded).toBe(4);
  });

  it('doesn’t make its callers queue up', async () => {
    const { cache } = engine();
    const loader = new ControlledLoader<Account>();
    const reads = Array.from({ length: 5 }, () => cache.getOrLoad('users', '1', loader.load));
    await settle();
    loader.resolve(new Account(0));
    await settle();
    expect(loader.calls).toBe(5);
    for (let id = 1; id < 5; id++) loader.resolve(new Account(id));
    expect(new Set(await Promise.all(reads)).size).toBe(5);
  });

  it('in a batch is returned beside those that are kept', async () => {
    const { cache } = engine();
    const account = new Account(1);
    const load = (): unknown[] => ['kept', account];
    expect((await cache.getOrLoadMany('users', ['a', 'b'], load))[1]).toBe(account);
    expect(await cache.getMany('users', ['a', 'b'])).toEqual(['kept', undefined]);
  });
});

describe('a value that isn’t wanted', () => {
  it('by `unless` is returned and not stored', async () => {
    const { cache, count } = engine();
    const options = { unless: ({ name }: User): boolean => name === 'Ann' };
    expect(await cache.getOrLoad('users', '1', user, options)).toEqual(user());
    expect(await cache.get('users', '1')).toBeUndefined();
    expect(count().notStored).toEqual({ unless: 1 });
  });

  it('is still shared by those who wait for it', async () => {
    const { cache, count } = engine();
    const options = { unless: (): boolean => true };
    await Promise.all([1, 2, 3].map(() => cache.getOrLoad('users', '1', user, options)));
    expect(count().loads).toBe(1);
  });

  it('when `unless` itself fails is returned, not stored, and logged', async () => {
    const { cache, errors } = engine();
    const unless = (): boolean => {
      throw new Error('bad predicate');
    };
    expect(await cache.getOrLoad('users', '1', () => 'a', { unless })).toBe('a');
    expect(await cache.get('users', '1')).toBeUndefined();
    expect(errors).toEqual(['cache users, key 1: returned but not cached: `unless`: bad predicate']);
  });

  it('when its tags can’t be tags is returned, not stored, and logged', async () => {
    const { cache, errors } = engine();
    expect(await cache.getOrLoad('users', '1', () => 'a', { tags: () => [''] })).toBe('a');
    expect(await cache.get('users', '1')).toBeUndefined();
    expect(errors).toHaveLength(1);
  });
});
