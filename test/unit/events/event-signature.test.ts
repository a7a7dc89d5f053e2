import { describe, expect, it } from 'vitest';
import { readEvent, writeEvent, type InvalidationEvent } from '../../../lib/events/event-format.js';
import { readSigningKeys, signEvent, verifyEvent, type SigningKeys } from '../../../lib/events/event-signature.js';
import type { EventSecret } from '../../../lib/events/events-options.interface.js';

const LIMITS = { maxBytes: 65_536, maxTargets: 1_000 };
const NOW = 1_700_000_000_000;
const DAY = 86_400_000;
const keysOf = (secret: EventSecret): SigningKeys => {
  const keys = readSigningKeys(secret);
  if (typeof keys === 'string') throw new Error(keys);
  return keys;
};
const keys = keysOf({ current: 'b', keys: { a: 'the old secret of us', b: 'the new secret of us' } });
const event = (fields: object = {}): InvalidationEvent =>
  readEvent({ id: 'e1', source: 'shop', at: NOW, tags: ['user:7', 'größe €'], ...fields }, LIMITS) as InvalidationEvent;
const verify = (given: InvalidationEvent, now = NOW) => verifyEvent(given, keys, now, DAY);

describe('a signed event', () => {
  it('is right, also after its way as JSON', () => {
    const sent = JSON.stringify(writeEvent(signEvent(event(), keys)));
    expect(verify(readEvent(sent, LIMITS) as InvalidationEvent)).toBeUndefined();
  });

  // made with hmac and json of Python 3.11: json.dumps(['v1', …], separators=(',', ':'), ensure_ascii=False)
  it.each([
    [event(), 'v1.b.WfH_o7XmB3EOyjtgeJT-f3k434gJ5AvMrZQMT7j1_pM'],
    [
      event({
        keys: [
          ['users', '7'],
          ['pages', ['a', 1]],
        ],
        caches: ['c'],
        all: true,
        mode: 'soft',
      }),
      'v1.b.ZOMDTZ7oZqpUkw8ARgUR0I2i98tsHKZdmL04_C1xlqg',
    ],
    [event({ source: undefined, tags: ['\n"\\\u0001'] }), 'v1.b.Snkm6wS4UaPmeXPpov21cTHt3HtaPZH_kZqXiy874W0'],
  ])('has the signature another language gives it (%#)', (given, signature) => {
    expect(signEvent(given, keys).signature).toBe(signature);
  });

  it.each<[string, object]>([
    ['id', { id: 'e2' }],
    ['source', { source: 'other' }],
    ['time', { at: NOW + 1 }],
    ['tags', { tags: ['user:8', 'größe €'] }],
    ['keys', { keys: [['users', '7']] }],
    ['caches', { caches: ['users'] }],
    ['everything', { all: true }],
    ['mode', { mode: 'soft' }],
  ])('is forged when its %s was changed', (_what, change) => {
    const { signature } = signEvent(event(), keys);
    expect(verify({ ...event(change), signature })).toBe('forged');
  });

  it('may have the padding that other languages give base64url', () => {
    const { signature } = signEvent(event(), keys);
    expect(verify({ ...event(), signature: `${signature}=` })).toBeUndefined();
    expect(verify({ ...event(), signature: `${signature}==` })).toBe('forged');
  });

  it('may be signed with any of the keys', () => {
    const { keys: all } = keys;
    expect(verify(signEvent(event(), { current: 'a', keys: all }))).toBeUndefined();
  });

  it.each([
    [
      'a key that isn’t known',
      signEvent(event(), keysOf({ current: 'c', keys: { c: 'somebody else’s secret' } })).signature,
    ],
    [
      'another secret under the same id',
      signEvent(event(), keysOf({ current: 'b', keys: { b: 'somebody else’s secret' } })).signature,
    ],
    ['another version', signEvent(event(), keys).signature!.replace('v1', 'v2')],
    ['half a digest', signEvent(event(), keys).signature!.slice(0, 30)],
    ['no digest', 'v1.b.'],
    ['two digests', `${signEvent(event(), keys).signature}.x`],
    ['a line behind it', `${signEvent(event(), keys).signature}\n`],
    ['anything', 'x'],
    ['a key named like a field of objects', signEvent(event(), keys).signature!.replace('.b.', '.constructor.')],
  ])('is forged with %s', (_what, signature) => {
    expect(verify({ ...event(), signature })).toBe('forged');
  });

  it.each([
    ['has no signature', event()],
    ['has no id', signEvent(event({ id: undefined }), keys)],
    ['has no time', signEvent(event({ at: undefined }), keys)],
  ])('counts as unsigned when it %s', (_what, given) => {
    expect(verify(given)).toBe('unsigned');
  });

  it('expires, and isn’t good before its time either', () => {
    const signed = signEvent(event(), keys);
    expect(verify(signed, NOW + DAY)).toBeUndefined();
    expect(verify(signed, NOW + DAY + 1)).toBe('expired');
    expect(verify(signed, NOW - DAY)).toBeUndefined();
    expect(verify(signed, NOW - DAY - 1)).toBe('expired');
  });
});

describe('secrets', () => {
  it('may be one text', () => {
    const one = keysOf('a secret of 16 or more');
    expect(verifyEvent(signEvent(event(), one), one, NOW, DAY)).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['too short', 'fifteen letters'],
    ['blank', ' '.repeat(20)],
    ['a list of keys', { current: '0', keys: ['long enough, this one is'] }],
    [
      'an id of 33 letters',
      { current: 'a', keys: { a: 'long enough, this one is', ['b'.repeat(33)]: 'long enough, too' } },
    ],
    ['a number', 7],
    ['null', null],
    ['an object without keys', { current: 'a' }],
    ['keys of which one is too short', { current: 'a', keys: { a: 'long enough, this one is', b: 'not' } }],
    ['an id with a dot', { current: 'a.b', keys: { 'a.b': 'long enough, this one is' } }],
    ['a current one that isn’t there', { current: 'b', keys: { a: 'long enough, this one is' } }],
    ['a current one that every object has', { current: 'toString', keys: { a: 'long enough, this one is' } }],
  ])('are refused without being repeated when they are %s', (_what, secret) => {
    const problem = readSigningKeys(secret as EventSecret);
    expect(problem).toMatch(/takes a text of at least 16 characters/);
    expect(problem).not.toContain('long enough');
  });
});
