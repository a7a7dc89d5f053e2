// Builds dist/esm and dist/cjs with their types. `--esm` builds the first alone, which is all the sample needs.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';

const formats = process.argv.includes('--esm') ? ['esm'] : ['esm', 'cjs'];
for (const format of formats) {
  rmSync(`dist/${format}`, { recursive: true, force: true });
  const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', `tsconfig.${format}.json`], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
  mkdirSync(`dist/${format}`, { recursive: true });
  const type = format === 'esm' ? 'module' : 'commonjs';
  writeFileSync(`dist/${format}/package.json`, `${JSON.stringify({ type })}\n`);
}
// npm does so where it installs the package; here it is run from where it lies
chmodSync('dist/esm/cli/bin.js', 0o755);
