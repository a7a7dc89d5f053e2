import type { Run } from '../driver/measured-run.js';
import { ageOf, isExcused, MAX_STALENESS_MS, type Outage } from '../driver/promise.js';
import { hitRatioOf, type Aim, type Figures } from './figures.js';
import { outageSentence, timesOf, type OutageTimes } from './outages.js';

/** What there is to say of several processes and their Redis. */
export interface FleetFigures {
  /** Of each process. */
  loads: number[];
  outages: OutageFigures[];
  /** Of what was read after the last outage; `null` when there was none. */
  hitRatioAfterwards: number | null;
  /** How old an answer was at most, after a write through another process. */
  oldestAnswerMs: number;
  /** The same for what was written while Redis was away, and couldn't be told to the others before it was back. */
  oldestAnswerAfterOutageMs: number;
}

export interface OutageFigures extends OutageTimes {
  what: string;
  longestAnswerMs: number;
}

export function fleetFiguresOf(run: Run): FleetFigures {
  const { lateReads, outages, usage } = run;
  const fromOthers = lateReads.filter(({ ownWrite }) => !ownWrite);
  const oldest = (excused: boolean) =>
    Math.max(0, ...fromOthers.filter((read) => isExcused(read, outages) === excused).map(ageOf));
  return {
    loads: usage.loads,
    outages: outages.map((outage) => outageFiguresOf(outage, run)),
    hitRatioAfterwards: hitRatioAfterwards(run),
    oldestAnswerMs: oldest(false),
    oldestAnswerAfterOutageMs: oldest(true),
  };
}

function outageFiguresOf(outage: Outage, run: Run): OutageFigures {
  const { what, beganAt, overAt } = outage;
  const [from, until] = [beganAt - run.beganAt, overAt - run.beganAt];
  const meanwhile = run.samples.filter(({ atMs, ms }) => atMs >= from && atMs - ms <= until);
  return {
    what,
    ...timesOf(outage, run.beganAt),
    longestAnswerMs: Math.max(0, ...meanwhile.map(({ ms }) => ms)),
  };
}

function hitRatioAfterwards({ beganAt, outages, usage, usageSamples }: Run): number | null {
  if (outages.length === 0) return null;
  const overAt = Math.max(0, ...outages.map((outage) => outage.overAt)) - beganAt;
  const before = usageSamples.find(({ atMs }) => atMs >= overAt) ?? usage;
  return hitRatioOf({
    cacheReads: usage.cacheReads - before.cacheReads,
    cacheHits: usage.cacheHits - before.cacheHits,
  });
}

export function fleetAimsOf(without: Figures, cached: Figures): Aim[] {
  const promised = true;
  return [
    { text: 'no answer older than promised', reached: without.staleReads + cached.staleReads === 0, promised },
    { text: 'no failed request', reached: without.failures + cached.failures === 0, promised },
    { text: 'at most half of the SQL queries', reached: cached.queries <= without.queries / 2 },
  ];
}

/** What `FleetFigures` say, a sentence each. */
export function fleetSentences(figures: FleetFigures): string[] {
  const { loads, outages, hitRatioAfterwards, oldestAnswerMs, oldestAnswerAfterOutageMs } = figures;
  const whole = (ms: number) => `${Math.round(ms).toLocaleString('en')} ms`;
  return [
    ...outages.map(
      (outage) => `${outageSentence('Redis', outage)}; longest answer meanwhile: ${whole(outage.longestAnswerMs)}`,
    ),
    ...(hitRatioAfterwards === null ? [] : [`Hit ratio after that: ${(hitRatioAfterwards * 100).toFixed(1)} %`]),
    `Loads of each process: ${loads.map((count) => count.toLocaleString('en')).join(', ')}`,
    `Oldest answer after a write through another process: ${whole(oldestAnswerMs)}; ` +
      `${whole(MAX_STALENESS_MS)} are allowed`,
    ...(oldestAnswerAfterOutageMs < 1
      ? []
      : [`… after one that no process could be told of, because Redis was away: ${whole(oldestAnswerAfterOutageMs)}`]),
  ];
}
