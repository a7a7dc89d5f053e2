import { createServer, IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { CacheKeyError } from '../../../lib/cache.errors.js';
import { TypeRegistry } from '../../../lib/entry/cacheable-types.js';
import { keyOf, keyOfArguments } from '../../../lib/entry/key-encoding.js';

const types = new TypeRegistry([]);
const keyOfCall = (...args: unknown[]): string => keyOfArguments(args, types, () => 'UserService.findOne');

class User {
  constructor(readonly id: string) {}
}
class ZonedDate extends Date {
  constructor(
    at: number,
    readonly zone: string,
  ) {
    super(at);
  }
}
class Registry extends Map<string, string> {}
class Tags extends Set<string> {}
class Page extends Array<string> {}

const cyclic: Record<string, unknown> = { name: 'loop' };
cyclic['self'] = [cyclic];

const REFUSED: readonly (readonly [what: string, args: readonly unknown[], place: string, named: string])[] = [
  ['a function', [() => 1], 'argument 1', 'a function'],
  ['a named function', ['a', function find() {}], 'argument 2', 'a function (find)'],
  ['a class', [User], 'argument 1', 'a function (User)'],
  ['a symbol', [Symbol('s')], 'argument 1', 'a symbol'],
  ['an instance', [new User('1')], 'argument 1', 'an instance of User'],
  [
    'an instance deep inside',
    [1, { filter: { users: ['x', new User('1')] } }],
    'argument 2.filter.users[1]',
    'an instance of User',
  ],
  ['a value of a Map', [new Map([['a', () => 1]])], 'argument 1', 'a function'],
  ['an item of a Set', [new Set([Symbol('s')])], 'argument 1', 'a symbol'],
  ['an error', [new Error('x')], 'argument 1', 'an instance of Error'],
  ['a promise', [Promise.resolve(1)], 'argument 1', 'an instance of Promise'],
  ['a WeakMap', [new WeakMap()], 'argument 1', 'an instance of WeakMap'],
  ['a boxed number', [Object(1)], 'argument 1', 'an instance of Number'],
  ['a stream', [Readable.from([])], 'argument 1', 'an instance of Readable'],
  ['a request', [new IncomingMessage(new Socket())], 'argument 1', 'an instance of IncomingMessage'],
  ['a server', [createServer()], 'argument 1', 'an instance of Server'],
  ['a subclass of Date', [new ZonedDate(0, 'CET')], 'argument 1', 'an instance of ZonedDate'],
  ['a subclass of Map', [new Registry()], 'argument 1', 'an instance of Registry'],
  ['a subclass of Set', [new Tags()], 'argument 1', 'an instance of Tags'],
  ['a subclass of Array', [new Page()], 'argument 1', 'an instance of Page'],
  ['a field with a symbol for a name', [{ [Symbol('tenant')]: 1 }], 'argument 1.Symbol(tenant)', 'a symbol'],
  ['what contains itself', ['a', cyclic], 'argument 2.self[0]', 'contains itself'],
];

const refusalOf = (act: () => unknown): CacheKeyError => {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(CacheKeyError);
    return error as CacheKeyError;
  }
  throw new Error('nothing was refused');
};

describe('the key of a call', () => {
  it.each(REFUSED)('is refused for %s, by name and place', (_what, args, place, named) => {
    const { message, code } = refusalOf(() => keyOfCall(...args));

    expect(code).toBe('CACHE_KEY');
    expect(message).toContain('UserService.findOne: ');
    expect(message).toContain(place);
    expect(message).toContain(named);
  });

  it('says what to do about it', () => {
    expect(refusalOf(() => keyOfCall(new User('1'))).message).toContain(
      '`key` function, or list the class under `types`',
    );
    expect(refusalOf(() => keyOfCall(() => 1)).message).toMatch(/`key` function$/);
  });

  it('is made of an argument that is there twice but not inside itself', () => {
    const shared = { a: 1 };

    expect(keyOfCall(shared, [shared])).toBe('#a{s1:an1;}[{s1:an1;}]');
  });

  it('is refused again after a refusal, so that no state is left behind', () => {
    refusalOf(() => keyOfCall(cyclic));

    expect(refusalOf(() => keyOfCall(cyclic)).message).toContain('contains itself');
  });

  it('knows instances of classes that are registered, and not those of their subclasses', () => {
    class Admin extends User {}
    const known = new TypeRegistry([User]);

    expect(keyOfArguments([new User('1')], known, () => 'x')).toBe('#aTs4:User{s2:ids1:1}');
    expect(refusalOf(() => keyOfArguments([new Admin('1')], known, () => 'x')).message).toContain('Admin');
  });

  it('is refused, not overflown, for what is nested too deeply', () => {
    let deep: unknown = 'core';
    for (let level = 0; level < 20_000; level++) deep = [deep];

    expect(refusalOf(() => keyOfCall(deep)).message).toContain('argument 1');
  });
});

describe('a key that somebody gives', () => {
  const give = (key: unknown): string => keyOf(key, types, () => 'cache users');

  it.each([
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['true', true, 'a boolean'],
    ['not a number', NaN, 'NaN'],
    ['infinity', Infinity, 'Infinity'],
    ['an object', { id: 1 }, 'an object'],
    ['an instance', new User('1'), 'an instance of User'],
    ['a function', () => '1', 'a function'],
  ])('is refused when it is %s', (_what, key, named) => {
    const { message } = refusalOf(() => give(key));

    expect(message).toContain('cache users: the key is');
    expect(message).toContain(named);
  });

  it('stands for itself as a text, a number and a bigint alike', () => {
    expect([give('7'), give(7), give(7n)]).toEqual(['7', '7', '7']);
  });

  it('gets another # in front of its own', () => {
    expect([give('#7'), give('#n7'), give('##')]).toEqual(['##7', '##n7', '###']);
  });

  it('stands for the arguments of a method as a list', () => {
    expect([give([7]), give(['7']), give(['a', 1]), give([])]).toEqual(['#n7', '7', '#as1:an1;', '#a']);
  });
});
