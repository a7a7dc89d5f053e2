import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { Settings } from './command-line.js';
import { countedViews } from './database/counted-views.js';
import { EmbeddedPostgres } from './database/embedded-postgres.js';
import { seed } from './database/seed.js';
import { measureRun, type Faults, type Run } from './driver/measured-run.js';
import { checkViews, type ViewsCheck } from './driver/views.js';
import { figuresOf, viewsAim, type Figures } from './report/figures.js';
import { htmlReport } from './report/html-report.js';
import { ProgressLine } from './report/progress-line.js';
import { textTable } from './report/table.js';
import type { Compared, CountedRun, OpenShop, Setup, Verdict } from './setup.js';

export const say = (text: string) => process.stdout.write(`${text}\n`);

/** Runs the shop without and with the cache, says what that cost, and leaves it open for whoever wants to look. */
export async function compare(setup: Setup, settings: Settings): Promise<void> {
  let postgres: EmbeddedPostgres | undefined;
  let shop: OpenShop | undefined;
  try {
    if (!process.env['DATABASE_URL']) postgres = await startPostgres();
    const databaseUrl = postgres?.url ?? process.env['DATABASE_URL'] ?? '';
    const drive = async (name: string, driven: OpenShop, faults?: Faults): Promise<CountedRun> => {
      const driving = await run(name, driven, { setup, settings, faults });
      return { ...driving, viewsCheck: await countViews(driven, databaseUrl, driving) };
    };
    await seed(databaseUrl);
    shop = await setup.open(databaseUrl, false);
    const without = await drive('without cache', shop);
    await shop.close();
    await seed(databaseUrl); // before the shop is opened, which warms its cache
    shop = await setup.open(databaseUrl, true);
    const cached = await drive('with cache', shop, setup.faultsOf?.(shop));

    const figures = { without: figuresOf(without), cached: figuresOf(cached) };
    const judged = await setup.judge({ without, cached }, figures, shop);
    const views = { without: without.viewsCheck, cached: cached.viewsCheck };
    const aims = [...judged.aims, viewsAim(views.without, views.cached)];
    const verdict = { ...judged, aims, more: { ...judged.more, views } };
    if (aims.some(({ promised, reached }) => promised && !reached)) process.exitCode = 1;
    await publish({ without, cached }, figures, verdict, settings);
    if (settings.once) return;
    say(setup.tour(shop));
    await interrupted();
  } finally {
    await shop?.close();
    await setup.close?.();
    await postgres?.stop();
  }
}

async function startPostgres(): Promise<EmbeddedPostgres> {
  say('Starting an embedded Postgres …');
  return EmbeddedPostgres.start();
}

interface Driven {
  setup: Setup;
  settings: Settings;
  faults: Faults | undefined;
}

async function run(name: string, shop: OpenShop, { setup, settings, faults }: Driven): Promise<Run> {
  const { manners, isBroken } = setup;
  const { seed: trafficSeed, concurrency, requests, warmUp } = settings;
  const progress = new ProgressLine(name);
  const total = { 'warming up': warmUp, measuring: requests };
  const onProgress = (phase: keyof typeof total, done: number) => progress.show(phase, done, total[phase]);
  const traffic = { seed: trafficSeed, concurrency, requests, warmUp };
  const result = await measureRun(shop, { ...traffic, manners, isBroken, faults, onProgress });
  progress.end(`${result.samples.length} requests in ${(result.durationMs / 1000).toFixed(1)} s`);
  if (!manners?.mayBeAway) for (const { what } of result.failures.slice(0, 5)) say(`  failed: ${what}`);
  for (const { subject, acknowledged, answered } of result.staleReads.slice(0, 5)) {
    say(`  stale: ${subject} was answered in version ${answered} after ${acknowledged} had been acknowledged`);
  }
  return result;
}

/** What the driver was shown, and what the database has counted when everything is written. */
async function countViews({ urls }: OpenShop, databaseUrl: string, { views }: Run): Promise<ViewsCheck> {
  for (const url of urls) {
    const { status } = await fetch(new URL('/views/flush', url), { method: 'POST' });
    if (status >= 300) say(`  not all views could be written: ${url} answered ${status}`);
  }
  const check = checkViews(views, await countedViews(databaseUrl));
  for (const each of check.wrong.slice(0, 5)) say(`  miscounted: ${each}`);
  return check;
}

/** Says it, draws it, and writes it. */
async function publish(
  runs: Compared<Run>,
  figures: Compared<Figures>,
  { aims, notes, more }: Verdict,
  settings: Settings,
): Promise<void> {
  const { requests, warmUp, concurrency, seed: trafficSeed, json } = settings;
  const machine = `${cpus().length} cores, Node ${process.versions.node}`;
  const setting = `Seed ${trafficSeed}, ${concurrency} at a time, after ${warmUp} requests nobody counted; ${machine}.`;

  say(`\n${textTable(figures.without, figures.cached, aims, notes)}\n`);
  await write(settings.report, htmlReport({ ...runs, figures, aims, notes, setting }));
  say(`The charts are in ${resolve(settings.report)}`);
  if (json === undefined) return;
  const all = { requests, warmUp, concurrency, seed: trafficSeed, machine, ...figures, ...more, aims };
  await write(json, `${JSON.stringify(all, null, 2)}\n`);
}

async function write(file: string, content: string): Promise<void> {
  await mkdir(dirname(resolve(file)), { recursive: true });
  await writeFile(file, content);
}

function interrupted(): Promise<void> {
  return new Promise((done) => {
    process.once('SIGINT', done);
    process.once('SIGTERM', done);
  });
}
