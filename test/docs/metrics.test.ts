import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../lib/metrics/metric-list.js';
import { METRICS_PATH } from '../../lib/metrics/metrics.module-definition.js';

const read = (file: string): string => readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8');

describe('docs/metrics.md', () => {
  const page = read('metrics.md');
  const tables = page.slice(page.indexOf('\n## The metrics\n'), page.indexOf('\n## OpenTelemetry\n'));

  it('lists every metric, and none that isn’t there', () => {
    const listed = [...tables.matchAll(/`(hybrid_cache_\w+)`/g)].map(([, name]) => name!);
    expect(new Set(listed)).toEqual(new Set(METRICS.map(({ name }) => name)));
    expect(listed.length).toBe(METRICS.length);
  });

  it('says the default of the path', () => {
    expect(page).toContain(`| \`path\` | \`${METRICS_PATH}\` |`);
  });

  it('names no series that isn’t there', () => {
    const series = METRICS.flatMap(({ name, kind }) =>
      kind === 'histogram' ? [name, `${name}_sum`, `${name}_count`, `${name}_bucket`] : [name],
    );
    for (const file of ['metrics.md', 'traces.md', 'health.md', 'probe.md'])
      for (const [name] of read(file).matchAll(/hybrid_cache_\w+/g)) expect(series).toContain(name);
  });
});

describe('docs/traces.md', () => {
  it('names every span, and no other', () => {
    const source = readFileSync(new URL('../../lib/cache.tracing.ts', import.meta.url), 'utf8');
    const names = [...source.matchAll(/'(cache\.[a-z.]+)'/g)].map(([, name]) => name!);
    const listed = [...read('traces.md').matchAll(/^\| `(cache\.[a-z.]+)` \|/gm)].map(([, name]) => name!);
    expect(listed).toEqual(names);
  });
});
