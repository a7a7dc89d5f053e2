// Real processes over real servers while everything goes wrong: --minutes N (10), --seed N, --topology T, --seconds N a run (40).
import { build } from 'esbuild';

await build({
  entryPoints: ['test/integration/chaos/cli.ts'],
  outfile: '.tmp/soak.mjs',
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
});
await import('../.tmp/soak.mjs');
