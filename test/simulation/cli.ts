import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { fleetProgram } from './fleet/fleet-program.js';
import { simulateFleet } from './fleet/fleet.js';
import { program } from './program.js';
import { simulate } from './simulate.js';

/** What can be simulated: one process by itself, or several over one Redis. */
const worlds = {
  process: { arbitrary: program as fc.Arbitrary<unknown>, run: simulate as (candidate: unknown) => Promise<Report> },
  fleet: {
    arbitrary: fleetProgram as fc.Arbitrary<unknown>,
    run: simulateFleet as (candidate: unknown) => Promise<Report>,
  },
};

interface Report {
  readonly violations: readonly string[];
  readonly reads: number;
  readonly steps: number;
  readonly largestStalenessMs?: number;
}

const { values } = parseArgs({
  options: {
    world: { type: 'string', default: 'fleet' },
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string' },
    path: { type: 'string' },
  },
});
const runs = Number(values.runs);
const seed = Number(values.seed ?? Date.now() % 0x7fffffff);
if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) {
  throw new Error('--runs and --seed take whole numbers');
}
if (!Object.hasOwn(worlds, values.world)) throw new Error(`--world takes ${Object.keys(worlds).join(' or ')}`);
const world = worlds[values.world as keyof typeof worlds];

let done = 0;
const total = { reads: 0, steps: 0, largestStalenessMs: 0 };
const begun = performance.now();
const details = await fc.check(
  fc.asyncProperty(world.arbitrary, async (candidate) => {
    const report = await world.run(candidate);
    total.reads += report.reads;
    total.steps += report.steps;
    total.largestStalenessMs = Math.max(total.largestStalenessMs, report.largestStalenessMs ?? 0);
    if (++done % 1_000 === 0) process.stdout.write(`${done} histories, ${total.reads} reads\n`);
    if (report.violations.length > 0) throw new Error(report.violations.join('\n'));
  }),
  { numRuns: runs, seed, ...(values.path === undefined ? {} : { path: values.path }) },
);
const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
const staleness = total.largestStalenessMs.toFixed(0);
process.stdout.write(
  `${done} histories of the ${values.world}, ${total.reads} reads, ${total.steps} steps in ${seconds} s, seed ${seed}; ` +
    `the oldest answer from another process’s past was ${staleness} ms old\n`,
);
if (details.failed) {
  process.stdout.write(`${String(details.errorInstance)}\n${JSON.stringify(details.counterexample, undefined, 1)}\n`);
  const replay = `--world ${values.world} --seed ${details.seed} --path ${details.counterexamplePath}`;
  process.stdout.write(`replay: npm run simulate -- ${replay}\n`);
}
process.exitCode = details.failed ? 1 : 0;
