import { describe, expect, it } from 'vitest';
import { TypeRegistry, type CacheableType } from '../../../lib/entry/cacheable-types.js';
import { keyOfArguments } from '../../../lib/entry/key-encoding.js';
import { msgpackSerializer } from '../../../lib/entry/serializers.js';

class User {
  constructor(
    readonly id: string,
    readonly born: Date,
  ) {}
  get year(): number {
    return this.born.getUTCFullYear();
  }
}
class Admin extends User {}
class Decimal {
  readonly #units: bigint;
  constructor(text: string) {
    this.#units = BigInt(text);
  }
  toString(): string {
    return String(this.#units);
  }
}
class Dictionary extends Map<string, number> {}
const decimal = { type: Decimal, to: String, from: (text: string) => new Decimal(text) };

const serializerFor = (...types: CacheableType[]) => msgpackSerializer(new TypeRegistry(types), false);
const roundTrip = <T>(value: T, ...types: CacheableType[]): T => {
  const serializer = serializerFor(...types);
  return serializer.decode(serializer.encode(value)) as T;
};

describe('instances of a registered class', () => {
  it('come back as instances with their own fields, without their constructor being called', () => {
    const copy = roundTrip({ users: [new User('1', new Date(0))] }, User);

    expect(copy).toStrictEqual({ users: [new User('1', new Date(0))] });
    expect(copy.users[0]!.year).toBe(1970);
  });

  it('go there and back as `to` and `from` say', () => {
    const copy = roundTrip([new Decimal('12')], decimal);

    expect(copy[0]).toBeInstanceOf(Decimal);
    expect(String(copy[0])).toBe('12');
  });

  it('come back without their private fields when there is no `to` and `from`', () => {
    const copy = roundTrip(new Decimal('12'), Decimal);

    expect(copy).toBeInstanceOf(Decimal);
    expect(() => copy.toString()).toThrow(TypeError);
  });

  it('may hold each other, in Maps and Sets too', () => {
    const value = new Map([['a', new Set([new User('1', new Date(1))])]]);

    expect(roundTrip(value, User)).toStrictEqual(value);
  });

  it('are one instance in two places, as before', () => {
    const user = new User('1', new Date(0));

    const [first, second] = roundTrip([user, user], User);

    expect(second).toBe(first);
  });

  it('are asked for their data once', () => {
    let asked = 0;
    const serializer = serializerFor({
      type: User,
      to: ({ id }: User) => (asked++, id),
      from: (id: string) => new User(id, new Date(0)),
    });

    serializer.encode([new User('1', new Date(0))]);

    expect(asked).toBe(1);
  });

  it('are refused when they contain themselves', () => {
    const node = Object.assign(new User('1', new Date(0)), { friends: [] as unknown[] });
    node.friends.push({ friend: node });

    expect(() => serializerFor(User).encode(node)).toThrow('a User that contains itself');
  });

  it('are refused when only the class above theirs is registered', () => {
    expect(() => serializerFor(User).encode(new Admin('1', new Date(0)))).toThrow('an instance of Admin');
  });

  it('are refused by a process that doesn’t know the class', () => {
    const bytes = serializerFor(User).encode(new User('1', new Date(0)));

    expect(() => serializerFor().decode(bytes)).toThrow('User, which isn’t registered'.replace('’', "'"));
  });

  it('can be read and written while another instance is', () => {
    const outer = serializerFor({
      type: User,
      to: ({ id }: User) => Buffer.from(serializerFor(decimal).encode(new Decimal(id))),
      from: (bytes: Buffer) => new User(String(serializerFor(decimal).decode(bytes)), new Date(0)),
    });

    const copy = outer.decode(outer.encode([new User('1', new Date(0)), new User('2', new Date(0))])) as User[];

    expect(copy.map(({ id }) => id)).toEqual(['1', '2']);
  });

  it('become plain objects with `plain`, and Maps and the like are still no plain objects', () => {
    const plain = msgpackSerializer(new TypeRegistry([]), true);

    expect(plain.decode(plain.encode([new Admin('1', new Date(0))]))).toStrictEqual([{ id: '1', born: new Date(0) }]);
    expect(() => plain.encode(new Dictionary([['a', 1]]))).toThrow('Dictionary');
    expect(() => plain.encode(Promise.resolve())).toThrow('Promise');
  });

  it('are found by name and not by place in the list', () => {
    const bytes = serializerFor(User, decimal).encode([new User('1', new Date(0)), new Decimal('2')]);

    const copy = serializerFor(decimal, User).decode(bytes) as [User, Decimal];

    expect(copy[0]).toBeInstanceOf(User);
    expect(copy[1]).toBeInstanceOf(Decimal);
  });
});

describe('the registry of types', () => {
  const refuses =
    (...types: unknown[]): (() => unknown) =>
    () =>
      new TypeRegistry(types as CacheableType[]);

  it('refuses two classes of one name', () => {
    const Other = { User: class User {} }.User;

    expect(refuses(User, Other)).toThrow('two classes named User: give one another `name`');
    expect(refuses(User, { type: Other, name: 'OtherUser' })).not.toThrow();
  });

  it('takes the same class twice', () => {
    expect(refuses(User, User)).not.toThrow();
  });

  it('refuses what is no class', () => {
    for (const wrong of ['User', 7, null, {}, { type: 'User' }, () => 1, undefined]) {
      expect(refuses(wrong)).toThrow('takes classes, or { type: Class, to, from }');
    }
    expect(refuses(undefined)).toThrow('circular import');
  });

  it('refuses a class without a name', () => {
    expect(refuses(class {})).toThrow('without a name');
    expect(refuses({ type: class {}, name: 'Nameless' })).not.toThrow();
  });

  it('refuses half of a way there and back', () => {
    expect(refuses({ type: User, to: String })).toThrow('`to` and `from` go together');
    expect(refuses({ type: User, from: () => new User('', new Date()) })).toThrow('`to` and `from` go together');
  });

  it('refuses a class whose contents are no fields, unless it says how they are kept', () => {
    const withWays = {
      type: Dictionary,
      to: (map: Dictionary) => [...map],
      from: (items: [string, number][]) => new Dictionary(items),
    };

    expect(refuses(Dictionary)).toThrow('Dictionary is a Map');
    expect(roundTrip(new Dictionary([['a', 1]]), withWays)).toStrictEqual(new Dictionary([['a', 1]]));
  });

  it('gives instances a place in keys', () => {
    const types = new TypeRegistry([decimal]);

    expect(keyOfArguments([new Decimal('7')], types, () => 'x')).toBe('#aTs7:Decimals1:7');
  });
});
