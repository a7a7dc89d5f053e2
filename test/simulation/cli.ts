import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { program } from './program.js';
import { simulate } from './simulate.js';

const { values } = parseArgs({
  options: { runs: { type: 'string' }, seed: { type: 'string' }, path: { type: 'string' } },
});
const runs = Number(values.runs ?? 100_000);
const seed = Number(values.seed ?? Date.now() % 0x7fffffff);
if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) {
  throw new Error('--runs and --seed take whole numbers');
}

let done = 0;
let reads = 0;
let steps = 0;
const begun = performance.now();
const details = await fc.check(
  fc.asyncProperty(program, async (candidate) => {
    const report = await simulate(candidate);
    reads += report.reads;
    steps += report.steps;
    if (++done % 5_000 === 0) process.stdout.write(`${done} histories, ${reads} reads\n`);
    if (report.violations.length > 0) throw new Error(report.violations.join('\n'));
  }),
  { numRuns: runs, seed, ...(values.path === undefined ? {} : { path: values.path }) },
);
const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
process.stdout.write(`${done} histories, ${reads} reads, ${steps} steps in ${seconds} s, seed ${seed}\n`);
if (details.failed) {
  process.stdout.write(`${String(details.errorInstance)}\n${JSON.stringify(details.counterexample, undefined, 1)}\n`);
  process.stdout.write(`replay: npm run simulate -- --seed ${details.seed} --path ${details.counterexamplePath}\n`);
}
process.exitCode = details.failed ? 1 : 0;
