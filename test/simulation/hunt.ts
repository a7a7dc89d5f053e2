import type { Mutant } from './mutants.js';

interface Verdict {
  readonly violations: readonly string[];
}

/** What the first history says that goes wrong without a rule, and how many it took to find it. */
export async function hunt<Program>(
  { rule, killedBy = 1 }: Pick<Mutant, 'rule' | 'killedBy'>,
  candidates: readonly Program[],
  simulate: (program: Program) => Promise<Verdict>,
): Promise<{ violations: readonly string[]; runs: number }> {
  const likely = candidates.slice(killedBy - 1, killedBy);
  let runs = 0;
  for (const candidate of [...likely, ...candidates]) {
    runs++;
    const { violations } = await simulate(candidate);
    if (violations.length === 0) continue;
    // what `killedBy` is to be, when it has become slow
    if (process.env['SHOW_KILLS'] !== undefined)
      process.stdout.write(`${runs === 1 ? killedBy : runs - 1} runs: ${rule}: ${violations[0]}\n`);
    return { violations, runs };
  }
  return { violations: [], runs };
}
