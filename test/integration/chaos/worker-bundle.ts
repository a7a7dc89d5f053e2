import type { Mutant } from '../../simulation/mutants.js';
import { bundleWithMutant } from '../../support/mutant-bundle.js';

/** The path of the script of the forked processes; with a mutant, one rule of the library is broken in it. */
export const bundleWorker = (name: string, mutant?: Mutant): Promise<string> =>
  bundleWithMutant('test/integration/chaos/worker.process.ts', `.tmp/chaos/${name}.mjs`, mutant);
