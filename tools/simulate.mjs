// Runs the simulation outside the test runner: --runs N (100,000), --seed N, --path P to replay a failure.
import { build } from 'esbuild';

await build({
  entryPoints: ['test/simulation/cli.ts'],
  outfile: '.tmp/simulate.mjs',
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
});
await import('../.tmp/simulate.mjs');
