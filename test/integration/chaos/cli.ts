import { parseArgs } from 'node:util';
import { runChaos } from './chaos.js';
import { chaosMutants } from './chaos-mutants.js';
import { TOPOLOGIES, type ChaosReport, type ChaosRun } from './chaos-run.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seed: { type: 'string' },
    topology: { type: 'string' },
    seconds: { type: 'string' },
    without: { type: 'string' },
  },
});
const minutes = Number(values.minutes ?? 10);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const seconds = Number(values.seconds ?? 40);
const topologies = TOPOLOGIES.filter((each) => values.topology === undefined || each === values.topology);
if (!(minutes > 0) || !(seconds > 0) || !Number.isSafeInteger(seed) || topologies.length === 0) {
  throw new Error(`--minutes and --seconds take numbers, --seed a whole number, --topology ${TOPOLOGIES.join(', ')}`);
}

// to see that the checker finds something: the library without one of its rules
const mutant = chaosMutants.find(({ rule }) => values.without !== undefined && rule.includes(values.without));
if (values.without !== undefined && mutant === undefined) throw new Error(`no rule is called ${values.without}`);

const runOf = (number: number): ChaosRun => ({
  seed: seed + number,
  topology: topologies[number % topologies.length]!,
  flavour: Math.floor(number / topologies.length) % 2 === 0 ? 'redis' : 'valkey',
  seconds,
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ');

interface Totals {
  runs: number;
  reads: number;
  readsWhileAway: number;
  errors: number;
  violations: number;
  /** Of the bound that the run had, at worst. */
  staleness: number;
  healedAfterMs: number;
  readonly operations: Record<string, number>;
  readonly faults: Record<string, number>;
}

const totals: Totals = {
  runs: 0,
  reads: 0,
  readsWhileAway: 0,
  errors: 0,
  violations: 0,
  staleness: 0,
  healedAfterMs: 0,
  operations: {},
  faults: {},
};

function add(report: ChaosReport): void {
  totals.runs++;
  totals.reads += report.reads;
  totals.readsWhileAway += report.readsWhileAway;
  totals.errors += report.errors;
  totals.violations += report.violations.length;
  totals.staleness = Math.max(totals.staleness, report.largestStalenessMs / report.maxStalenessMs);
  totals.healedAfterMs = Math.max(totals.healedAfterMs, report.healedAfterMs);
  for (const kind of ['operations', 'faults'] as const) {
    for (const [name, count] of Object.entries(report[kind])) totals[kind][name] = (totals[kind][name] ?? 0) + count;
  }
}

function summary(): string {
  const { runs, reads, readsWhileAway, errors, violations, staleness, healedAfterMs } = totals;
  return (
    `${runs} runs, ${reads} reads, ${readsWhileAway} of them while Redis was away, ${errors} errors, ` +
    `${violations} violations; oldest answer ${(100 * staleness).toFixed(0)} % of the bound, ` +
    `healed after ${(healedAfterMs / 1_000).toFixed(1)} s at most`
  );
}

function describe({ topology, flavour, seed }: ChaosRun, report: ChaosReport): string {
  const { reads, largestStalenessMs, maxStalenessMs, healedAfterMs } = report;
  return (
    `${topology} ${flavour} seed ${seed}: ${reads} reads, ${largestStalenessMs.toFixed(0)} of ${maxStalenessMs} ms stale, ` +
    `healed after ${(healedAfterMs / 1_000).toFixed(1)} s; ${listed(report.faults)}`
  );
}

const begun = performance.now();
const everyMinute = setInterval(
  () => say(`— ${((performance.now() - begun) / 60_000).toFixed(0)} min: ${summary()}`),
  60_000,
);
for (let number = 0; performance.now() - begun < minutes * 60_000; number++) {
  const run = runOf(number);
  const report = await runChaos(run, mutant);
  add(report);
  say(describe(run, report));
  for (const violation of report.violations.slice(0, 20)) say(`  VIOLATION ${violation}`);
  if (report.violations.length > 0) {
    for (const fault of report.timeline) say(`  ${fault}`);
    say(`  again: npm run soak -- --topology ${run.topology} --seed ${run.seed} --minutes 0.1 --seconds ${seconds}`);
  }
}
clearInterval(everyMinute);
say(summary());
say(`operations: ${listed(totals.operations)}`);
say(`faults: ${listed(totals.faults)}`);
process.exitCode = totals.violations > 0 ? 1 : 0;
