import { mkdirSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { build } from 'esbuild';

const root = resolve(import.meta.dirname, '../../..');
const bundles = new Map<string, Promise<string>>();

/** The path of a script that a plain Node can run, made of a TypeScript file of this folder and all it imports from here. */
export function bundled(file: string): Promise<string> {
  const known = bundles.get(file);
  if (known !== undefined) return known;
  const outfile = join(root, '.tmp/processes', `${basename(file, '.ts')}-${process.pid}.mjs`);
  mkdirSync(join(root, '.tmp/processes'), { recursive: true });
  const made = build({
    entryPoints: [join(import.meta.dirname, file)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    alias: {
      'nestjs-hybrid-cache': join(root, 'lib/index.ts'),
      'nestjs-hybrid-cache/events': join(root, 'lib/events/index.ts'),
      'nestjs-hybrid-cache/metrics': join(root, 'lib/metrics/index.ts'),
    },
    logLevel: 'silent',
  }).then(() => outfile);
  bundles.set(file, made);
  process.on('exit', () => rmSync(outfile, { force: true }));
  return made;
}
