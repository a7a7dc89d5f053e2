import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bundleWith } from '../bundle.js';
import { fleetProgram } from './fleet-program.js';
import { simulateFleet } from './fleet.js';
import { regressions } from './regressions.js';

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

  describe.each(regressions)('in the history that taught them: $mutant.rule,', ({ mutant, program }) => {
    it('keep their promises', async () => {
      expect((await simulateFleet(program)).violations).toEqual([]);
    });

    it('break one without that', async () => {
      const { simulateFleet: simulate } = await bundleWith<{ simulateFleet: typeof simulateFleet }>(
        mutant,
        'fleet-regression',
        'test/simulation/fleet/fleet.ts',
      );
      expect((await simulate(program)).violations).not.toEqual([]);
    });
  });

  it('replay to the last step', async () => {
    for (const candidate of fc.sample(fleetProgram, { numRuns: 20, seed: 7 })) {
      expect(await simulateFleet(candidate)).toEqual(await simulateFleet(candidate));
    }
  });
});
