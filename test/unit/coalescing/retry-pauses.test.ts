import { describe, expect, it } from 'vitest';
import { RetryPauses } from '../../../lib/coalescing/retry-pauses.js';

describe('a retry pause', () => {
  it('is on until its end, for its key alone', () => {
    const pauses = new RetryPauses(10);
    pauses.begin('a', 1_000);

    expect([pauses.isOn('a', 0), pauses.isOn('a', 999), pauses.isOn('b', 0)]).toEqual([true, true, false]);
    expect(pauses.isOn('a', 1_000)).toBe(false);
  });

  it('is forgotten once somebody asks after its end', () => {
    const pauses = new RetryPauses(10);
    pauses.begin('a', 1_000);

    pauses.isOn('a', 1_000);

    expect(pauses.size).toBe(0);
  });

  it('ends at once when it is called off', () => {
    const pauses = new RetryPauses(10);
    pauses.begin('a', 1_000);

    pauses.end('a');

    expect(pauses.isOn('a', 0)).toBe(false);
  });

  it('is prolonged by another, and doesn’t count twice', () => {
    const pauses = new RetryPauses(10);
    pauses.begin('a', 1_000);
    pauses.begin('a', 2_000);

    expect([pauses.isOn('a', 1_500), pauses.size]).toEqual([true, 1]);
  });

  it('makes room for others, the one that was begun first going first', () => {
    const pauses = new RetryPauses(2);
    for (const key of ['a', 'b', 'a', 'c']) pauses.begin(key, 1_000);

    expect(['a', 'b', 'c'].map((key) => pauses.isOn(key, 0))).toEqual([true, false, true]);
  });

  it('is swept away when it is over', () => {
    const pauses = new RetryPauses(10);
    pauses.begin('a', 1_000);
    pauses.begin('b', 2_000);

    pauses.sweep(1_000);

    expect([pauses.size, pauses.isOn('b', 1_999)]).toEqual([1, true]);
  });
});
