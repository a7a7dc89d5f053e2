// Random and mutated events through the reader: --runs N (1,000,000), --seed N.
import { build } from 'esbuild';

await build({
  entryPoints: ['test/fuzz/cli.ts'],
  outfile: '.tmp/fuzz-events.mjs',
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
});
await import('../.tmp/fuzz-events.mjs');
