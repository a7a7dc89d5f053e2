// Writes behind while processes and Redis are killed: --runs N (200), --seed N. Says which seeds went wrong.
import { build } from 'esbuild';

await build({
  entryPoints: ['test/integration/write-behind/cli.ts'],
  outfile: '.tmp/write-behind.mjs',
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  logLevel: 'warning',
});
await import('../.tmp/write-behind.mjs');
