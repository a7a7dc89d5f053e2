import type { HistogramSnapshot } from '../policy/histogram.js';
import type { Figures } from './figures.js';

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export interface HistogramSample {
  readonly labels: Labels;
  readonly times: HistogramSnapshot;
}

interface Described {
  /** As Prometheus has it, with unit and `_total`. */
  readonly name: string;
  readonly help: string;
}

/** A number that is read when somebody asks for it. */
export interface NumberMetric extends Described {
  readonly kind: 'counter' | 'gauge';
  readonly read: (figures: Figures) => readonly Sample[];
}

export interface HistogramMetric extends Described {
  readonly kind: 'histogram';
  readonly read: (figures: Figures) => readonly HistogramSample[];
}

export type Metric = NumberMetric | HistogramMetric;

export const PREFIX = 'hybrid_cache_';

/** Counts that only grow while the process lives. @param name without prefix and `_total` */
export const counter = (name: string, help: string, read: NumberMetric['read']): Metric => ({
  kind: 'counter',
  name: `${PREFIX}${name}_total`,
  help,
  read,
});

/** What is so at this moment. @param name without prefix, with its unit */
export const gauge = (name: string, help: string, read: NumberMetric['read']): Metric => ({
  kind: 'gauge',
  name: PREFIX + name,
  help,
  read,
});

/** Durations. @param name without prefix and `_seconds` */
export const durations = (name: string, help: string, read: HistogramMetric['read']): Metric => ({
  kind: 'histogram',
  name: `${PREFIX}${name}_seconds`,
  help,
  read,
});

/** A single number without labels; none when it isn't known. */
export const one = (value: number | boolean | undefined): Sample[] =>
  value === undefined ? [] : [{ labels: {}, value: Number(value) }];

/** One number for each word. */
export const by = (label: string, values: Readonly<Record<string, number | undefined>>, more: Labels = {}): Sample[] =>
  Object.entries(values).map(([word, value]) => ({ labels: { ...more, [label]: word }, value: value ?? 0 }));
