import type { Attributes, BatchObservableResult, Meter, Observable } from '@opentelemetry/api';
import { DEFAULT_REGISTRATION } from '../cache.constants.js';
import { BUCKETS_MS, type HistogramSnapshot } from '../policy/histogram.js';
import type { ReadFigures } from './figures.js';
import { METRICS } from './metric-list.js';
import { PREFIX, type Metric } from './metric.js';

interface Instrument {
  readonly instruments: readonly Observable[];
  readonly observe: (result: BatchObservableResult, read: ReadFigures) => void;
}

/** `hybrid_cache_load_seconds` is `hybrid_cache.load` with the unit `s`; what is a total says its kind, not its name. */
function nameIn(metric: Metric): { readonly name: string; readonly unit: string | undefined } {
  const bare = metric.name.slice(PREFIX.length).replace(/_total$/, '');
  const unit = bare.endsWith('_seconds') ? 's' : bare.endsWith('_bytes') ? 'By' : undefined;
  return { name: `hybrid_cache.${bare.replace(/_(?:seconds|bytes)$/, '')}`, unit };
}

/** Every metric as an observable instrument, read in one go whenever the SDK collects. @returns ends it */
export function observeMetrics(meter: Meter, read: ReadFigures): () => void {
  const all = METRICS.map((metric) => (metric.kind === 'histogram' ? histogram(meter, metric) : number(meter, metric)));
  const observables = all.flatMap(({ instruments }) => instruments);
  const observe = (result: BatchObservableResult): void => {
    for (const instrument of all) instrument.observe(result, read);
  };
  meter.addBatchObservableCallback(observe, observables);
  return () => meter.removeBatchObservableCallback(observe, observables);
}

const optionsOf = (description: string, unit: string | undefined): { description: string; unit?: string } => ({
  description,
  ...(unit === undefined ? {} : { unit }),
});

const attributesOf = (labels: Attributes, registration: string): Attributes =>
  registration === DEFAULT_REGISTRATION ? labels : { ...labels, registration };

function number(meter: Meter, metric: Exclude<Metric, { kind: 'histogram' }>): Instrument {
  const { name, unit } = nameIn(metric);
  const options = optionsOf(metric.help, unit);
  const instrument =
    metric.kind === 'counter'
      ? meter.createObservableCounter(name, options)
      : meter.createObservableGauge(name, options);
  return {
    instruments: [instrument],
    observe: (result, read) => {
      const figures = read();
      for (const { labels, value } of metric.read(figures))
        result.observe(instrument, value, attributesOf({ ...labels }, figures.registration));
    },
  };
}

/** There are no observable histograms: their buckets, count and sum are counters. */
function histogram(meter: Meter, metric: Extract<Metric, { kind: 'histogram' }>): Instrument {
  const { name } = nameIn(metric);
  const bucket = meter.createObservableCounter(
    `${name}.bucket`,
    optionsOf(`${metric.help} Not above \`le\`, s.`, undefined),
  );
  const count = meter.createObservableCounter(`${name}.count`, optionsOf(metric.help, undefined));
  const sum = meter.createObservableCounter(`${name}.sum`, optionsOf(metric.help, 's'));
  const tell = (result: BatchObservableResult, attributes: Attributes, times: HistogramSnapshot): void => {
    let below = 0;
    for (const [index, inBucket] of times.buckets.entries()) {
      below += inBucket;
      const bound = BUCKETS_MS[index];
      result.observe(bucket, below, { ...attributes, le: bound === undefined ? '+Inf' : String(bound / 1_000) });
    }
    result.observe(count, times.count, attributes);
    result.observe(sum, times.sumMs / 1_000, attributes);
  };
  return {
    instruments: [bucket, count, sum],
    observe: (result, read) => {
      const figures = read();
      for (const { labels, times } of metric.read(figures))
        tell(result, attributesOf({ ...labels }, figures.registration), times);
    },
  };
}
