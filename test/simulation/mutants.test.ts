import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bundleWith } from './bundle.js';
import { hunt } from './hunt.js';
import { mutants } from './mutants.js';
import { program } from './program.js';

const ENOUGH = 20_000;
const candidates = fc.sample(program, { numRuns: ENOUGH, seed: 1 });

describe('without the rule that', () => {
  it.each(mutants.map((mutant, index) => ({ ...mutant, index })))('$rule, histories go wrong', async (mutant) => {
    const { simulate } = await bundleWith(mutant, `mutant-${mutant.index}`);
    const { violations, runs } = await hunt(mutant, candidates, simulate);
    expect(violations, `${runs} histories without a violation`).not.toEqual([]);
  });
});
