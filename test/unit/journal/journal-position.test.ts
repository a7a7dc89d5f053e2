import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idOf, isLaterEpoch, positionOf, timeOf } from '../../../lib/journal/journal-position.js';

/** Until the year 2248. */
const position = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

describe('a position', () => {
  it('is the id of a stream as a number, exactly', () => {
    fc.assert(
      fc.property(position, (one) => {
        expect(positionOf(idOf(one))).toBe(one);
        expect(idOf(one)).toMatch(/^\d+-\d+$/);
      }),
    );
  });

  it('orders as ids do: by number, not by letter', () => {
    expect(positionOf('5-9')).toBeLessThan(positionOf('5-10'));
    expect(positionOf('9-0')).toBeLessThan(positionOf('10-0'));
    fc.assert(
      fc.property(fc.nat(), fc.nat(1_023), fc.nat(), fc.nat(1_023), (ms, sequence, otherMs, otherSequence) => {
        const difference = positionOf(`${ms}-${sequence}`) - positionOf(`${otherMs}-${otherSequence}`);
        expect(Math.sign(difference)).toBe(Math.sign(ms - otherMs || sequence - otherSequence));
      }),
    );
  });

  it('of an id that only others write is never beyond the next millisecond’s', () => {
    expect(positionOf('5-99999')).toBe(positionOf('5-1023'));
    expect(positionOf('5-99999')).toBeLessThan(positionOf('6-0'));
    expect(positionOf('5')).toBe(positionOf('5-0'));
  });

  it('tells when it was given', () => {
    expect(timeOf(positionOf('1767225600000-1023'))).toBe(1_767_225_600_000);
  });
});

describe('an epoch', () => {
  it('is later when it begins at a later position, compared as a number', () => {
    expect(isLaterEpoch('10.a', '9.z')).toBe(true);
    expect(isLaterEpoch('9.z', '10.a')).toBe(false);
  });

  it('isn’t later than itself, and of two different ones exactly one is', () => {
    const epoch = fc.tuple(fc.nat(20), fc.string({ minLength: 1 })).map(([begin, nonce]) => `${begin}.${nonce}`);
    fc.assert(
      fc.property(epoch, epoch, (one, other) => {
        const later = [isLaterEpoch(one, other), isLaterEpoch(other, one)].filter(Boolean);
        expect(later).toHaveLength(one === other ? 0 : 1);
      }),
    );
  });

  it('is later than none', () => {
    expect([isLaterEpoch('1.a', ''), isLaterEpoch('', '1.a')]).toEqual([true, false]);
  });
});
