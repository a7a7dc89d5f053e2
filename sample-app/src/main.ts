import 'reflect-metadata';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import { HELP, readCommandLine, type Settings } from './command-line.js';
import { EmbeddedPostgres } from './database/embedded-postgres.js';
import { seed } from './database/seed.js';
import { measureRun, type Run } from './driver/measured-run.js';
import { isFree } from './free-port.js';
import { ProgressLine } from './report/progress-line.js';
import { aimsOf, figuresOf } from './report/figures.js';
import { htmlReport } from './report/html-report.js';
import { textTable } from './report/table.js';
import { tour } from './report/tour.js';
import { Shop } from './shop.js';

const say = (text: string) => process.stdout.write(`${text}\n`);

async function main(settings: Settings): Promise<void> {
  const port = await choosePort(settings);
  const postgres = process.env['DATABASE_URL'] ? undefined : await startPostgres();
  const databaseUrl = process.env['DATABASE_URL'] ?? postgres?.url ?? '';
  let shop: Shop | undefined;
  try {
    shop = await Shop.open({ databaseUrl, port, cache: { enabled: false } });
    const without = await run('without cache', databaseUrl, shop, settings);
    await shop.close();
    shop = await Shop.open({ databaseUrl, port });
    const cached = await run('with cache', databaseUrl, shop, settings);

    await report(without, cached, settings);
    if (settings.once) return;
    say(tour(shop.url));
    await interrupted();
  } finally {
    await shop?.close();
    await postgres?.stop();
  }
}

async function startPostgres(): Promise<EmbeddedPostgres> {
  say('Starting an embedded Postgres …');
  return EmbeddedPostgres.start();
}

/** A taken port is no reason not to measure; only the tour needs the one that was asked for. */
async function choosePort({ once, port }: Settings): Promise<number> {
  if (port === 0 || (await isFree(port))) return port;
  if (once) return 0;
  throw new Error(`Port ${port} is taken: free it, or choose another one with --port`);
}

async function run(name: string, databaseUrl: string, shop: Shop, settings: Settings): Promise<Run> {
  await seed(databaseUrl);
  const progress = new ProgressLine(name);
  const { seed: trafficSeed, concurrency, requests, warmUp } = settings;
  const total = { 'warming up': warmUp, measuring: requests };
  const result = await measureRun(shop, {
    seed: trafficSeed,
    concurrency,
    requests,
    warmUp,
    onProgress: (phase, done) => progress.show(phase, done, total[phase]),
  });
  progress.end(`${result.samples.length} requests in ${(result.durationMs / 1000).toFixed(1)} s`);
  for (const failure of result.failures.slice(0, 5)) say(`  failed: ${failure}`);
  for (const { subject, acknowledged, answered } of result.staleReads.slice(0, 5)) {
    say(`  stale: ${subject} was answered in version ${answered} after ${acknowledged} had been acknowledged`);
  }
  return result;
}

async function report(without: Run, cached: Run, settings: Settings): Promise<void> {
  const { requests, warmUp, concurrency, seed, json } = settings;
  const figures = { without: figuresOf(without), cached: figuresOf(cached) };
  const aims = aimsOf(figures.without, figures.cached);
  const machine = `${cpus().length} cores, Node ${process.versions.node}`;
  const setting = `Seed ${seed}, ${concurrency} at a time, after ${warmUp} requests nobody counted; ${machine}.`;

  say(`\n${textTable(figures.without, figures.cached, aims)}\n`);
  if (cached.staleReads.length + without.staleReads.length > 0) process.exitCode = 1;
  await write(settings.report, htmlReport({ without, cached, figures, aims, setting }));
  say(`The charts are in ${resolve(settings.report)}`);
  if (json === undefined) return;
  await write(json, `${JSON.stringify({ requests, warmUp, concurrency, seed, machine, ...figures, aims }, null, 2)}\n`);
}

async function write(file: string, content: string): Promise<void> {
  await mkdir(dirname(resolve(file)), { recursive: true });
  await writeFile(file, content);
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}

try {
  const settings = readCommandLine(process.argv.slice(2));
  if (settings.help) say(HELP);
  else await main(settings);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
