import { pathToFileURL } from 'node:url';
import { bundleWithMutant } from '../support/mutant-bundle.js';
import type { Mutant } from './mutants.js';
import type { simulate } from './simulate.js';

/** A simulation over the production code, and the twins of its scripts, with one change in the text. */
export async function bundleWith<Module = { simulate: typeof simulate }>(
  mutant: Mutant,
  name: string,
  entry = 'test/simulation/simulate.ts',
): Promise<Module> {
  const made = await bundleWithMutant(entry, `.tmp/mutants/${name}.mjs`, mutant);
  return (await import(pathToFileURL(made).href)) as Module;
}
