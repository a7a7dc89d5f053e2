import type { Aim, Figures } from './figures.js';

const ms = (value: number) => `${value.toFixed(2)} ms`;
const whole = (value: number) => Math.round(value).toLocaleString('en');
const percent = (value: number | null) => (value === null ? '–' : `${(value * 100).toFixed(1)} %`);
const factor = (before: number, after: number) => `÷ ${(before / after).toFixed(1)}`;
const lessBy = (before: number, after: number) => `−${((1 - after / before) * 100).toFixed(0)} %`;

export type Row = readonly [name: string, without: string, cached: string, change: string];

export const HEADINGS: Row = ['', 'without cache', 'with cache', ''];

export function rowsOf(without: Figures, cached: Figures): Row[] {
  const latency = (name: string, figure: keyof Figures & `${string}Ms`): Row => [
    name,
    ms(without[figure]),
    ms(cached[figure]),
    factor(without[figure], cached[figure]),
  ];
  return [
    latency('latency, mean', 'meanMs'),
    latency('p50', 'p50Ms'),
    latency('p95', 'p95Ms'),
    latency('p99', 'p99Ms'),
    latency('pages, mean', 'meanPageMs'),
    latency('writes, mean', 'meanWriteMs'),
    [
      'requests / s',
      whole(without.requestsPerSecond),
      whole(cached.requestsPerSecond),
      `× ${(cached.requestsPerSecond / without.requestsPerSecond).toFixed(1)}`,
    ],
    queriesOf(without, cached),
    ['hit ratio', percent(without.hitRatio), percent(cached.hitRatio), ''],
    ['failed requests', whole(without.failures), whole(cached.failures), ''],
    ['stale reads', whole(without.staleReads), whole(cached.staleReads), ''],
  ];
}

/** Of runs that differ in length, for each request. */
function queriesOf(without: Figures, cached: Figures): Row {
  const { queries: before } = without;
  const { queries: after } = cached;
  if (without.requests === cached.requests) return ['SQL queries', whole(before), whole(after), lessBy(before, after)];
  const [each, eachCached] = [before / without.requests, after / cached.requests];
  return ['SQL / request', each.toFixed(2), eachCached.toFixed(2), lessBy(each, eachCached)];
}

export function textTable(without: Figures, cached: Figures, aims: readonly Aim[], notes: readonly string[]): string {
  const rows = [HEADINGS, ...rowsOf(without, cached)];
  const lines = rows.map(
    ([name, ...cells]) => `  ${name.padEnd(16)}${cells.map((cell) => cell.padStart(15)).join('')}`,
  );
  lines.splice(1, 0, `  ${'─'.repeat(61)}`);
  const remarks = notes.length === 0 ? [] : ['', ...notes.map((note) => `  ${note}`)];
  return [...lines, ...remarks, '', ...aims.map(({ text, reached }) => `  ${reached ? '✔' : '✘'} ${text}`)].join('\n');
}
