import { mkdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { Mutant } from './mutants.js';
import type { simulate } from './simulate.js';

const root = resolve(import.meta.dirname, '../..');

/** A simulation over the production code, and the twins of its scripts, with one change in the text. */
export async function bundleWith<Module = { simulate: typeof simulate }>(
  mutant: Mutant,
  name: string,
  entry = 'test/simulation/simulate.ts',
): Promise<Module> {
  const outfile = join(root, '.tmp/mutants', `${name}.mjs`);
  mkdirSync(join(root, '.tmp/mutants'), { recursive: true });
  let patched = 0;
  await build({
    entryPoints: [join(root, entry)],
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
          bundler.onLoad({ filter: /[\\/](lib|test[\\/]simulation[\\/]redis)[\\/].*\.ts$/ }, ({ path }) => {
            const source = readFileSync(path, 'utf8');
            if (relative(root, path).split(sep).join('/') !== mutant.file) return { contents: source, loader: 'ts' };
            patched = source.split(mutant.find).length - 1;
            return { contents: source.replace(mutant.find, () => mutant.replace), loader: 'ts' };
          });
        },
      },
    ],
  });
  if (patched !== 1) throw new Error(`${mutant.file} holds the text of “${mutant.rule}” ${patched} times, not once`);
  return (await import(pathToFileURL(outfile).href)) as Module;
}
