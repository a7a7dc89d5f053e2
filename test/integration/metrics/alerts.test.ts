import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { METRICS } from '../../../lib/metrics/metric-list.js';
import { requireProgram } from '../../support/servers/install.js';

const folder = resolve(import.meta.dirname, '../../../docs/observability');
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
const run = promisify(execFile);

let promtool: string;
beforeAll(async () => {
  promtool = await requireProgram({ program: 'promtool', packages: ['prometheus'] });
});

/** Every series there is, by the name it is asked for with. */
const SERIES = new Set(
  METRICS.flatMap(({ name, kind }) =>
    kind === 'histogram' ? ['bucket', 'sum', 'count'].map((of) => `${name}_${of}`) : [name],
  ),
);
const seriesIn = (text: string): string[] => text.match(/hybrid_cache_\w+/g) ?? [];

/** Those of docs/metrics.md, and those that a scrape adds. */
const LABELS = new Set(['cache', 'job', 'instance', 'le']);
for (const [row] of readFileSync(join(folder, '../metrics.md'), 'utf8').matchAll(/^\| `hybrid_cache_.*$/gm))
  for (const [, label] of row.split('|')[2]!.matchAll(/`(\w+)`(?=:|,|\s|$)/g)) LABELS.add(label!);

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const panels = (JSON.parse(read('dashboard.json')) as { panels: Panel[] }).panels;
const expressions = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));

describe('the alert rules', () => {
  it('do what their tests say, as promtool runs them', async () => {
    const { stdout } = await run(promtool, ['test', 'rules', 'alerts.test.yml'], { cwd: folder });
    expect(stdout).toContain('SUCCESS');
  });

  it('have a test in which each of them fires', () => {
    const names = [...read('alerts.yml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) expect(read('alerts.test.yml')).toContain(name);
  });

  it('ask for metrics that exist', () => {
    for (const file of ['alerts.yml', 'alerts.test.yml'])
      expect({ file, unknown: seriesIn(read(file)).filter((name) => !SERIES.has(name)) }).toEqual({
        file,
        unknown: [],
      });
  });
});

describe('the dashboard', () => {
  it('asks for metrics that exist, in every expression', () => {
    expect(expressions.length).toBeGreaterThan(40);
    for (const { title, expr } of expressions) {
      const series = seriesIn(expr);
      expect({ title, isEmpty: series.length === 0 }).toEqual({ title, isEmpty: false });
      expect({ title, unknown: series.filter((name) => !SERIES.has(name)) }).toEqual({ title, unknown: [] });
    }
    expect(seriesIn(read('dashboard.json')).filter((name) => !SERIES.has(name))).toEqual([]);
  });

  it('groups by labels that exist, and names its lines after those it groups by', () => {
    for (const { title, expr } of expressions) {
      const labels = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(/,\s*/));
      expect(
        labels.filter((label) => !LABELS.has(label)),
        `${title}: ${expr}`,
      ).toEqual([]);
    }
    const named = [...read('dashboard.json').matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
    expect(named.filter((label) => !LABELS.has(label))).toEqual([]);
  });

  it('asks in a way that Prometheus understands', async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'dashboard-'));
    try {
      const rules = expressions.map(({ expr }, index) => ({
        record: `dashboard:${index}`,
        expr: expr.replaceAll('$__rate_interval', '1m'),
      }));
      const file = join(temporary, 'rules.json');
      // JSON is YAML
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
      const { stdout } = await run(promtool, ['check', 'rules', file]);
      expect(stdout).toContain(`${rules.length} rules found`);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  });

  it('leaves no metric out of sight but those that say the same again', () => {
    const shown = new Set(seriesIn(JSON.stringify([panels, read('alerts.yml')])));
    const hidden = METRICS.filter(({ name }) => ![...shown].some((series) => series.startsWith(name))).map(
      ({ name }) => name,
    );
    expect(hidden.map((name) => name.replace('hybrid_cache_', ''))).toEqual([
      'reads_under_way',
      'lock_wait_seconds_total',
      'id_tests_total',
      'shared_faults_total',
      'source_loads_running',
      'warm',
      'journal_remembered_tags',
      'journal_following',
      'redis_reachable',
      'redis_breaker_opened_total',
      'events_received_total',
      'events_dropped_total',
      'transport_gaps_total',
    ]);
  });
});
