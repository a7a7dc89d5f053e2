import { describe, expect, it } from 'vitest';
import { ChaosHistory } from './chaos-history.js';
import { VersionedSource } from './versioned-source.js';

const BOUND_MS = 1_000;
const [READER, WRITER] = ['0.0', '1.0'];

type Returned = Parameters<ChaosHistory['note']>[1] & { readonly kind: 'returned' };

/** Row 0 was changed at 10 and invalidated from 11 on. */
function history(returned: Partial<Returned> = {}, { soft = false } = {}) {
  let time = 0;
  const source = new VersionedSource(2, () => time);
  const told = new ChaosHistory(source, { boundMs: BOUND_MS, toleranceMs: 3 });
  const old = source.versionOf(0);
  time = 10;
  const fresh = source.commit(0);
  told.note(WRITER, { kind: 'called', id: 1, what: 'tag', at: 11, rows: [0], soft });
  told.note(WRITER, { kind: 'returned', id: 1, at: 20, status: 'applied', settled: false, ...returned });
  const read = (version: number, begunAt: number, { strong = false, by = READER } = {}) => {
    const times = { begunAt, endedAt: begunAt + 1 };
    told.note(by, { kind: 'read', what: 'row', strong, seen: [0, version], ...times });
    return told.judge();
  };
  return { told, old, fresh, read };
}

describe('the checker', () => {
  it('allows an old value for as long as the bound, and remembers how old it was', () => {
    const { old, fresh, read } = history();
    read(fresh, 15);
    expect(read(old, 20 + BOUND_MS)).toMatchObject({ violations: [], largestStalenessMs: BOUND_MS, reads: 2 });
  });

  it('accuses a read that sees an old value after the bound', () => {
    const { old, read } = history();
    expect(read(old, 24 + BOUND_MS).violations).toEqual([
      expect.stringContaining('saw state 0 although state 1 was acknowledged 1004.0 ms before, 1000 are allowed'),
    ]);
  });

  it('accuses the process that invalidated from the moment its call returned', () => {
    const { old, read } = history({ status: 'queued' });
    expect(read(old, 20, { by: WRITER }).violations).toEqual([]);
    expect(read(old, 21, { by: WRITER }).violations).toEqual([
      expect.stringContaining('it had invalidated state 1 itself'),
    ]);
  });

  it('accuses a strong read from the acknowledgement on, also where the invalidation was soft', () => {
    const { old, read } = history({}, { soft: true });
    expect(read(old, 20, { strong: true }).violations).toEqual([]);
    expect(read(old, 5_000).violations).toEqual([]);
    expect(read(old, 21, { strong: true }).violations).toEqual([expect.stringContaining('state 1 was acknowledged:')]);
  });

  it('accuses any read from the moment something is settled', () => {
    const { old, read } = history({ status: 'unknown', settled: true });
    expect(read(old, 20).violations).toEqual([]);
    expect(read(old, 21).violations).toEqual([expect.stringContaining('state 1 was settled')]);
  });

  it('takes what was queued for acknowledged once its process has nothing left to deliver', () => {
    const { told, old, read } = history({ status: 'queued' });
    expect(read(old, 5_000).violations).toEqual([]);
    told.note(WRITER, { kind: 'drained', at: 30 });
    expect(read(old, 34 + BOUND_MS).violations).toHaveLength(2);
  });

  it('lets what a lost server had acknowledged count from when that was found out', () => {
    const { told, old, read } = history();
    told.losses.push({ from: 0, to: 40, foundAt: 3_000 });
    expect(read(old, 3_000 + BOUND_MS).violations).toEqual([]);
    expect(read(old, 3_004 + BOUND_MS).violations).toHaveLength(1);
  });

  it('accuses a version that the row never had', () => {
    const { fresh, told, read } = history();
    told.note(READER, { kind: 'read', what: 'row', strong: false, seen: [1, fresh], begunAt: 12, endedAt: 13 });
    expect(read(99, 12).violations).toEqual([
      expect.stringContaining(`row 1: saw version ${fresh}, which was never committed`),
      expect.stringContaining('row 0: saw version 99, which was never committed'),
    ]);
  });

  it('counts what was rejected', () => {
    const { told, fresh, read } = history();
    told.note(READER, { kind: 'rejected', what: 'row', at: 12, message: 'Error: away' });
    expect(read(fresh, 12)).toMatchObject({ errors: 1, violations: ['process 0.0: row was rejected: Error: away'] });
  });
});
