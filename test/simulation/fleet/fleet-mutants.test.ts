import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bundleWith } from '../bundle.js';
import { hunt } from '../hunt.js';
import { fleetMutants } from './fleet-mutants.js';
import { fleetProgram } from './fleet-program.js';
import type { simulateFleet } from './fleet.js';

const ENOUGH = 2_000;
const candidates = fc.sample(fleetProgram, { numRuns: ENOUGH, seed: 1 });

describe('between processes, without the rule that', () => {
  it.each(fleetMutants.map((mutant, index) => ({ ...mutant, index })))('$rule, histories go wrong', async (mutant) => {
    const { simulateFleet: simulate } = await bundleWith<{ simulateFleet: typeof simulateFleet }>(
      mutant,
      `fleet-mutant-${mutant.index}`,
      'test/simulation/fleet/fleet.ts',
    );
    const { violations, runs } = await hunt(mutant, candidates, simulate);
    expect(violations, `${runs} histories without a violation`).not.toEqual([]);
  });
});
