import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machine, versions } from './harness/machine.mjs';
import { readOptions, USAGE, UsageError } from './harness/options.mjs';
import { aimsOf, printScenario } from './harness/report.mjs';
import { runRounds } from './harness/rounds.mjs';
import { isInstalled } from './harness/servers.mjs';
import { scenarios } from './scenarios/index.mjs';

const print = (line) => process.stdout.write(`${line}\n`);
const isTerminal = process.stderr.isTTY === true;
const progress = (line) => isTerminal && process.stderr.write(`\x1b[2K\r${line}`);

function save(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
  print(`  figures in ${file}`);
}

async function main(options) {
  if (options.package !== undefined) process.env.BENCH_PACKAGE = options.package;
  const report = { machine: machine(), versions: versions(), quick: options.quick, scenarios: {} };
  print(
    `${report.machine.cpu}, ${report.machine.cores} cores, Node ${report.machine.node}, load ${report.machine.loadAverage}`,
  );
  let failed = false;
  for (const scenario of scenarios.filter(({ name }) => options.only.includes(name))) {
    if (scenario.needsNats === true && !isInstalled('nats-server')) {
      print(`\n${scenario.title}\n  left out: nats-server is not on the PATH`);
      continue;
    }
    const results = await runRounds(scenario, options, progress);
    if (isTerminal) progress('');
    const aims = aimsOf(scenario, results);
    printScenario(scenario, results, aims, print);
    failed ||= Object.values(results).some((result) => result.failed !== undefined);
    const rounds = options.rounds ?? (options.quick ? 1 : scenario.rounds);
    report.scenarios[scenario.name] = { title: scenario.title, figures: scenario.figures, rounds, results, aims };
    if (options.json === undefined && !options.quick && options.package === undefined) {
      const { machine: on, versions: using } = report;
      const file = fileURLToPath(new URL(`results/${scenario.name}.json`, import.meta.url));
      save(file, {
        machine: { ...on, loadAverage: machine().loadAverage },
        versions: using,
        ...report.scenarios[scenario.name],
      });
    }
  }
  if (options.json !== undefined) save(options.json, report);
  // a missed aim is a figure to publish; a variant that didn't run is a fault
  process.exitCode = failed ? 1 : 0;
}

try {
  const options = readOptions(
    process.argv.slice(2),
    scenarios.map(({ name }) => name),
  );
  if (options.help) print(USAGE);
  else await main(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n\n${USAGE}\n`);
  process.exitCode = 2;
}
