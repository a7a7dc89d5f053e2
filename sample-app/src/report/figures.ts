import type { Run } from '../driver/measured-run.js';
import type { ViewsCheck } from '../driver/views.js';

export interface Figures {
  meanMs: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  meanPageMs: number;
  meanWriteMs: number;
  requestsPerSecond: number;
  durationMs: number;
  requests: number;
  queries: number;
  /** Of the reads of the cache; `null` when there is none. */
  hitRatio: number | null;
  staleReads: number;
  failures: number;
}

export function figuresOf(run: Run): Figures {
  const ordered = run.samples.map(({ ms }) => ms).sort((a, b) => a - b);
  const isPage = ({ kind }: { kind: string }) => kind.endsWith('page');
  return {
    meanMs: mean(ordered),
    p50Ms: percentile(ordered, 0.5),
    p95Ms: percentile(ordered, 0.95),
    p99Ms: percentile(ordered, 0.99),
    meanPageMs: mean(run.samples.filter(isPage).map(({ ms }) => ms)),
    meanWriteMs: mean(run.samples.filter((sample) => !isPage(sample)).map(({ ms }) => ms)),
    requestsPerSecond: run.samples.length / (run.durationMs / 1000),
    durationMs: run.durationMs,
    requests: run.samples.length,
    queries: run.usage.queries,
    hitRatio: hitRatioOf(run.usage),
    staleReads: run.staleReads.length,
    failures: run.failures.length,
  };
}

export const hitRatioOf = ({ cacheReads, cacheHits }: { cacheReads: number; cacheHits: number }): number | null =>
  cacheReads === 0 ? null : cacheHits / cacheReads;

export interface Aim {
  text: string;
  reached: boolean;
  /** The command fails where it isn't reached. */
  promised?: boolean;
}

export function aimsOf(without: Figures, cached: Figures): Aim[] {
  return [
    { text: 'mean latency at most a quarter', reached: cached.meanMs <= without.meanMs / 4 },
    { text: 'at least 75 % fewer SQL queries', reached: cached.queries <= without.queries / 4 },
    { text: 'hit ratio above 85 %', reached: (cached.hitRatio ?? 0) > 0.85 },
    { text: 'no stale read', reached: without.staleReads + cached.staleReads === 0, promised: true },
    { text: 'no failed request', reached: without.failures + cached.failures === 0 },
  ];
}

export function viewsAim(...checks: readonly ViewsCheck[]): Aim {
  const shown = checks.map(({ answered }) => answered.toLocaleString('en')).join(' and ');
  const text = `every view of a product counted in the database: ${shown}`;
  return { text, reached: checks.every(({ wrong }) => wrong.length === 0), promised: true };
}

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

/** Of values in ascending order. */
export const percentile = (ordered: readonly number[], part: number): number =>
  ordered[Math.min(ordered.length - 1, Math.ceil(part * ordered.length) - 1)] ?? 0;
