import { describe, expect, it } from 'vitest';
import { freshnessOf, type Freshness, type FreshnessOptions } from '../../../lib/policy/freshness.js';

const entry = { asOf: 1_000, staleAt: 2_000, graceUntil: 4_000 };
const bounded: FreshnessOptions = {
  strong: false,
  graceRevalidateMs: 500,
  graceErrorMs: 1_500,
  answersForMs: Infinity,
  maxAgeMs: Infinity,
};
const strong: FreshnessOptions = { ...bounded, strong: true };

type Row = [now: number, fresh: Freshness, soft: Freshness];

/** At which moment, and what becomes of an entry that the journal calls fresh, or softly invalidated. */
const BOUNDED: readonly Row[] = [
  [1_000, 'fresh', 'revalidate'],
  [1_999, 'fresh', 'revalidate'],
  [2_000, 'revalidate', 'revalidate'],
  [2_499, 'revalidate', 'revalidate'],
  [2_500, 'fallback', 'fallback'],
  [3_499, 'fallback', 'fallback'],
  [3_500, 'dead', 'dead'],
  [9_999, 'dead', 'dead'],
];

describe('freshnessOf', () => {
  it.each(BOUNDED)('at %i is %s, softly invalidated %s', (now, fresh, soft) => {
    expect(freshnessOf(entry, 'fresh', now, bounded)).toBe(fresh);
    expect(freshnessOf(entry, 'soft', now, bounded)).toBe(soft);
  });

  it('gives a strong read nothing but the fresh', () => {
    expect(freshnessOf(entry, 'fresh', 1_999, strong)).toBe('fresh');
    expect(freshnessOf(entry, 'fresh', 2_000, strong)).toBe('dead');
    expect(freshnessOf(entry, 'soft', 1_500, strong)).toBe('dead');
  });

  it('has no use for what was invalidated, whenever that was', () => {
    for (const now of [0, 1_000, 1_999, 2_000, 2_600]) {
      expect(freshnessOf(entry, 'dead', now, bounded)).toBe('dead');
      expect(freshnessOf(entry, 'dead', now, strong)).toBe('dead');
    }
  });

  it('gives nothing out that is older than allowed, counted from when it was true', () => {
    const cutOff = { ...bounded, maxAgeMs: 700 };

    expect(freshnessOf(entry, 'fresh', 1_699, cutOff)).toBe('fresh');
    expect(freshnessOf(entry, 'fresh', 1_700, cutOff)).toBe('dead');
    expect(freshnessOf(entry, 'soft', 1_700, cutOff)).toBe('dead');
    expect(freshnessOf({ ...entry, asOf: 2_000 }, 'fresh', 2_100, cutOff)).toBe('revalidate');
  });

  it('never prolongs the grace an entry was stored with', () => {
    const generous = { ...bounded, graceRevalidateMs: 10_000, graceErrorMs: 10_000 };

    expect(freshnessOf(entry, 'fresh', 3_999, generous)).toBe('revalidate');
    expect(freshnessOf(entry, 'fresh', 4_000, generous)).toBe('dead');
  });

  it('without grace is dead the moment it expires', () => {
    const none = { ...bounded, graceRevalidateMs: 0, graceErrorMs: 0 };

    expect(freshnessOf(entry, 'fresh', 1_999, none)).toBe('fresh');
    expect(freshnessOf(entry, 'fresh', 2_000, none)).toBe('dead');
    expect(freshnessOf(entry, 'soft', 1_999, none)).toBe('revalidate');
  });
});
