import type { Run } from '../driver/measured-run.js';
import type { UsageSample } from '../driver/meter.js';
import type { Sample } from '../driver/driver.js';
import type { Aim, Figures } from './figures.js';
import { mean } from './figures.js';
import { lineChart, type Band, type Series } from './line-chart.js';
import { HEADINGS, rowsOf } from './table.js';

export interface Report {
  without: Run;
  cached: Run;
  figures: { without: Figures; cached: Figures };
  aims: readonly Aim[];
  /** Sentences below the table. */
  notes: readonly string[];
  /** How it was measured. */
  setting: string;
}

const BUCKETS = 40;

export function htmlReport({ without, cached, figures, aims, notes, setting }: Report): string {
  const bands = outageBands(cached);
  const latency = lineChart({
    title: 'Mean latency of the requests over time, without and with the cache',
    xLabel: 'seconds since the begin of the run',
    yLabel: 'milliseconds',
    series: bothRuns(latencyPoints(without.samples), latencyPoints(cached.samples)),
    bands,
  });
  const queries = lineChart({
    title: 'SQL queries sent so far over time, without and with the cache',
    xLabel: 'seconds since the begin of the run',
    yLabel: 'queries so far',
    series: bothRuns(queryPoints(without.usageSamples), queryPoints(cached.usageSamples)),
    bands,
  });
  const rows = rowsOf(figures.without, figures.cached).map(
    ([name, ...cells]) => `<tr><th scope="row">${name}</th>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The shop, without and with the cache</title>
<style>${STYLE}</style>
<main>
  <h1>The shop, without and with the cache</h1>
  <p>The same ${without.samples.length.toLocaleString('en')} requests in the same order, once without and once with
    <code>nestjs-hybrid-cache</code>${cached.samples.length > without.samples.length ? ', which goes on until all that goes wrong is over' : ''}. Each run ends when its last request is answered. ${setting}</p>
  <h2>Latency over time</h2>
  ${latency}
  <h2>SQL queries over time</h2>
  ${queries}
  <h2>In numbers</h2>
  <table>
    <thead><tr>${HEADINGS.map((heading) => `<th scope="col">${heading}</th>`).join('')}</tr></thead>
    <tbody>
      ${rows.join('\n      ')}
    </tbody>
  </table>
  <ul>${notes.map((note) => `<li>${note}</li>`).join('')}</ul>
  <ul>${aims.map(({ text, reached }) => `<li>${reached ? '✔' : '✘'} ${text}</li>`).join('')}</ul>
</main>
</html>
`;
}

const bothRuns = (without: Series['points'], cached: Series['points']): Series[] => [
  { name: 'without cache', style: 'without', points: without },
  { name: 'with cache', style: 'cached', points: cached },
];

const queryPoints = (samples: readonly UsageSample[]) =>
  samples.map(({ atMs, queries }) => [atMs / 1000, queries] as const);

const outageBands = ({ beganAt, outages }: Run): Band[] =>
  outages.map((outage) => ({
    name: `${outage.whom ?? 'Redis'} ${outage.what}`,
    from: (outage.beganAt - beganAt) / 1000,
    until: (outage.endedAt - beganAt) / 1000,
  }));

/** The mean latency of equally many requests each. */
function latencyPoints(samples: readonly Sample[]): Series['points'] {
  const size = Math.max(1, Math.ceil(samples.length / BUCKETS));
  const points: (readonly [number, number])[] = [];
  for (let start = 0; start < samples.length; start += size) {
    const bucket = samples.slice(start, start + size);
    points.push([(bucket.at(-1)?.atMs ?? 0) / 1000, mean(bucket.map(({ ms }) => ms))]);
  }
  return points;
}

const STYLE = `
  :root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --paper: #ffffff; --rule: #d8dee4;
    --without: #b3541e; --cached: #0969a8; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e6edf3; --soft: #9da7b1; --paper: #14181d; --rule: #323a43; --without: #f0935a; --cached: #5bb4f0; }
  }
  body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
  main { max-width: 760px; margin: 0 auto; padding: 24px 20px 48px; }
  h1 { font-size: 1.6rem; line-height: 1.2; }
  h2 { font-size: 1.1rem; margin-top: 2rem; }
  svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; }
  .band { fill: var(--rule); opacity: 0.45; }
  .grid { stroke: var(--rule); }
  .tick { fill: var(--soft); }
  .name { fill: var(--ink); font-weight: 600; }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
  .line.without { stroke: var(--without); } .end.without { fill: var(--without); }
  .line.cached { stroke: var(--cached); } .end.cached { fill: var(--cached); }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th, td { padding: 6px 10px; border-bottom: 1px solid var(--rule); text-align: right; }
  th:first-child { text-align: left; font-weight: 400; }
  thead th { color: var(--soft); font-weight: 600; }
  ul { list-style: none; padding: 0; }
`;
