import { describe, expect, it } from 'vitest';
import { CacheKeyError } from '../../../lib/cache.errors.js';
import {
  ANY_RECORD,
  cacheTag,
  EVERYTHING,
  keyTag,
  readableTag,
  softTag,
  userTag,
  userTags,
} from '../../../lib/entry/tags.js';

describe('tags', () => {
  it('of one kind are never tags of another', () => {
    const names = ['a', 'a:b', '*', '!', '~a', 'c:a', 'k:a:b', 't:a'];
    const tags = [
      EVERYTHING,
      ANY_RECORD,
      ...names.map(userTag),
      ...names.map((name) => keyTag('a', name)),
      ...['a', 'b'].map(cacheTag),
    ];

    expect(new Set([...tags, ...tags.map(softTag)]).size).toBe(2 * tags.length);
  });

  it('of keys differ by cache and key', () => {
    expect(keyTag('a', 'b:c')).not.toBe(keyTag('a.b', 'c'));
  });

  it('are told in words', () => {
    expect(
      [EVERYTHING, ANY_RECORD, cacheTag('users'), keyTag('users', 'a:b'), softTag(userTag('x:y'))].map(readableTag),
    ).toEqual(['everything', 'any invalidation', 'cache users', 'key a:b of cache users', 'tag x:y (soft)']);
  });
});

describe('the tags a user gives', () => {
  const describeIt = (): string => 'UserService.findOne';

  it('keep their case, spaces and signs', () => {
    expect(userTags(['User:7', ' a b ', 'ä', '*'], describeIt)).toEqual(['t:User:7', 't: a b ', 't:ä', 't:*']);
  });

  it.each([
    ['empty', [''], 'a text of 0 characters'],
    ['too long', ['x'.repeat(513)], 'a text of 513 characters'],
    ['a number', ['ok', 7], 'one is number'],
    ['undefined', [undefined], 'one is undefined'],
    ['half a surrogate pair', ['a\ud800'], 'not all whole'],
  ])('are refused when one is %s', (_what, tags, message) => {
    expect(() => userTags(tags, describeIt)).toThrow(CacheKeyError);
    expect(() => userTags(tags, describeIt)).toThrow(message);
    expect(() => userTags(tags, describeIt)).toThrow('UserService.findOne');
  });

  it.each([
    ['a text', 'user:7'],
    ['nothing', undefined],
    ['null', null],
    ['a Set', new Set(['a'])],
  ])('are refused when they are %s and no list', (_what, tags) => {
    expect(() => userTags(tags, describeIt)).toThrow('tags have to be a list of texts');
  });
});
