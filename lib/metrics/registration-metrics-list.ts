import type { EdgePurgerStatus } from '../edge/purge-ledger.js';
import type { SharedJournalStatus } from '../journal/journal.interface.js';
import type { ProbeStatus, ProbeWindow } from '../probe/probe-counts.js';
import type { SharedTierStatus } from '../tiers/tier.interface.js';
import type { Figures } from './figures.js';
import { by, counter, durations, gauge, one, type Metric, type Sample } from './metric.js';

const shared =
  (value: (journal: SharedJournalStatus) => number | boolean) =>
  ({ cache: { journal } }: Figures): Sample[] =>
    one(journal.shared && value(journal.shared));

const redis =
  (value: (redis: SharedTierStatus) => number | boolean) =>
  ({ cache }: Figures): Sample[] =>
    one(cache.redis && value(cache.redis));

const edge =
  (values: (edge: EdgePurgerStatus) => Sample[]) =>
  ({ cache }: Figures): Sample[] =>
    cache.edge === undefined ? [] : values(cache.edge);

const JOURNAL: readonly Metric[] = [
  counter('invalidations', 'Invalidations of this process, by status: applied, or queued.', ({ cache }) =>
    by('status', { ...cache.invalidations }),
  ),
  gauge('invalidations_queued', 'Tags whose invalidation waits for the journal.', ({ cache }) =>
    one(cache.journal.queued),
  ),
  gauge('journal_trusted', 'Whether what this process knows is recent enough to answer without asking.', ({ cache }) =>
    one(cache.journal.trusted),
  ),
  gauge('journal_position', 'The last record applied here.', ({ cache }) => one(cache.journal.position)),
  gauge('journal_lag_seconds', 'How much older that record is than the newest one known to exist.', ({ cache }) =>
    one(cache.journal.lag / 1_000),
  ),
  gauge('journal_remembered_tags', 'Tags remembered.', ({ cache }) => one(cache.journal.rememberedTags)),
  gauge(
    'journal_following',
    'Whether records are pushed here.',
    shared(({ following }) => following),
  ),
  counter(
    'journal_syncs',
    'Synchronisations.',
    shared(({ syncs }) => syncs),
  ),
  counter(
    'journal_doubts',
    'How often this process doubted what it knew.',
    shared(({ doubts }) => doubts),
  ),
  counter(
    'journal_epochs',
    'How often the journal began anew, the first time included.',
    shared(({ epochs }) => epochs),
  ),
  counter(
    'journal_rebuilds',
    'How often what was known could not be continued.',
    shared(({ rebuilds }) => rebuilds),
  ),
];

const REDIS: readonly Metric[] = [
  gauge(
    'redis_reachable',
    'Whether Redis answered the last time.',
    redis(({ reachable }) => reachable),
  ),
  gauge(
    'redis_breaker_open',
    'Whether Redis is given up, but for probes.',
    redis(({ breaker }) => breaker === 'open'),
  ),
  counter(
    'redis_breaker_opened',
    'How often Redis was given up.',
    redis(({ opened }) => opened),
  ),
  counter('redis_failures', 'Commands that failed, by kind.', ({ cache }) =>
    cache.redis === undefined ? [] : by('kind', { ...cache.redis.failures }),
  ),
  counter(
    'redis_skipped',
    'Commands not sent, because Redis was given up.',
    redis(({ skipped }) => skipped),
  ),
  durations('redis_command', 'What commands to Redis took, failing ones included.', ({ cache }) =>
    cache.redis === undefined ? [] : [{ labels: {}, times: cache.redis.times }],
  ),
];

const WORK: readonly Metric[] = [
  gauge('memory_entries', 'Entries in memory, of all caches.', ({ cache }) => one(cache.memory.entries)),
  gauge('memory_bytes', 'Bytes in memory, of all caches.', ({ cache }) => one(cache.memory.bytes)),
  counter('evictions', 'Entries that had to make room.', ({ cache }) => one(cache.memory.evictions)),
  gauge('loads_under_way', 'Loads under way.', ({ cache }) => one(cache.flights)),
  gauge('background_tasks', 'Refreshes and writes nobody waits for.', ({ cache }) => one(cache.background)),
  gauge('warm', 'Whether every start is warmed that the readiness waits for.', ({ warmup }) => one(warmup.ready)),
  counter(
    'edge_purges',
    'Keys to purge at the edge, by what became of them.',
    edge(({ purged, failed, dropped }) => by('result', { purged, failed, dropped })),
  ),
  gauge(
    'edge_purges_pending',
    'Keys that wait to be purged.',
    edge(({ pending }) => one(pending)),
  ),
];

const eachQueue =
  (value: (queue: Figures['cache']['writeQueues'][string]) => number) =>
  ({ cache: { writeQueues } }: Figures): Sample[] =>
    Object.entries(writeQueues).map(([cache, queue]) => ({ labels: { cache }, value: value(queue) }));

const WRITE_BEHIND: readonly Metric[] = [
  gauge(
    'write_queue_waiting',
    'Keys that wait for their sink, when the queue was asked last.',
    eachQueue(({ waiting }) => waiting),
  ),
  counter(
    'write_queue_written',
    'Writes that this process has brought to their sink.',
    eachQueue(({ written }) => written),
  ),
  counter(
    'write_queue_failures',
    'Calls of a sink that failed.',
    eachQueue(({ failures }) => failures),
  ),
  counter(
    'write_queue_dead_letters',
    'Writes that this process has given up.',
    eachQueue(({ buried }) => buried),
  ),
];

const probe =
  (values: (probe: ProbeStatus) => Sample[]) =>
  ({ cache }: Figures): Sample[] =>
    cache.probe === undefined ? [] : values(cache.probe);

/** One number for each window, which is named in seconds, as `le` of a histogram is. */
const eachWindow = (value: (window: ProbeWindow) => number): ((figures: Figures) => Sample[]) =>
  probe(({ windows }) =>
    windows.map((window) => ({ labels: { window: String(window.windowMs / 1_000) }, value: value(window) })),
  );

const PROBE: readonly Metric[] = [
  counter(
    'probe_checked',
    'Invalidations that this process looked for, by how long after them, s.',
    eachWindow(({ checked }) => checked),
  ),
  counter(
    'probe_stale',
    'Those after which this process would still have answered with something old, by how long after them, s.',
    eachWindow(({ stale }) => stale),
  ),
  gauge(
    'probe_consistency',
    'The part that was fresh since the process began, 0 to 1, by how long after the invalidation, s.',
    eachWindow(({ consistency }) => consistency),
  ),
  counter(
    'probe_violations',
    'Old values after the promise had run out: there are none, or there is a fault.',
    probe(({ violations }) => one(violations)),
  ),
];

/** What is counted for a registration as a whole, and for its write queues. */
export const REGISTRATION_METRICS: readonly Metric[] = [...WORK, ...JOURNAL, ...REDIS, ...WRITE_BEHIND, ...PROBE];
