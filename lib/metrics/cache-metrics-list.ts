import type { CacheStatisticsSnapshot } from '../desk/cache-statistics.js';
import type { Figures } from './figures.js';
import { by, counter, durations, gauge, type Metric, type Sample } from './metric.js';

type OfCache = (cache: CacheStatisticsSnapshot) => number | undefined;

const each =
  (value: OfCache) =>
  ({ cache: { caches } }: Figures): Sample[] =>
    Object.entries(caches).flatMap(([cache, snapshot]) => {
      const number = value(snapshot);
      return number === undefined ? [] : [{ labels: { cache }, value: number }];
    });

const eachBy =
  (label: string, values: (cache: CacheStatisticsSnapshot) => Readonly<Record<string, number | undefined>>) =>
  ({ cache: { caches } }: Figures): Sample[] =>
    Object.entries(caches).flatMap(([cache, snapshot]) => by(label, values(snapshot), { cache }));

const BREAKER: Readonly<Record<string, number>> = { closed: 0, 'half-open': 1, open: 2 };

/** What is counted for each cache. */
export const CACHE_METRICS: readonly Metric[] = [
  counter(
    'reads',
    'Reads that have ended; hits and misses together.',
    each(({ hits, misses }) => hits + misses),
  ),
  gauge(
    'reads_under_way',
    'Reads that have begun and not ended.',
    each(({ reads, hits, misses }) => reads - hits - misses),
  ),
  counter(
    'hits',
    'Reads that were answered without a load, by tier: memory, shared, or stale for an old value of either.',
    eachBy('tier', ({ outcomes: { l1, l2, stale } }) => ({ memory: l1, shared: l2, stale })),
  ),
  counter(
    'misses',
    'Reads without an answer in any tier, by outcome: loaded, joined (somebody else’s load), absent, error, timeout.',
    eachBy('outcome', ({ outcomes: { loaded, joined, absent, error, timeout } }) => ({
      loaded,
      joined,
      absent,
      error,
      timeout,
    })),
  ),
  counter(
    'bypassed',
    'Reads that went to the source past the cache.',
    each(({ bypassed }) => bypassed),
  ),
  durations(
    'read',
    'What reads took until there was an answer: with the cache. Hits in memory stand in the lowest bucket, untimed.',
    ({ cache: { caches } }) =>
      Object.entries(caches).map(([cache, { readTimes }]) => ({ labels: { cache }, times: readTimes })),
  ),
  durations('load', 'What loads took: without the cache.', ({ cache: { caches } }) =>
    Object.entries(caches).map(([cache, { loadTimes }]) => ({ labels: { cache }, times: loadTimes })),
  ),
  counter(
    'load_errors',
    'Loads that failed.',
    each(({ loadErrors }) => loadErrors),
  ),
  counter(
    'loads_refused',
    'Loads that a guard of the source did not let begin, by guard.',
    eachBy('by', ({ refused }) => refused),
  ),
  counter(
    'early_refreshes',
    'Refreshes before an entry expired.',
    each(({ earlyRefreshes }) => earlyRefreshes),
  ),
  counter(
    'refreshes_skipped',
    'Refreshes in the background that there was no room for.',
    each(({ refreshesSkipped }) => refreshesSkipped),
  ),
  counter(
    'lock_waits',
    'Keys that waited for what another process was loading.',
    each(({ lockWaits }) => lockWaits),
  ),
  counter(
    'lock_wait_seconds',
    'How long they waited, together.',
    each(({ lockWaitMs }) => lockWaitMs / 1_000),
  ),
  counter(
    'id_tests',
    'Keys no tier held, by what the filter of known ids said of them.',
    eachBy('verdict', ({ idTests }) => idTests),
  ),
  counter(
    'not_stored',
    'Values that were not kept, by reason.',
    eachBy('reason', ({ notStored }) => notStored),
  ),
  counter(
    'unreadable',
    'Stored bytes that were no entry of this application, by reason.',
    eachBy('reason', ({ unreadable }) => unreadable),
  ),
  counter(
    'shared_faults',
    'Commands to the shared store that failed, by command.',
    eachBy('command', ({ sharedFaults }) => sharedFaults),
  ),
  gauge(
    'entries',
    'Entries in memory.',
    each(({ entries }) => entries),
  ),
  gauge(
    'source_breaker',
    'The breaker around a source: 0 closed, 1 half-open, 2 open.',
    each(({ origin }) => origin?.breaker && BREAKER[origin.breaker]),
  ),
  gauge(
    'source_loads_running',
    'Loads that run, of a cache with a bulkhead.',
    each(({ origin }) => origin?.running),
  ),
  gauge(
    'source_loads_waiting',
    'Loads that wait for a place in the bulkhead.',
    each(({ origin }) => origin?.queued),
  ),
];
