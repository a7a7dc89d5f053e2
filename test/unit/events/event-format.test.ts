import { describe, expect, it } from 'vitest';
import { readEvent, writeEvent, type EventLimits, type InvalidationEvent } from '../../../lib/events/event-format.js';
import { EVENTS_DEFAULTS } from '../../../lib/events/resolve-events-options.js';
import { fuzzEvents } from '../../fuzz/fuzz-events.js';

const LIMITS: EventLimits = { maxBytes: EVENTS_DEFAULTS.maxBytes, maxTargets: EVENTS_DEFAULTS.maxTargets };
const read = (given: unknown, limits = LIMITS) => readEvent(given, limits);
const holes = (length: number): unknown[] => {
  const list: unknown[] = [];
  list.length = length;
  return list;
};
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
      ['lists', ['a', { page: 1, deep: [null, true] }]],
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
    ['a key without a cache', { keys: [['7']] }],
    ['a key that is an object', { keys: [['users', {}]] }],
    ['a key that is NaN', { keys: [['users', Number.NaN]] }],
    ['arguments nested too deep', { keys: [['users', deep(20)]] }],
    ['arguments in a circle', { keys: [['users', circular]] }],
    ['arguments JSON can’t say', { keys: [['users', [new Date()]]] }],
    ['a name of a cache that is empty', { caches: [''] }],
    ['everything as a text', { all: 'yes' }],
    ['another mode', { tags: ['a'], mode: 'gentle' }],
    ['an id of 201 characters', { tags: ['a'], id: 'x'.repeat(201) }],
    ['a time that is a text', { tags: ['a'], at: '2026' }],
    ['a signature that is an object', { tags: ['a'], signature: {} }],
    ['a text that isn’t JSON', 'user:7'],
    ['an empty text', ''],
    ['bytes that aren’t UTF-8', Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d])],
    ['a value in a value in a value', { value: { value: { value: { value: { value: ['a'] } } } } }],
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
    ['a text larger than it may be', JSON.stringify({ tags: ['a'], note: 'x'.repeat(70_000) })],
    ['a text of 10 MB that isn’t JSON', '{'.repeat(10_000_000)],
    ['bytes larger than it may be', Buffer.alloc(70_000, 0x20)],
    ['tags that are too much together', { tags: Array.from({ length: 200 }, () => 'x'.repeat(500)) }],
    ['arguments that are too much together', { keys: [['users', [Array.from({ length: 10_000 }, () => 'xxxxxxxx')]]] }],
    ['tags of more bytes than characters', { tags: Array.from({ length: 130 }, () => '€'.repeat(200)) }],
  ])('as oversized: %s', (_what, given) => {
    expect(read(given)).toBe('oversized');
  });

  it('up to its limits and not beyond', () => {
    const limits = { maxBytes: 10, maxTargets: 2 };
    expect(read({ tags: ['12345', '67890'] }, limits)).toMatchObject({ tags: ['12345', '67890'] });
    expect(read({ tags: ['12345', '678901'] }, limits)).toBe('oversized');
    expect(read({ tags: ['1', '2', '3'] }, limits)).toBe('oversized');
  });
});

describe('whatever is made of events by chance', () => {
  it('is read or refused, and never thrown', () => {
    const report = fuzzEvents({ runs: 20_000, seed: 7, limits: LIMITS });
    expect(report.thrown).toEqual([]);
    expect(report.broken).toEqual([]);
    // otherwise it would have tried little
    for (const end of ['read', 'malformed', 'oversized', 'foreign']) expect(report.ends[end]).toBeGreaterThan(200);
  });
});
