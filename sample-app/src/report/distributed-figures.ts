import { excuseOf, LAST_WORDS_MS, type DistributedOutage, type Excuse } from '../distributed/distributed-promise.js';
import type { MemberStatus } from '../distributed/member-status.js';
import type { Role } from '../distributed/roles.js';
import type { Failure } from '../driver/driver.js';
import type { Run } from '../driver/measured-run.js';
import { ageOf, MAX_STALENESS_MS } from '../driver/promise.js';
import type { Kind } from '../driver/traffic.js';
import { sum } from '../sum.js';
import type { Aim, Figures } from './figures.js';
import { outageSentence, timesOf, type OutageTimes } from './outages.js';

/** What there is to say of the processes, their broker, and what they told each other. */
export interface DistributedFigures {
  outages: OutageFigures[];
  events: { emitted: number; setbacks: number; failed: number; applied: number };
  /** Loads of the gateway that a service answered from what its processes share. */
  sharedHits: number;
  /** Answers with an old value after an acknowledged write, of which everybody could be told. */
  told: LateReads;
  /** Of what nobody could be told of, because the broker, the gateway or the service with the outbox was away. */
  untold: LateReads;
  /** Of what died with its service. */
  lastWords: LateReads;
  /** Those that nothing excuses; ms since the begin of the run. */
  broken: { subject: string; writtenAtMs: number; begunAtMs: number; tookMs: number }[];
  /** Requests that needed what was away. */
  excusedFailures: number;
  otherFailures: string[];
}

interface OutageFigures extends OutageTimes, Pick<DistributedOutage, 'whom' | 'hadOthers' | 'what'> {}

interface LateReads {
  count: number;
  oldestMs: number;
}

const NEEDED: Readonly<Record<Kind, readonly Role[]>> = {
  'product page': ['gateway', 'catalogue', 'reviews', 'inventory'],
  'account page': ['gateway', 'users', 'billing'],
  price: ['gateway', 'catalogue'],
  review: ['gateway', 'reviews'],
  stock: ['gateway', 'inventory'],
  profile: ['gateway', 'users'],
  payment: ['gateway', 'billing'],
};

export function distributedFiguresOf(run: Run, statuses: readonly MemberStatus[]): DistributedFigures {
  const outages = run.outages as readonly DistributedOutage[];
  const late = (excuse: Excuse | undefined): LateReads => {
    const ages = run.lateReads.filter((read) => excuseOf(read, outages) === excuse).map(ageOf);
    return { count: ages.length, oldestMs: Math.max(0, ...ages) };
  };
  const inRun = (at: number) => Math.round(at - run.beganAt);
  const otherFailures = run.failures.filter((failure) => !isExcused(failure, outages));
  const [, ...services] = statuses;
  return {
    outages: outages.map((outage) => {
      const { whom, hadOthers, what } = outage;
      return { whom, hadOthers, what, ...timesOf(outage, run.beganAt) };
    }),
    events: eventsOf(statuses),
    sharedHits: sum(services.flatMap(({ cache }) => Object.values(cache.caches).map(({ hits }) => hits))),
    told: late(undefined),
    untold: late('untold'),
    lastWords: late('last words'),
    broken: run.staleReads.map(({ subject, writtenAt, begunAt, endedAt }) => ({
      subject,
      writtenAtMs: inRun(writtenAt),
      begunAtMs: inRun(begunAt),
      tookMs: endedAt - begunAt,
    })),
    excusedFailures: run.failures.length - otherFailures.length,
    otherFailures: otherFailures.map(
      ({ what, begunAt, endedAt }) => `${what} (${inRun(begunAt)} to ${inRun(endedAt)} ms)`,
    ),
  };
}

/** Who asks while the gateway still tries in vain to connect, or hasn't seen that nobody is there, is refused as well. */
const SEEN_MS = 500;

/** Of several processes of a service only what the killed one had under way fails: all else is asked of the others. */
const isExcused = ({ kind, begunAt, endedAt }: Failure, outages: readonly DistributedOutage[]): boolean =>
  outages.some(
    ({ whom, hadOthers, beganAt, overAt }) =>
      (NEEDED[kind] as readonly string[]).includes(whom) &&
      endedAt >= beganAt &&
      begunAt <= (hadOthers ? beganAt : overAt) + SEEN_MS,
  );

function eventsOf(statuses: readonly MemberStatus[]): DistributedFigures['events'] {
  const lines = statuses.flatMap(linesOf);
  const withoutOutbox = statuses.filter(({ outbox }) => outbox === undefined);
  return {
    emitted: sum(lines.map(({ emitted }) => emitted)),
    setbacks: sum(lines.map(({ setbacks }) => setbacks)),
    // of an outbox it isn't the last attempt
    failed: sum(withoutOutbox.flatMap(linesOf).map(({ failed }) => failed)),
    applied: sum(statuses.map(({ events }) => events?.events.applied ?? 0)),
  };
}

const linesOf = ({ events }: MemberStatus) => Object.values(events?.emitted ?? {});

export function distributedAimsOf(without: Figures, cached: Figures, figures: DistributedFigures): Aim[] {
  const promised = true;
  return [
    { text: 'no answer older than promised', reached: without.staleReads + cached.staleReads === 0, promised },
    {
      text: 'no failed request but those that needed what was away',
      reached: without.failures + figures.otherFailures.length === 0,
      promised,
    },
    { text: 'no event given up', reached: figures.events.failed === 0, promised },
  ];
}

/** What the figures say, a sentence each. */
export function distributedSentences(broker: string | undefined, figures: DistributedFigures): string[] {
  const { outages, events, sharedHits, told, untold, lastWords, excusedFailures, otherFailures } = figures;
  const whole = (value: number) => Math.round(value).toLocaleString('en');
  const late = ({ count, oldestMs }: LateReads) => `${whole(count)}, up to ${whole(oldestMs)} ms`;
  return [
    ...outages.map((outage) => outageSentence(nameOf(outage), outage)),
    broker === undefined
      ? 'Nobody told anybody anything'
      : `Events over ${broker}: ${whole(events.emitted)} sent, ${whole(events.setbacks)} attempts in vain, ` +
        `${whole(events.applied)} applied`,
    `Asked of a service by the gateway, and answered from what the processes of that service share: ${whole(sharedHits)}`,
    `Failed requests that needed what was away: ${whole(excusedFailures)}`,
    ...otherFailures.slice(0, 5).map((failure) => `… that didn't: ${failure}`),
    `Answers with an old value after an acknowledged write: ${late(told)}; ${whole(MAX_STALENESS_MS)} ms are allowed`,
    `… of what nobody could be told of, because somebody was away: ${late(untold)}`,
    `… of what was acknowledged in the last ${LAST_WORDS_MS} ms of a service, and died with it: ${late(lastWords)}`,
  ];
}

function nameOf({ whom, hadOthers }: OutageFigures): string {
  if (whom === 'broker' || whom === 'gateway') return `The ${whom}`;
  return hadOthers ? `One process of the ${whom} service` : `The ${whom} service`;
}
