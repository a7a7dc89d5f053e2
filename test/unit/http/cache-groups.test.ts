import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cacheGroupInvalidation, cacheGroups } from '../../../lib/http/cache-groups.js';
import { anyText } from './any-text.js';

const names = (tags: string[]): string[] => cacheGroups(tags).value!.split(', ');

describe('the groups of a response', () => {
  it('are a list of strings', () => {
    expect(cacheGroups(['user:7', 'a b', 'say "a\\b"'])).toEqual({
      value: '"user:7", "a b", "say \\"a\\\\b\\""',
      complete: true,
    });
  });

  it('are nothing where there are none', () => {
    expect(cacheGroups([])).toEqual({ value: undefined, complete: true });
  });

  it('are there once', () => {
    expect(cacheGroups(['a', 'b', 'a'])).toEqual({ value: '"a", "b"', complete: true });
  });

  it('have names in printable ASCII', () => {
    expect(cacheGroups(['ä\r\n#%', '\ud800']).value).toBe('"%C3%A4%0D%0A%23%25", "%ED%A0%80"');
  });

  it('have names of up to 32 characters, and the hash of longer ones', () => {
    const [whole, hashed] = names(['x'.repeat(32), 'x'.repeat(33)]);

    expect(whole).toBe(`"${'x'.repeat(32)}"`);
    expect(hashed).toMatch(/^"#[\w-]{31}"$/);
    expect(names(['x'.repeat(33)])).toEqual([hashed]);
    expect(names(['x'.repeat(34)])).not.toEqual([hashed]);
  });

  it('are at most 32', () => {
    const tags = Array.from({ length: 33 }, (_, index) => `tag:${index}`);

    expect(cacheGroups(tags.slice(1)).complete).toBe(true);
    expect(names(tags)).toHaveLength(32);
    expect(cacheGroups(tags).complete).toBe(false);
  });

  it('are nobody else’s', () => {
    const text = fc.string({
      unit: fc.constantFrom('%', '2', '3', '#', ' ', '"', '\\', 'ä', 'x'.repeat(32)),
      maxLength: 4,
    });
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(cacheGroups([one]).value === cacheGroups([other]).value).toBe(one === other);
      }),
      { numRuns: 2_000 },
    );
  });

  it('end no field, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(anyText, { minLength: 1 }), (tags) => {
        expect(cacheGroups(tags).value).toMatch(/^[\x20-\x7e]+$/);
      }),
    );
  });
});

describe('the groups that are to be forgotten', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('go by the same names on %s', (method) => {
    const tags = ['user:7', 'x'.repeat(33)];

    expect(cacheGroupInvalidation(method, tags)).toEqual(cacheGroups(tags));
  });

  it.each(['GET', 'HEAD', 'OPTIONS', 'TRACE'])('aren’t listened to on %s', (method) => {
    expect(cacheGroupInvalidation(method, ['a'])).toEqual({ value: undefined, complete: false });
    expect(cacheGroupInvalidation(method, [])).toEqual({ value: undefined, complete: true });
  });
});
