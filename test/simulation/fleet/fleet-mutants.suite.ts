import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bundleWith } from '../bundle.js';
import { fleetMutants } from './fleet-mutants.js';
import { fleetProgram } from './fleet-program.js';
import type { simulateFleet } from './fleet.js';

const ENOUGH = 2_000;
const candidates = fc.sample(fleetProgram, { numRuns: ENOUGH, seed: 1 });

/** Half of the mutants: a file of tests runs on one core. */
export function mutantsOf(half: 0 | 1): void {
  describe('between processes, without the rule that', () => {
    const all = fleetMutants.map((mutant, index) => ({ ...mutant, index }));
    it.each(all.filter(({ index }) => index % 2 === half))('$rule, histories go wrong', async (mutant) => {
      const { simulateFleet: simulate } = await bundleWith<{ simulateFleet: typeof simulateFleet }>(
        mutant,
        `fleet-mutant-${mutant.index}`,
        'test/simulation/fleet/fleet.ts',
      );
      let runs = 0;
      let violations: readonly string[] = [];
      for (const candidate of candidates) {
        runs++;
        ({ violations } = await simulate(candidate));
        if (violations.length > 0) break;
      }
      if (process.env['SHOW_KILLS'] !== undefined)
        process.stdout.write(`${runs} runs: ${mutant.rule}: ${violations[0]}\n`);
      expect(violations, `${runs} histories without a violation`).not.toEqual([]);
    });
  });
}
