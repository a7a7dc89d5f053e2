import { mkdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { build } from 'esbuild';
import type { Mutant } from '../../simulation/mutants.js';

const root = resolve(process.cwd());

/** The path of the script of the forked processes; with a mutant, one rule of the library is broken in it. */
export async function bundleWorker(name: string, mutant?: Mutant): Promise<string> {
  const outfile = join(root, '.tmp/chaos', `${name}.mjs`);
  mkdirSync(join(root, '.tmp/chaos'), { recursive: true });
  let patched = 0;
  await build({
    entryPoints: [join(root, 'test/integration/chaos/worker.process.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'silent',
    plugins: [
      {
        name: 'mutant',
        setup: (bundler) => {
          bundler.onLoad({ filter: /[\\/]lib[\\/].*\.ts$/ }, ({ path }) => {
            const source = readFileSync(path, 'utf8');
            if (relative(root, path).split(sep).join('/') !== mutant?.file) return { contents: source, loader: 'ts' };
            patched = source.split(mutant.find).length - 1;
            return { contents: source.replace(mutant.find, () => mutant.replace), loader: 'ts' };
          });
        },
      },
    ],
  });
  if (mutant !== undefined && patched !== 1) {
    throw new Error(`${mutant.file} holds the text of “${mutant.rule}” ${patched} times, not once`);
  }
  return outfile;
}
