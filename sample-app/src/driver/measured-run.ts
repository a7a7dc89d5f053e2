import { DriverProcess } from './driver-process.js';
import type { Drive, DriverOptions } from './driver.js';
import { Meter, type MeasuredShop, type UsageSample } from './meter.js';
import { breaksPromise, type Outage } from './promise.js';
import { allViews } from './views.js';
import type { LateRead } from './witness.js';

export interface RunOptions extends Omit<DriverOptions, 'urls'> {
  requests: number;
  /** Requests sent before anything is measured. */
  warmUp: number;
  /** What goes wrong meanwhile. */
  faults?: Faults | undefined;
  /** What is promised, where it isn't `breaksPromise`. */
  isBroken?: Judge | undefined;
  onProgress: (phase: 'warming up' | 'measuring', done: number) => void;
}

/** Whether the answer is older than promised. */
export type Judge = (read: LateRead, outages: readonly Outage[]) => boolean;

export interface Faults {
  /** Those that are over. */
  readonly outages: readonly Outage[];
  /** The run has come this far, 0 to 1. */
  reached(share: number): void;
  /** Resolves when all that has begun is over. */
  over(): Promise<void>;
  /** Requests go on until it is over, however many that takes. */
  readonly needsTraffic?: boolean;
}

export interface Run extends Drive {
  usage: UsageSample;
  usageSamples: readonly UsageSample[];
  outages: readonly Outage[];
  /** Answers older than promised. */
  staleReads: LateRead[];
}

/** The last requests wait until everything is over, so that they tell how the shop has come out of it. */
const LAST_SHARE = 0.2;
const SLICE = 100;

/** Drives an open shop and watches what it costs. */
export async function measureRun(shop: MeasuredShop, options: RunOptions): Promise<Run> {
  const { seed, concurrency, manners, requests, warmUp, faults, isBroken = breaksPromise, onProgress } = options;
  const driver = new DriverProcess({ urls: shop.urls, seed, concurrency, manners });
  try {
    const before = await driver.drive(warmUp, (done) => onProgress('warming up', done));

    const meter = await Meter.start(shop);
    const onMeasured = (done: number) => onProgress('measuring', done);
    const work = faults ? driveThrough(faults, driver, requests, onMeasured) : driver.drive(requests, onMeasured);
    const drive = await meter.during(work);
    const outages = faults?.outages ?? [];
    const staleReads = drive.lateReads.filter((read) => isBroken(read, outages));
    const views = allViews(before.views, drive.views);
    return { ...drive, views, usage: meter.latest, usageSamples: meter.samples, outages, staleReads };
  } finally {
    await driver.close();
  }
}

async function driveThrough(
  faults: Faults,
  driver: DriverProcess,
  requests: number,
  onProgress: (done: number) => void,
): Promise<Drive> {
  const last = Math.round(requests * LAST_SHARE);
  let meanwhile = await driver.drive(requests - last, (done) => {
    onProgress(done);
    faults.reached(done / requests);
  });
  faults.reached(1);
  if (faults.needsTraffic) meanwhile = joined(meanwhile, await driveUntil(faults.over(), driver));
  await faults.over();
  return joined(meanwhile, await driver.drive(last, (done) => onProgress(requests - last + done)));
}

/** At least so many requests, and more until it is over. */
async function driveUntil(over: Promise<void>, driver: DriverProcess): Promise<Drive> {
  const state = { isOver: false };
  const watch = async () => {
    await over.catch(() => {}); // whoever waits for it is told
    state.isOver = true;
  };
  void watch();
  let drive = await driver.drive(SLICE, () => {});
  while (!state.isOver) drive = joined(drive, await driver.drive(SLICE, () => {}));
  return drive;
}

/** Two drives as one; the time between them doesn't count. */
function joined(first: Drive, second: Drive): Drive {
  const apartMs = second.beganAt - first.beganAt;
  return {
    beganAt: first.beganAt,
    durationMs: first.durationMs + second.durationMs,
    samples: [...first.samples, ...second.samples.map((sample) => ({ ...sample, atMs: sample.atMs + apartMs }))],
    failures: [...first.failures, ...second.failures],
    lateReads: [...first.lateReads, ...second.lateReads],
    views: allViews(first.views, second.views),
  };
}
