import fc from 'fast-check';

const weights = {
  append: 12,
  sync: 16,
  advance: 4,
  setClockBack: 2,
  addForeign: 2,
  deleteRecord: 1,
  deleteJournal: 1,
  deleteClock: 1,
  replaceByText: 0.3,
  setFormat: 0.3,
  keepCopies: 1,
  restoreCopies: 1,
  flushAll: 0.3,
  readBack: 2,
  readAfter: 2,
  get: 2,
  getMany: 1,
  set: 2,
  unlink: 1,
  expire: 1,
  acquire: 3,
  acquireMany: 3,
  release: 2,
  renew: 2,
};

export type Operation = keyof typeof weights;

/** What happens next, and the chance it needs: numbers to choose by. */
export interface Drawn {
  readonly operation: Operation;
  readonly who: number;
  readonly chances: readonly number[];
}

const operations = Object.entries(weights) as [Operation, number][];
const drawn = fc.record({
  operation: fc.oneof(
    ...operations.map(([operation, weight]) => ({ weight: weight * 10, arbitrary: fc.constant(operation) })),
  ),
  who: fc.nat(2),
  chances: fc.array(fc.nat(9_999), { minLength: 5, maxLength: 5 }),
});

/** Some twenty operations. */
export const sequences: fc.Arbitrary<readonly Drawn[]> = fc.array(drawn, { minLength: 1, maxLength: 40, size: 'max' });
