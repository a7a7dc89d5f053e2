import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bundleWith } from './bundle.js';
import { mutants } from './mutants.js';
import { program } from './program.js';

const ENOUGH = 20_000;
const candidates = fc.sample(program, { numRuns: ENOUGH, seed: 1 });

describe('without the rule that', () => {
  it.each(mutants.map((mutant, index) => ({ ...mutant, index })))('$rule, histories go wrong', async (mutant) => {
    const { simulate } = await bundleWith(mutant, `mutant-${mutant.index}`);
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
