import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { build } from 'esbuild';

// not by the place of this file: a soak carries it in a bundle
const root = resolve(process.cwd());

/** One rule of the production code, or of a twin of its scripts, and how to break it. */
export interface Mutant {
  readonly rule: string;
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

/**
 * Makes a script that a plain Node can run of a TypeScript file and everything it imports from here, with one change in
 * the text, if any.
 * @param entry from the root of the repository; @param outfile likewise
 */
export async function bundleWithMutant(entry: string, outfile: string, mutant?: Mutant): Promise<string> {
  const made = join(root, outfile);
  mkdirSync(dirname(made), { recursive: true });
  let patched = 0;
  await build({
    entryPoints: [join(root, entry)],
    outfile: made,
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
  return made;
}
