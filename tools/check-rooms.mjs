// Holds the import rules of .dependency-cruiser.cjs, and that they were held over the whole of lib/: a cruise that
// finds no module passes every rule.
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';

const { forbidden, options } = createRequire(import.meta.url)('../.dependency-cruiser.cjs');
const { output } = await cruise(['lib'], { ...options, validate: true, ruleSet: { forbidden } }, undefined, {
  tsConfig: extractTSConfig('tsconfig.json'),
});
const cruised = output.modules.filter(({ source }) => source.startsWith('lib/')).length;
for (const { rule, from, to, cycle } of output.summary.violations) {
  const path = cycle === undefined ? to : cycle.map(({ name }) => name).join(' → ');
  process.stderr.write(`${rule.name}: ${from} → ${path}\n`);
}
const present = readdirSync('lib', { recursive: true }).filter((file) => file.endsWith('.ts')).length;
process.stdout.write(`rooms: ${cruised} modules, ${output.summary.violations.length} violations\n`);
if (cruised < present) process.stderr.write(`only ${cruised} of ${present} files in lib/ were looked at\n`);
process.exitCode = output.summary.violations.length > 0 || cruised < present || cruised === 0 ? 1 : 0;
