import type { CacheEventsStatus } from '../events/cache-events-status.js';
import type { ReceivedCounts } from '../events/event-counts.js';
import type { Figures } from './figures.js';
import { by, counter, gauge, one, type Metric, type Sample } from './metric.js';

const told =
  (values: (events: CacheEventsStatus) => Sample[]) =>
  ({ events }: Figures): Sample[] =>
    events === undefined ? [] : values(events);

/** Of events that say what to invalidate, and of domain events. */
const received = (values: (counts: ReceivedCounts, kind: string) => Sample[]): ((figures: Figures) => Sample[]) =>
  told(({ events, domain }) => [...values(events, 'invalidation'), ...values(domain, 'domain')]);

type Transport = CacheEventsStatus['transports'][number];

/** One number for each transport, whatever number of connections it has. */
const transports = (value: (lines: readonly Transport[]) => number): ((figures: Figures) => Sample[]) =>
  told(({ transports: lines }) =>
    [...new Set(lines.map(({ transport }) => transport))].map((transport) => ({
      labels: { transport },
      value: value(lines.filter((line) => line.transport === transport)),
    })),
  );

/** What is counted of events between services. */
export const EVENTS_METRICS: readonly Metric[] = [
  counter(
    'events_received',
    'Events that were received, by kind.',
    received((counts, kind) => [{ labels: { kind }, value: counts.received }]),
  ),
  counter(
    'events_handled',
    'Events that were understood, by result: applied, queued, duplicate, irrelevant, failed.',
    received(({ applied, queued, duplicates, irrelevant, failed }, kind) =>
      by('result', { applied, queued, duplicate: duplicates, irrelevant, failed }, { kind }),
    ),
  ),
  counter(
    'events_rejected',
    'Events that were refused, by reason.',
    received(({ refused }, kind) => by('reason', refused, { kind })),
  ),
  counter(
    'events_emitted',
    'Events that a client has taken.',
    told(({ emitted }) =>
      Object.entries(emitted).map(([client, counts]) => ({ labels: { client }, value: counts.emitted })),
    ),
  ),
  counter(
    'events_emit_failures',
    'Events that were given up.',
    told(({ emitted }) =>
      Object.entries(emitted).map(([client, { failed }]) => ({ labels: { client }, value: failed })),
    ),
  ),
  gauge(
    'events_pending',
    'Events on their way while nobody waits.',
    told(({ pending }) => one(pending)),
  ),
  counter(
    'events_dropped',
    'Events not even tried, because too many were pending.',
    told(({ dropped }) => one(dropped)),
  ),
  gauge(
    'transport_connected',
    'Whether a transport that brings events is connected, in all its connections.',
    transports((lines) => Number(lines.every(({ connected }) => connected))),
  ),
  counter(
    'transport_gaps',
    'How often it was away.',
    transports((lines) => lines.reduce((sum, { gaps }) => sum + gaps, 0)),
  ),
];
