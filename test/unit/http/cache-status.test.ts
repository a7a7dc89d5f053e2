import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendCacheStatus, cacheStatus, type CacheStatusParts } from '../../../lib/http/cache-status.js';
import { anyText } from './any-text.js';

const NAME = 'shop';

describe('our part of Cache-Status', () => {
  it.each<[string, Omit<CacheStatusParts, 'name'>, string]>([
    ['a hit in memory', { outcome: 'l1', ttlMs: 376_000 }, 'shop; hit; ttl=376; detail=memory'],
    ['a hit in Redis', { outcome: 'l2', ttlMs: 1_999 }, 'shop; hit; ttl=1; detail=shared'],
    ['a stale hit', { outcome: 'stale', ttlMs: -412_000 }, 'shop; hit; ttl=-412'],
    ['a hit that expired just now', { outcome: 'stale', ttlMs: -1 }, 'shop; hit; ttl=-1'],
    ['a load', { outcome: 'loaded' }, 'shop; fwd=miss'],
    ['a load that was stored', { outcome: 'loaded', stored: true, ttlMs: 9_000 }, 'shop; fwd=miss; ttl=9; stored'],
    ['a load that wasn’t', { outcome: 'loaded', stored: false }, 'shop; fwd=miss; stored=?0'],
    ['a load for a reason', { outcome: 'loaded', fwd: 'request' }, 'shop; fwd=request'],
    ['a load somebody else had begun', { outcome: 'joined', stored: true }, 'shop; fwd=miss; stored; collapsed'],
    ['going past it', { outcome: 'bypass', detail: 'range' }, 'shop; fwd=bypass; detail=range'],
    ['going past it whatever else is said', { outcome: 'bypass', fwd: 'stale' }, 'shop; fwd=bypass'],
    ['a hit, which isn’t stored', { outcome: 'stale', stored: true, fwd: 'stale' }, 'shop; hit'],
    ['a detail in words', { outcome: 'l1', detail: 'set-cookie, no' }, 'shop; hit; detail="set-cookie, no"'],
  ])('is %s', (_what, parts, expected) => {
    expect(cacheStatus({ name: NAME, ...parts })).toBe(expected);
  });

  it('has the name as a string where it is no token', () => {
    expect(cacheStatus({ name: 'My Shop', outcome: 'stale' })).toBe('"My Shop"; hit');
  });

  it('has nothing in it that could end the field', () => {
    fc.assert(
      fc.property(anyText, anyText, fc.double(), (name, detail, ttlMs) => {
        expect(cacheStatus({ name, detail, ttlMs, outcome: 'l1' })).toMatch(/^[\x20-\x7e]+$/);
      }),
    );
  });

  it.each([
    [undefined, 'shop; hit'],
    ['', 'shop; hit'],
    [' ', 'shop; hit'],
    ['origin; hit', 'origin; hit, shop; hit'],
  ])('comes behind %j', (field, expected) => {
    expect(appendCacheStatus(field, 'shop; hit')).toBe(expected);
  });
});
