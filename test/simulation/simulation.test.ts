import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { program } from './program.js';
import { simulate } from './simulate.js';

const RUNS = 3_000;

describe('the engine, in one process', () => {
  it(`keeps its promises in ${RUNS} random histories`, async () => {
    let reads = 0;
    await fc.assert(
      fc.asyncProperty(program, async (candidate) => {
        const report = await simulate(candidate);
        reads += report.reads;
        expect(report.violations).toEqual([]);
      }),
      { numRuns: RUNS, seed: 20_261_120 },
    );
    expect(reads).toBeGreaterThan(RUNS); // histories without reads would prove nothing
  });

  it('replays a history to the last step', async () => {
    for (const candidate of fc.sample(program, { numRuns: 50, seed: 7 })) {
      expect(await simulate(candidate)).toEqual(await simulate(candidate));
    }
  });
});
