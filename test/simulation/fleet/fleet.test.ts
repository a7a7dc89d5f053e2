import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fleetProgram } from './fleet-program.js';
import { simulateFleet } from './fleet.js';

const RUNS = 1_000;

describe('several processes over one Redis', () => {
  it(`keep their promises in ${RUNS} random histories`, async () => {
    let reads = 0;
    let largestStalenessMs = 0;
    await fc.assert(
      fc.asyncProperty(fleetProgram, async (candidate) => {
        const report = await simulateFleet(candidate);
        reads += report.reads;
        largestStalenessMs = Math.max(largestStalenessMs, report.largestStalenessMs);
        expect(report.violations).toEqual([]);
      }),
      { numRuns: RUNS, seed: 20_261_120 },
    );
    // histories in which nobody reads, or nothing is ever old, would prove nothing
    expect(reads).toBeGreaterThan(10 * RUNS);
    expect(largestStalenessMs).toBeGreaterThan(0);
  });

  it('replay to the last step', async () => {
    for (const candidate of fc.sample(fleetProgram, { numRuns: 20, seed: 7 })) {
      expect(await simulateFleet(candidate)).toEqual(await simulateFleet(candidate));
    }
  });
});
