import { setTimeout as pause } from 'node:timers/promises';
import type { CacheModuleOptions } from '../../../lib/options/cache-options.interface.js';
import type { Mutant } from '../../simulation/mutants.js';
import { seededRandom } from '../../support/seeded-random.js';
import { startArena } from './arenas.js';
import { ChaosHistory } from './chaos-history.js';
import { monotonicMs, type ChaosReport, type ChaosRun } from './chaos-run.js';
import { FaultSchedule } from './fault-schedule.js';
import { describeServers, type Arena } from './server-faults.js';
import { VersionedSource } from './versioned-source.js';
import { WriteWatch } from './write-watch.js';
import { bundleWorker } from './worker-bundle.js';
import { ROWS, type WorkerSettings } from './worker-messages.js';
import { WorkerPool } from './worker-pool.js';

const NAMESPACE = 'chaos';
const READERS = 6;
const WRITERS = 2;
/** Readers count whole milliseconds, at both ends of the bound. */
const TOLERANCE_MS = 3;
const HEALS_WITHIN_MS = 6_000;
/** Added to the bound before the last reads. */
const MARGIN_MS = 100;

/**
 * Lets real processes use real servers while everything goes wrong, and judges what their readers saw.
 * @param mutant breaks a rule of the library on purpose
 */
export async function runChaos(run: ChaosRun, mutant?: Mutant): Promise<ChaosReport> {
  const [script, arena] = await Promise.all([
    bundleWorker(`worker-${process.pid}`, mutant),
    startArena(run, NAMESPACE),
  ]);
  try {
    return await runIn(arena, run, script);
  } finally {
    await arena.stop();
  }
}

async function runIn(arena: Arena, run: ChaosRun, script: string): Promise<ChaosReport> {
  const random = seededRandom(run.seed);
  const options = optionsOf(run, arena, random);
  const maxStalenessMs = Number(options.maxStaleness);
  const source = new VersionedSource(ROWS);
  const history = new ChaosHistory(source, { boundMs: maxStalenessMs, toleranceMs: TOLERANCE_MS });
  const settings = (index: number, life: number): WorkerSettings => ({
    seed: run.seed * 1_000 + index * 100 + life,
    options,
    readers: READERS,
    writers: WRITERS,
  });
  const pool = new WorkerPool({ script, source, history, settings });
  const schedule = new FaultSchedule({ arena, pool, history, random, maxStalenessMs });
  try {
    await pool.start();
    await schedule.run(run.seconds * 1_000);
    const { healedAfterMs, complaints } = await rest(pool, arena, maxStalenessMs);
    const { violations, ...verdict } = history.judge();
    return {
      ...verdict,
      violations: [...violations, ...complaints],
      faults: schedule.counts,
      timeline: schedule.timeline,
      readsWhileAway: history.readsWithin(schedule.away),
      maxStalenessMs,
      healedAfterMs,
    };
  } finally {
    await pool.close();
  }
}

function optionsOf({ topology }: ChaosRun, { redis }: Arena, random: () => number): CacheModuleOptions {
  const anyOf = <T>(...all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const commandTimeout = anyOf(120, 250);
  const isReplicated = topology !== 'standalone' && random() < 0.3;
  return {
    namespace: NAMESPACE,
    redis: { ...redis, commandTimeout, breaker: { failures: 3, probeEvery: anyOf(200, 500) } } as never,
    maxStaleness: anyOf(400, 1_000),
    ttl: anyOf(3_000, 60_000),
    grace: anyOf(0, 0, 500),
    memory: { maxEntries: anyOf(10_000, 12) },
    journal: { maxRecords: anyOf(100_000, 40), durability: isReplicated ? 'replicated' : 'local' },
    caches: { rows: {}, pages: {} },
  };
}

/** Nothing goes wrong any more, so that everything has to be right again as soon as the server takes writes. */
async function rest(
  pool: WorkerPool,
  { servers, master }: Arena,
  maxStalenessMs: number,
): Promise<{ healedAfterMs: number; complaints: readonly string[] }> {
  const watch = new WriteWatch(master, `{${NAMESPACE}}:takes-writes`);
  const describe = async (): Promise<string> => `${pool.describe()}; ${await describeServers(servers)}`;
  pool.calm();
  try {
    await pool.quiet();
    const healedAfterMs = monotonicMs() - watch.takesWritesSince;
    const isSlow = healedAfterMs > HEALS_WITHIN_MS;
    const complaints = isSlow ? [`it took ${healedAfterMs} ms to heal: ${await describe()}`] : [];
    await pause(maxStalenessMs + MARGIN_MS);
    const begun = monotonicMs();
    const accounts = await pool.finish();
    const tookWrites = watch.takesWritesSince < begun;
    const left = accounts.flatMap(({ unended, flights, lastInvalidation }, index) => [
      ...unended.map((what) => `process ${index}: ${what} has never ended`),
      ...(flights === 0 ? [] : [`process ${index}: ${flights} flights are left`]),
      ...(lastInvalidation === 'applied' || !tookWrites
        ? []
        : [`process ${index}: the last invalidation was ${lastInvalidation}`]),
    ]);
    return { healedAfterMs, complaints: [...complaints, ...left] };
  } catch (error) {
    return { healedAfterMs: Infinity, complaints: [`nothing heals: ${String(error)}; ${await describe()}`] };
  } finally {
    await watch.end();
  }
}
