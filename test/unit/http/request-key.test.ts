import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestKey, type RequestParts } from '../../../lib/http/request-key.js';
import { anyText } from './any-text.js';

const parts: RequestParts = { method: 'GET', route: 'ShopController.find', url: '/products/7?page=2' };

describe('the key of a request', () => {
  it('can be read', () => {
    expect(requestKey(parts)).toBe('3:GET 19:ShopController.find - - /products/7?page=2');
  });

  it('of a HEAD is that of the GET', () => {
    expect(requestKey({ ...parts, method: 'HEAD' })).toBe(requestKey(parts));
  });

  it('doesn’t mind the case of a host', () => {
    expect(requestKey({ ...parts, host: 'Shop.Example' })).toBe(requestKey({ ...parts, host: 'shop.example' }));
  });

  it('leaves out parameters that make no difference', () => {
    expect(requestKey({ ...parts, url: '/products/7?utm=x&page=2' }, ['page'])).toBe(requestKey(parts, ['page']));
    expect(requestKey({ ...parts, url: '/products/7?utm=x&page=2' })).not.toBe(requestKey(parts));
  });

  it('differs by each of its parts', () => {
    const keys = [
      parts,
      { ...parts, method: 'POST' },
      { ...parts, route: 'ShopController.find2' },
      { ...parts, url: '/products/8?page=2' },
      { ...parts, host: '' },
      { ...parts, vary: '' },
      { ...parts, host: '-' },
      { ...parts, host: 'a', vary: 'b' },
      { ...parts, host: 'b', vary: 'a' },
    ].map((one) => requestKey(one));

    expect(new Set(keys).size).toBe(keys.length);
  });

  it('is injective', () => {
    const text = fc.string({ unit: fc.constantFrom('1', ':', '-', ' ', '/', '!', '0'), maxLength: 4 });
    const given = fc.option(text, { nil: undefined });
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST', ''),
      route: text,
      url: text.map((end) => `/${end.replaceAll(' ', '')}`),
      host: given,
      vary: given,
    });
    const list = (one: typeof request extends fc.Arbitrary<infer T> ? T : never): string =>
      JSON.stringify([one.method, one.route, one.url, ...[one.host, one.vary].map((x) => x ?? null)]);
    fc.assert(
      fc.property(
        request,
        request,
        fc.subarray(['method', 'route', 'url', 'host', 'vary'] as const),
        (one, two, same) => {
          // otherwise hardly two would ever be the same
          const other = { ...two, ...Object.fromEntries(same.map((name) => [name, one[name]])) };
          expect(requestKey(one) === requestKey(other)).toBe(list(one) === list(other));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('is made of anything', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, fc.array(anyText), (url, host, vary, query) => {
        expect(requestKey({ ...parts, url: `/${url}`, host, vary }, query)).toContain(parts.route);
      }),
    );
  });

  it('is as long as what it is made of', () => {
    const long = 'x'.repeat(1_000_000);

    expect(requestKey({ ...parts, url: `/${long}`, host: long, vary: long }).length).toBeLessThan(3_000_100);
  });
});
