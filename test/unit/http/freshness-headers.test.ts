import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { responseDirectives } from '../../../lib/http/cache-control.js';
import { freshnessHeaders, type FreshnessHeaderOptions } from '../../../lib/http/freshness-headers.js';

const NOW = 1_800_000_000_000;

/** Ten seconds old, fifty left, ten more of grace. */
const entry = { asOf: NOW - 10_000, staleAt: NOW + 50_000, graceUntil: NOW + 60_000 };

const headers = (options: Partial<FreshnessHeaderOptions>, of = entry) =>
  freshnessHeaders(of, { public: false, scoped: false, ...options }, NOW);

describe('what caches are told of an entry', () => {
  it.each<[string, Partial<FreshnessHeaderOptions>, string]>([
    ['nothing by itself', {}, 'max-age=0, must-revalidate'],
    ['nothing without a lifetime', { staleIfErrorMs: 60_000, immutable: true }, 'max-age=0, must-revalidate'],
    ['the lifetime and the age', { maxAgeMs: 20_000 }, 'max-age=30, must-revalidate'],
    ['no more than is left', { maxAgeMs: 90_000 }, 'max-age=60, must-revalidate'],
    ['a lifetime for shared caches', { sMaxAgeMs: 20_000 }, 'max-age=0, s-maxage=30, must-revalidate'],
    ['both', { maxAgeMs: 5_000, sMaxAgeMs: 20_000 }, 'max-age=15, s-maxage=30, must-revalidate'],
    ['whole seconds only', { maxAgeMs: 5_999 }, 'max-age=15, must-revalidate'],
    ['no lifetime of less than a second', { maxAgeMs: 999 }, 'max-age=0, must-revalidate'],
    ['that it is public', { public: true, maxAgeMs: 1_000 }, 'public, max-age=11, must-revalidate'],
    ['that it won’t change', { maxAgeMs: 1_000, immutable: true }, 'max-age=11, immutable, must-revalidate'],
    [
      'that it may be stale',
      { maxAgeMs: 1_000, staleWhileRevalidateMs: 2_000 },
      'max-age=11, stale-while-revalidate=2',
    ],
    ['that it may be stale in need', { maxAgeMs: 1_000, staleIfErrorMs: 2_000 }, 'max-age=11, stale-if-error=2'],
    ['no more staleness than grace', { maxAgeMs: 90_000, staleIfErrorMs: 90_000 }, 'max-age=60, stale-if-error=10'],
    ['that it is private', { scoped: true, maxAgeMs: 1_000 }, 'private, max-age=11, must-revalidate'],
    [
      'that it is private and nothing else',
      { scoped: true, public: true, sMaxAgeMs: 9_000 },
      'private, max-age=0, must-revalidate',
    ],
    [
      'that it is private where it couldn’t be purged',
      { edge: 'forbidden', public: true, maxAgeMs: 1_000, sMaxAgeMs: 9_000 },
      'private, max-age=11, must-revalidate',
    ],
  ])('is %s', (_what, options, expected) => {
    expect(headers(options)['cache-control']).toBe(expected);
  });

  it('is no lifetime once it has expired', () => {
    const expired = { asOf: NOW - 10_000, staleAt: NOW, graceUntil: NOW + 5_000 };

    expect(headers({ maxAgeMs: 9_000, sMaxAgeMs: 9_000, immutable: true }, expired)['cache-control']).toBe(
      'max-age=0, s-maxage=0, must-revalidate',
    );
  });

  it('counts the staleness of an expired one from now', () => {
    const expired = { asOf: NOW - 10_000, staleAt: NOW, graceUntil: NOW + 5_000 };

    expect(headers({ maxAgeMs: 9_000, staleWhileRevalidateMs: 9_000 }, expired)['cache-control']).toBe(
      'max-age=10, stale-while-revalidate=5',
    );
  });

  it('is the age in whole seconds, never a negative one', () => {
    expect(headers({}).age).toBe('10');
    expect(headers({}, { ...entry, asOf: NOW - 1_999 }).age).toBe('1');
    expect(headers({}, { ...entry, asOf: NOW + 5_000 }).age).toBe('0');
  });

  it('is no longer a life for an entry of a node whose clock is ahead', () => {
    expect(headers({ maxAgeMs: 90_000 }, { ...entry, asOf: NOW + 5_000 })['cache-control']).toBe(
      'max-age=45, must-revalidate',
    );
  });

  it('is lifetimes from now on for caches that don’t know of ages', () => {
    expect(headers({ maxAgeMs: 90_000, sendAge: false })).toEqual({ 'cache-control': 'max-age=50, must-revalidate' });
  });
});

describe('what a CDN is told of an entry', () => {
  it('is nothing by itself', () => {
    expect(headers({ maxAgeMs: 1_000 })).not.toHaveProperty('cdn-cache-control');
  });

  it.each<[string, FreshnessHeaderOptions['edge'] & object, string]>([
    ['a lifetime of its own', { maxAgeMs: 20_000 }, 'max-age=30, must-revalidate'],
    ['no more than is left', { maxAgeMs: 90_000 }, 'max-age=60, must-revalidate'],
    [
      'that it may be stale',
      { maxAgeMs: 20_000, staleWhileRevalidateMs: 3_000, staleIfErrorMs: 4_000 },
      'max-age=30, stale-while-revalidate=3, stale-if-error=4',
    ],
  ])('is %s', (_what, edge, expected) => {
    expect(headers({ edge, maxAgeMs: 1_000 })).toMatchObject({
      'cache-control': 'max-age=11, must-revalidate',
      'cdn-cache-control': expected,
    });
  });

  it('is nothing of what is somebody’s own', () => {
    expect(headers({ edge: { maxAgeMs: 20_000 }, scoped: true })).not.toHaveProperty('cdn-cache-control');
  });

  it('is to keep its hands off what it couldn’t be made to forget', () => {
    expect(headers({ edge: 'forbidden' })['cdn-cache-control']).toBe('no-store');
  });
});

describe('a cache that was told', () => {
  const ms = fc.oneof(fc.nat(100_000), fc.nat(3));
  const options = fc.record(
    {
      maxAgeMs: ms,
      sMaxAgeMs: ms,
      staleWhileRevalidateMs: ms,
      staleIfErrorMs: ms,
      sendAge: fc.boolean(),
      edge: fc.record({ maxAgeMs: ms }, { requiredKeys: ['maxAgeMs'] }),
    },
    { requiredKeys: [] },
  );

  it('never answers with an entry that has expired, nor with a stale one after its grace', () => {
    let answered = 0;
    fc.assert(
      fc.property(options, ms, ms, ms, ms, (given, oldMs, leftMs, graceMs, delayMs) => {
        const one = { asOf: NOW - oldMs, staleAt: NOW + leftMs, graceUntil: NOW + leftMs + graceMs };
        const told = headers(given, one);
        // https://www.rfc-editor.org/rfc/rfc9111#section-4.2.3, with clocks that agree
        const initialAgeMs = Number(told.age ?? 0) * 1_000 + delayMs;
        for (const field of [told['cache-control'], told['cdn-cache-control'] ?? '']) {
          const { maxAgeMs = 0, sMaxAgeMs = 0 } = responseDirectives({ 'cache-control': field });
          for (const lifetimeMs of [maxAgeMs, sMaxAgeMs]) {
            const freshUntil = NOW + delayMs + lifetimeMs - initialAgeMs;
            if (freshUntil > NOW + delayMs) answered++;
            expect(freshUntil <= one.staleAt || freshUntil <= NOW).toBe(true);
            for (const [, staleS] of field.matchAll(/stale-[a-z-]+=(\d+)/g)) {
              expect(freshUntil + Number(staleS) * 1_000).toBeLessThanOrEqual(one.graceUntil);
            }
          }
        }
      }),
      { numRuns: 1_000 },
    );
    expect(answered).toBeGreaterThan(200);
  });
});
