import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startNatsServer, startRedisServer } from './servers.mjs';

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));
const LONGEST_MS = 300_000;

/** Runs one variant in a process of its own. @returns its figures */
function fork(scenario, variant, { quick }, env) {
  const [node, ...nodeArguments] = variant.command ?? [process.execPath];
  const parameters = [...nodeArguments, WORKER, scenario.name, variant.id, quick ? 'quick' : 'full'];
  return new Promise((resolve) => {
    execFile(node, parameters, { timeout: LONGEST_MS, maxBuffer: 1e7, env }, (error, stdout, stderr) => {
      if (error !== null) return resolve({ failed: stderr.trim() || error.message });
      resolve(JSON.parse(stdout.trimEnd().split('\n').at(-1)));
    });
  });
}

/** A B C A B C …: a disturbance that lasts a while hits all variants and not one. */
export async function runRounds(scenario, options, progress) {
  const runs = new Map(scenario.variants.map(({ id }) => [id, []]));
  const rounds = options.rounds ?? (options.quick ? 1 : scenario.rounds);
  const env = { ...process.env };
  const servers = [];
  try {
    if (scenario.needsRedis === true) {
      servers.push(await startRedisServer());
      env.BENCH_REDIS_PORT = servers.at(-1).port;
    }
    if (scenario.needsNats === true) {
      servers.push(await startNatsServer());
      env.BENCH_NATS_PORT = servers.at(-1).port;
    }
    for (let round = 0; round < rounds; round++) {
      for (const variant of scenario.variants) {
        progress(`${scenario.name}: round ${round + 1} of ${rounds}: ${variant.id}`);
        runs.get(variant.id).push(await fork(scenario, variant, options, env));
      }
    }
  } finally {
    for (const server of servers) await server.stop();
  }
  return Object.fromEntries(scenario.variants.map(({ id, label }) => [id, { label, ...summarize(runs.get(id)) }]));
}

/** Least, middle and largest of every figure over the rounds. */
function summarize(runs) {
  const failed = runs.find((run) => run.failed !== undefined);
  if (failed !== undefined) return { failed: failed.failed };
  const figures = {};
  for (const name of Object.keys(runs[0])) {
    const values = runs.map((run) => run[name]);
    if (typeof values[0] !== 'number') figures[name] = values[0];
    else {
      values.sort((a, b) => a - b);
      figures[name] = { min: values[0], median: values[Math.floor(values.length / 2)], max: values.at(-1) };
    }
  }
  return { figures };
}
