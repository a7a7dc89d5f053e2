import 'reflect-metadata';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { CacheModuleOptions } from 'nestjs-hybrid-cache';
import { HELP, readCommandLine, type Settings } from './command-line.js';
import { EmbeddedPostgres } from './database/embedded-postgres.js';
import { seed } from './database/seed.js';
import { measureRun, type Faults, type Run } from './driver/measured-run.js';
import type { MeasuredShop } from './driver/meter.js';
import { MAX_STALENESS_MS } from './driver/promise.js';
import { RedisFaults } from './fleet/redis-faults.js';
import { RedisServer } from './fleet/redis-server.js';
import { portsFrom, ShopFleet } from './fleet/shop-fleet.js';
import { isFree } from './free-port.js';
import { ProgressLine } from './report/progress-line.js';
import { aimsOf, figuresOf } from './report/figures.js';
import { fleetAimsOf, fleetFiguresOf, fleetSentences } from './report/fleet-figures.js';
import { fleetTour } from './report/fleet-tour.js';
import { htmlReport } from './report/html-report.js';
import { textTable } from './report/table.js';
import { tour } from './report/tour.js';
import { Shop } from './shop.js';

const say = (text: string) => process.stdout.write(`${text}\n`);

async function main(settings: Settings): Promise<void> {
  const port = await choosePort(settings);
  const redis = settings.redis && !process.env['REDIS_URL'] ? await RedisServer.start() : undefined;
  const redisUrl = redis?.url ?? process.env['REDIS_URL'] ?? '';
  const postgres = process.env['DATABASE_URL'] ? undefined : await startPostgres();
  const databaseUrl = postgres?.url ?? process.env['DATABASE_URL'] ?? '';
  const open = (cache: CacheModuleOptions): Promise<Shop | ShopFleet> =>
    settings.redis ? ShopFleet.open({ databaseUrl, port, cache }) : Shop.open({ databaseUrl, port, cache });
  let shop: Shop | ShopFleet | undefined;
  try {
    shop = await open({ enabled: false });
    const without = await run('without cache', databaseUrl, shop, settings);
    await shop.close();
    shop = await open(settings.redis ? { redis: { url: redisUrl }, maxStaleness: MAX_STALENESS_MS } : {});
    const faults = redis && new RedisFaults(redis, shop);
    const cached = await run('with cache', databaseUrl, shop, settings, faults);

    await report(without, cached, settings);
    if (settings.once) return;
    say(settings.redis ? fleetTour(shop.urls, redis?.pid) : tour(shop.urls[0] ?? ''));
    await interrupted();
  } finally {
    await shop?.close();
    await redis?.kill();
    await postgres?.stop();
  }
}

async function startPostgres(): Promise<EmbeddedPostgres> {
  say('Starting an embedded Postgres …');
  return EmbeddedPostgres.start();
}

/** A taken port is no reason not to measure; only the tour needs the one that was asked for. */
async function choosePort({ once, port, redis }: Settings): Promise<number> {
  for (const wanted of port === 0 ? [] : redis ? portsFrom(port) : [port]) {
    if (await isFree(wanted)) continue;
    if (once) return 0;
    throw new Error(`Port ${wanted} is taken: free it, or choose another one with --port`);
  }
  return port;
}

async function run(
  name: string,
  databaseUrl: string,
  shop: MeasuredShop,
  settings: Settings,
  faults?: Faults,
): Promise<Run> {
  await seed(databaseUrl);
  const progress = new ProgressLine(name);
  const { seed: trafficSeed, concurrency, requests, warmUp } = settings;
  const total = { 'warming up': warmUp, measuring: requests };
  const result = await measureRun(shop, {
    seed: trafficSeed,
    concurrency,
    requests,
    warmUp,
    faults,
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
  const fleet = settings.redis ? fleetFiguresOf(cached) : undefined;
  const aims = fleet ? fleetAimsOf(figures.without, figures.cached) : aimsOf(figures.without, figures.cached);
  const notes = fleet ? fleetSentences(fleet) : [];
  const machine = `${cpus().length} cores, Node ${process.versions.node}`;
  const setting = `Seed ${seed}, ${concurrency} at a time, after ${warmUp} requests nobody counted; ${machine}.`;

  say(`\n${textTable(figures.without, figures.cached, aims, notes)}\n`);
  if (cached.staleReads.length + without.staleReads.length > 0) process.exitCode = 1;
  if (fleet && cached.failures.length + without.failures.length > 0) process.exitCode = 1;
  await write(settings.report, htmlReport({ without, cached, figures, aims, notes, setting }));
  say(`The charts are in ${resolve(settings.report)}`);
  if (json === undefined) return;
  const all = { requests, warmUp, concurrency, seed, machine, ...figures, fleet, aims };
  await write(json, `${JSON.stringify(all, null, 2)}\n`);
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
