import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CacheOptions } from '../../lib/options/cache-options.interface.js';
import { newNamespace, startMachine, type Machine } from '../support/machines.js';
import { isSame } from '../support/same.js';
import { eventually } from '../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server?.stop());

class Money {
  constructor(
    readonly amount: bigint,
    readonly currency: string,
  ) {}
}

class User {
  constructor(
    readonly name: string,
    readonly account: Money,
  ) {}
}

class Stranger {
  password = 'secret';
}

const KEPT: Readonly<Record<string, () => unknown>> = {
  'a date': () => new Date(1_767_225_600_123),
  'an invalid date': () => ({ at: new Date(Number.NaN) }),
  'a Map with keys of all kinds': () =>
    new Map<unknown, unknown>([
      ['a', 1],
      [1, new Map([[null, undefined]])],
      [{ id: 1 }, [new Set(['x'])]],
    ]),
  'a Set': () => new Set<unknown>([1, '1', new Date(0)]),
  bigints: () => [0n, -1n, 2n ** 64n, -(10n ** 100n)],
  'a Buffer': () => Buffer.from([0, 255, 13, 10]),
  'a Buffer in an object': () => ({ bytes: Buffer.from([1]), none: Buffer.alloc(0) }),
  'typed arrays': () => [
    new Uint8Array([1]),
    new Uint8ClampedArray([255]),
    new Int16Array([-1]),
    new Uint32Array([2 ** 32 - 1]),
    new Float32Array([0.5]),
    new Float64Array([0.1, -0]),
    new BigInt64Array([-1n]),
  ],
  undefined: () => undefined,
  null: () => null,
  'undefined inside': () => ({ a: undefined, list: [undefined, null] }),
  'zero below zero': () => ({ balance: -0, list: [0, -0] }),
  'what is no number': () => [Number.NaN, Infinity, -Infinity],
  'plain texts and numbers': () => ({ text: 'ä😀\u0000', number: 2 ** 53, float: 0.1, yes: true }),
  'an instance of a registered class': () => new User('Ada', new Money(7n, 'EUR')),
  'such instances deep inside': () => new Map([['users', [{ user: new User('Ada', new Money(7n, 'EUR')) }]]]),
  'an error': () => Object.assign(new RangeError('too far', { cause: 'no reason' }), { code: 'E_FAR' }),
  'a URL and a regular expression': () => [new URL('https://example.org/?q=ä#x'), /a+/giu],
  'a circle': () => {
    const parent: Record<string, unknown> = { name: 'parent' };
    parent['children'] = [{ parent }];
    return parent;
  },
  'the same object twice': () => {
    const shared = { id: 1 };
    return [shared, shared];
  },
  'many levels': () => JSON.parse(`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`) as unknown,
};

const REFUSED: Readonly<Record<string, () => unknown>> = {
  'a function': () => ({ run: () => 1 }),
  'a symbol': () => ({ kind: Symbol('kind') }),
  'an instance of an unregistered class': () => new Stranger(),
  'such an instance deep inside': () => new Map([['users', [{ user: new Stranger() }]]]),
  'a stream': () => Readable.from(['a']),
  'a promise inside': () => ({ later: Promise.resolve(1) }),
  'a WeakMap': () => new WeakMap(),
};

async function startTwo(users: CacheOptions): Promise<[Machine, Machine]> {
  const namespace = newNamespace();
  const start = async () => startMachine(server, { namespace, types: [User, Money], caches: { users } });
  return [await start(), await start()];
}

const WAYS: readonly (readonly [what: string, options: CacheOptions])[] = [
  ['copied', {}],
  ['frozen', { isolation: 'frozen' }],
  ['compressed', { compression: { threshold: 1 } }],
];

describe.each(WAYS)('values in Redis, %s', (_way, options) => {
  it('are the same from the loader, from memory and from Redis', async () => {
    const [writer, reader] = await startTwo(options);
    for (const [what, make] of Object.entries(KEPT)) {
      const read = async ({ cache }: Machine) => cache.getOrLoad('users', what, make);
      const loaded = await read(writer);
      const remembered = await read(writer);
      const { loads } = writer.count();
      await eventually(`${what} is in Redis`, async () => (await reader.cache.explain('users', what)).tier !== 'none');
      const before = reader.count().outcomes;
      const shared = await read(reader);
      const again = await read(reader);

      expect([what, reader.count().outcomes]).toEqual([what, { ...before, l2: before.l2 + 1, l1: before.l1 + 1 }]);
      expect([what, loads]).toEqual([what, writer.count().outcomes.l1]);
      for (const value of [loaded, remembered, shared, again])
        expect({ [what]: value }).toStrictEqual({ [what]: make() });
    }
    expect(writer.lines.concat(reader.lines).filter((line) => line.startsWith('error'))).toEqual([]);
  });

  it('are returned untouched and not kept where they can’t be kept as they are', async () => {
    const [machine] = await startTwo(options);
    let problems = 0;
    for (const [what, make] of Object.entries(REFUSED)) {
      const values = [make(), make()];
      const given = [...values];
      const load = () => given.shift();

      expect(await machine.cache.getOrLoad('users', what, load)).toBe(values[0]);
      expect(await machine.cache.getOrLoad('users', what, load)).toBe(values[1]);
      expect(machine.count().notStored.unstorable).toBe((problems += 2));
      expect((await machine.cache.explain('users', what)).tier).toBe('none');
    }
    const errors = machine.lines.filter((line) => line.startsWith('error'));
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.join('\n')).toMatch(/returned but not cached: .*Stranger/);
    expect(errors.join('\n')).not.toContain('secret');
  });
});

describe('values in Redis as JSON', () => {
  it('are the same from the loader, from memory and from Redis, or are refused', async () => {
    const [writer, reader] = await startTwo({ serializer: 'json' });
    const kept: string[] = [];
    const changed: string[] = [];
    for (const [what, make] of Object.entries({ ...KEPT, ...REFUSED })) {
      const original = make();
      const loaded = await writer.cache.getOrLoad('users', what, () => original);
      if ((await writer.cache.explain('users', what)).tier === 'none') {
        if (loaded !== original) changed.push(what);
        continue;
      }
      kept.push(what);
      await eventually(`${what} is in Redis`, async () => (await reader.cache.explain('users', what)).tier !== 'none');
      for (const machine of [writer, reader, reader]) {
        const value = await machine.cache.getOrLoad('users', what, make);
        if (!isSame(value, loaded)) changed.push(what);
      }
    }
    expect(changed).toEqual([]);
    expect(reader.count().outcomes.l2).toBe(kept.length);
    expect(kept).toEqual([
      'undefined',
      'null',
      'zero below zero',
      'plain texts and numbers',
      'the same object twice',
      'many levels',
    ]);
  });
});
