import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { readEvent, writeEvent, type EventLimits, type InvalidationEvent } from '../../../lib/events/event-format.js';
import { readSigningKeys, signEvent, type SigningKeys } from '../../../lib/events/event-signature.js';
import { userTags } from '../../../lib/entry/tags.js';
import { EVENTS_DEFAULTS } from '../../../lib/events/resolve-events-options.js';
import { fuzzEvents } from '../../fuzz/fuzz-events.js';

const LIMITS: EventLimits = { maxBytes: EVENTS_DEFAULTS.maxBytes, maxTargets: EVENTS_DEFAULTS.maxTargets };
const read = (given: unknown, limits = LIMITS) => readEvent(given, limits);
const holes = (length: number): unknown[] => {
  const list: unknown[] = [];
  list.length = length;
  return list;
};
/** A list that isn't what it seems. */
const lying = (items: unknown[], length: unknown): unknown[] =>
  new Proxy(items, { get: (list, name) => (name === 'length' ? length : (Reflect.get(list, name) as unknown)) });
const iteratedAs = (items: unknown[], next: () => IteratorResult<unknown>): unknown[] =>
  Object.defineProperty(items, Symbol.iterator, { value: () => ({ next }) });
const throwing = (error: unknown): object =>
  Object.defineProperty({}, 'tags', {
    get: () => {
      throw error;
    },
  });
const ofTags = (count: number): string[] => Array.from({ length: count }, (_, tag) => `${tag}`);

const empty = {
  id: undefined,
  source: undefined,
  at: undefined,
  tags: [],
  keys: [],
  caches: [],
  all: false,
  mode: 'hard',
  signature: undefined,
};

describe('an event', () => {
  const full = {
    id: 'e1',
    source: 'accounts',
    at: 1_700_000_000_000,
    tags: ['user:7', 'a b'],
    keys: [
      ['users', '7'],
      ['pages', 7],
      ['lists', ['a', { page: 1, deep: [null, true], '': '' }]],
      ['pages', ''],
    ],
    caches: ['search'],
    all: true,
    mode: 'soft',
    signature: 'v1.a.b',
  };

  it.each([
    ['an object', full],
    ['its JSON', JSON.stringify(full)],
    ['the bytes of its JSON', Buffer.from(JSON.stringify(full))],
    ['other bytes of its JSON', new Uint8Array(Buffer.from(JSON.stringify(full)))],
    [
      'bytes of another realm, as tests in a sandbox have them',
      runInNewContext('Uint8Array.from(bytes)', { bytes: [...Buffer.from(JSON.stringify(full))] }) as unknown,
    ],
    ['the value of a message', { value: full, key: null, offset: '7' }],
    ['the bytes of a value', { value: Buffer.from(JSON.stringify(full)) }],
    ['an object without a prototype', Object.assign(Object.create(null) as object, full)],
  ])('is read from %s', (_what, given) => {
    expect(read(given)).toEqual(full);
  });

  it('is written as it is read', () => {
    const event = read(full) as InvalidationEvent;
    expect(writeEvent(event)).toEqual(full);
    expect(read(writeEvent(event))).toEqual(event);
  });

  it('is written without what says nothing', () => {
    expect(writeEvent(read(['a']) as InvalidationEvent)).toEqual({ tags: ['a'] });
  });

  it.each([
    ['a list of tags', ['user:7']],
    ['the JSON of a list of tags', '["user:7"]'],
    ['tags alone', { tags: ['user:7'] }],
    ['null for what is missing', { tags: ['user:7'], id: null, source: null, at: null, keys: null, all: null }],
    ['fields of somebody else', { tags: ['user:7'], type: 'UserUpdated', trace: { id: 1 } }],
  ])('may be no more than %s', (_what, given) => {
    expect(read(given)).toEqual({ ...empty, tags: ['user:7'] });
  });

  it('takes names of fields as they are, also those that objects have by themselves', () => {
    const event = read('{"keys":[["c",[{"__proto__":{"a":1},"constructor":2}]]]}') as InvalidationEvent;
    expect(JSON.stringify(writeEvent(event))).toBe('{"keys":[["c",[{"__proto__":{"a":1},"constructor":2}]]]}');
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });

  it('has the 0 that JSON would make of -0', () => {
    expect(read({ keys: [['c', -0]], at: -0 })).toEqual({ ...empty, keys: [['c', 0]], at: 0 });
    expect(read({ keys: [['c', [-0]]] })).toEqual({ ...empty, keys: [['c', [0]]] });
  });

  it('may have arguments nested as deep as anybody means them', () => {
    expect(read({ keys: [['c', [[[[[[[['x']]]]]]]]]] })).toMatchObject({ keys: [['c', [[[[[[[['x']]]]]]]]]] });
  });

  it.each([
    'user:7',
    ' ',
    '',
    'x'.repeat(512),
    'x'.repeat(513),
    '\ud800',
    '\udc00a',
    '*',
    '!',
    '~t:a',
    'c:users',
    'k:c:1',
  ])('may have the tags that entries may have, and no others: %j', (tag) => {
    const canBeOne = (): boolean => {
      try {
        return userTags([tag], () => 'a test').length === 1;
      } catch {
        return false;
      }
    };
    expect(read([tag])).toEqual(canBeOne() ? { ...empty, tags: [tag] } : 'malformed');
  });

  it('is taken by index from a list that gives something else when it is iterated', () => {
    const endless = iteratedAs(['a'], () => ({ done: false, value: 'b' }));
    expect(read({ tags: endless })).toEqual({ ...empty, tags: ['a'] });
    const args = iteratedAs(['a'], () => ({ done: false, value: null }));
    expect(read({ keys: [['c', args]] })).toEqual({ ...empty, keys: [['c', ['a']]] });
  });

  it('takes no field of a prototype', () => {
    expect(read(Object.assign(Object.create({ all: true, id: 'e1' }) as object, { tags: ['a'] }))).toEqual({
      ...empty,
      tags: ['a'],
    });
  });

  it('may have arguments without a prototype', () => {
    const argument = Object.assign(Object.create(null) as object, { page: 1 });
    expect(read({ keys: [['c', [argument]]] })).toEqual({ ...empty, keys: [['c', [{ page: 1 }]]] });
  });

  it('shares nothing with what was given', () => {
    const page = { page: 1 };
    const given = { tags: ['a'], keys: [['lists', ['x', page]]], caches: ['c'] };
    const event = read(given) as InvalidationEvent;
    given.tags.push('b');
    given.caches.push('d');
    page.page = 2;
    expect(event).toEqual({ ...empty, tags: ['a'], keys: [['lists', ['x', { page: 1 }]]], caches: ['c'] });
  });
});

describe('what is no event is dropped', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a number', 7],
    ['an object of somebody else', { type: 'UserUpdated', userId: 9876 }],
    ['the JSON of one', '{"type":"UserUpdated"}'],
    ['fields of a prototype', Object.create({ tags: ['a'] })],
    ['a function', () => undefined],
    ['an event of CloudEvents', { specversion: '1.0', id: 'e1', source: '/accounts', type: 'updated', data: {} }],
    ['an object of a text', new String('["a"]')],
    ['a Map', new Map([['tags', ['a']]])],
  ])('as foreign: %s', (_what, given) => {
    expect(read(given)).toBe('foreign');
  });

  const deep = (levels: number): unknown => (levels === 0 ? 'x' : [deep(levels - 1)]);
  const circular: unknown[] = [];
  circular.push(circular);

  it.each<[string, unknown]>([
    ['no target', { tags: [] }],
    ['not everything, and nothing else', { all: false }],
    ['tags that are a text', { tags: 'user:7' }],
    ['a tag that is a number', { tags: [7] }],
    ['an empty tag', { tags: [''] }],
    ['a tag of 513 characters', { tags: ['x'.repeat(513)] }],
    ['half a surrogate pair', { tags: ['\ud800'] }],
    ['a list with holes', { tags: holes(3) }],
    ['a list that says it is shorter than nothing', { tags: lying([], -5), caches: ofTags(1_004) }],
    ['a list that says nothing of its length', { tags: lying(ofTags(2_000), Number.NaN) }],
    ['a list that says it is one and a half long', { tags: lying(['a', 'b'], 1.5) }],
    ['arguments that say nothing of their length', { keys: [['c', lying(ofTags(2_000), undefined)]] }],
    ['a key without a cache', { keys: [['7']] }],
    ['a key of three', { keys: [['users', '7', '8']] }],
    ['a key that is no list', { keys: ['users:7'] }],
    ['a key of a cache that is a number', { keys: [[7, '7']] }],
    ['a key that is half a surrogate pair', { keys: [['users', '\ud800']] }],
    ['a field of an argument that is half a surrogate pair', { keys: [['users', [{ '\ud800': 1 }]]] }],
    ['a key that is an object', { keys: [['users', {}]] }],
    ['a key that is NaN', { keys: [['users', Number.NaN]] }],
    ['arguments nested too deep', { keys: [['users', deep(9)]] }],
    ['arguments in a circle', { keys: [['users', circular]] }],
    ['arguments JSON can’t say', { keys: [['users', [new Date()]]] }],
    ['a name of a cache that is empty', { caches: [''] }],
    ['everything as a text', { tags: ['a'], all: 'yes' }],
    ['another mode', { tags: ['a'], mode: 'gentle' }],
    ['an id of 201 characters', { tags: ['a'], id: 'x'.repeat(201) }],
    ['an id that is a number', { tags: ['a'], id: 7 }],
    ['a source of 201 characters', { tags: ['a'], source: 'x'.repeat(201) }],
    ['a cache of 201 characters', { caches: ['x'.repeat(201)] }],
    ['a key of a cache of 201 characters', { keys: [['x'.repeat(201), '7']] }],
    ['a time that is endless', { tags: ['a'], at: Infinity }],
    ['a signature of 501 characters', { tags: ['a'], signature: 'x'.repeat(501) }],
    ['a time that is a text', { tags: ['a'], at: '2026' }],
    ['a signature that is an object', { tags: ['a'], signature: {} }],
    ['a text that isn’t JSON', 'user:7'],
    ['an empty text', ''],
    ['bytes that aren’t UTF-8', Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d])],
    ['a value in a value in a value', { value: { value: { value: { value: { value: ['a'] } } } } }],
    ['a text in a text in a text in a text', JSON.stringify(JSON.stringify(JSON.stringify(JSON.stringify(['a']))))],
    ['a proxy in the place of bytes', { value: new Proxy(Buffer.from('["a"]'), {}), tags: [] }],
    [
      'what can’t be looked at and is thrown',
      throwing(
        new Proxy(
          {},
          {
            getPrototypeOf: () => {
              throw new Error('no');
            },
          },
        ),
      ),
    ],
    ['nothing that is thrown', throwing(undefined)],
    ['a getter that throws', Object.defineProperty({}, 'tags', { enumerable: true, get: () => JSON.parse('{') })],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          getOwnPropertyDescriptor: () => {
            throw new Error('no');
          },
        },
      ),
    ],
  ])('as malformed: %s', (_what, given) => {
    expect(read(given)).toBe('malformed');
  });

  it.each<[string, unknown]>([
    ['more tags than it may have', { tags: Array.from({ length: 1_001 }, (_, tag) => `${tag}`) }],
    [
      'more targets than it may have',
      { tags: Array.from({ length: 600 }, () => 'a'), caches: Array.from({ length: 600 }, () => 'b') },
    ],
    ['a list that says it is huge', { tags: holes(4_000_000_000) }],
    ['arguments that say they are huge', { keys: [['c', lying([], 2 ** 52)]] }],
    ['bytes that say they are few', Object.defineProperty(Buffer.alloc(70_000, 0xff), 'byteLength', { value: 5 })],
    ['bytes that aren’t UTF-8 either', Buffer.alloc(70_000, 0xff)],
    ['a tag that is much longer than the event may be', { tags: ['x'.repeat(100_000)] }],
    ['a text of more bytes than characters', JSON.stringify({ tags: ['a'], note: '€'.repeat(30_000) })],
    ['10 MB of brackets', Buffer.alloc(10_000_000, '[')],
    ['a text larger than it may be', JSON.stringify({ tags: ['a'], note: 'x'.repeat(70_000) })],
    ['a text of 10 MB that isn’t JSON', '{'.repeat(10_000_000)],
    ['bytes larger than it may be', Buffer.alloc(70_000, 0x20)],
    ['tags that are too much together', { tags: Array.from({ length: 200 }, () => 'x'.repeat(500)) }],
    ['arguments that are too much together', { keys: [['users', [Array.from({ length: 10_000 }, () => 'xxxxxxxx')]]] }],
    ['tags of more bytes than characters', { tags: Array.from({ length: 130 }, () => '€'.repeat(200)) }],
  ])('as oversized: %s', (_what, given) => {
    expect(read(given)).toBe('oversized');
  });

  it.each([
    ['a name that is long', { id: 'é'.repeat(50), source: 's', tags: ['a'] }],
    ['a tag that is escaped', { tags: ['\n"\\\u0001'] }],
    ['keys', { keys: [['c', ['a', { b: [1.5, null, true] }]]] }],
    ['many tags', { tags: ofTags(900), mode: 'soft' }],
  ])('beyond the bytes of its JSON and not before, in every form: %s', (_what, given) => {
    const text = JSON.stringify(given);
    const maxBytes = Buffer.byteLength(text);
    for (const form of [given, text, Buffer.from(text), { value: given }]) {
      expect(read(form, { ...LIMITS, maxBytes })).toMatchObject(given);
      expect(read(form, { ...LIMITS, maxBytes: maxBytes - 1 })).toBe('oversized');
    }
  });

  it('beyond its targets and not before', () => {
    const given = { tags: ['1', '2'], keys: [['c', '3']], caches: ['d'] };
    expect(read(given, { ...LIMITS, maxTargets: 4 })).toMatchObject(given);
    expect(read(given, { ...LIMITS, maxTargets: 3 })).toBe('oversized');
  });

  it('but not for a signature that was added to it', () => {
    const id = 'k'.repeat(32);
    const keys = readSigningKeys({ current: id, keys: { [id]: 'a secret of 16 or more' } }) as SigningKeys;
    const fields = { id: 'e1', at: 1, tags: ['user:7'] };
    const limits = { ...LIMITS, maxBytes: JSON.stringify(fields).length };
    const signed = writeEvent(signEvent(read(fields, limits) as InvalidationEvent, keys));
    for (const form of [signed, JSON.stringify(signed), Buffer.from(JSON.stringify(signed))]) {
      expect(read(form, limits)).toMatchObject(signed);
    }
  });

  it('before more than it may be is looked at', () => {
    let looked = 0;
    const endless: unknown = new Proxy([], {
      get: (_list, name) => {
        looked++;
        return name === 'length' ? 50 : endless;
      },
    });
    // 50 in 50 in 50 …, as deep as arguments may be
    expect(read({ keys: [['c', [endless, endless]]] })).toBe('malformed');
    const wide: unknown = new Proxy([], {
      get: (_list, name) => {
        looked++;
        return name === 'length' ? 50 : 'x'.repeat(100);
      },
    });
    expect(read({ keys: Array.from({ length: 1_000 }, () => ['c', wide]) })).toBe('oversized');
    expect(looked).toBeLessThan(1_000);
  });
});

describe('whatever is made of events by chance', () => {
  it('is read or refused, and never thrown', () => {
    const report = fuzzEvents({ runs: 20_000, seed: 7, limits: LIMITS });
    expect(report.thrown).toEqual([]);
    expect(report.broken).toEqual([]);
    // otherwise it would have tried little
    for (const end of ['read', 'malformed', 'oversized', 'foreign']) expect(report.ends[end]).toBeGreaterThan(200);
    expect(report.signed).toBeGreaterThan(200);
  });
});
