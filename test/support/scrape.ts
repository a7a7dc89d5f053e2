/** What Prometheus would read: the lines of a scrape. */
export class Scrape {
  readonly #values = new Map<string, number>();
  /** By name, as `# TYPE` says. */
  readonly types = new Map<string, string>();

  constructor(readonly text: string) {
    for (const line of text.split('\n')) {
      const [, typed, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
      if (typed !== undefined) this.types.set(typed, type!);
      const [, name, labels = '', value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name === undefined) continue;
      const series = seriesOf(name, labels.split(',').filter(Boolean));
      if (this.#values.has(series)) throw new Error(`${series} is there twice`);
      this.#values.set(series, value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value));
    }
  }

  /** `NaN` when there is no such line. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return this.#values.get(seriesOf(name, pairs)) ?? Number.NaN;
  }

  /** Of all series of a name whose labels include these. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    let sum = 0;
    for (const [series, value] of this.#values) {
      if (series.startsWith(`${name}{`) && pairs.every((pair) => series.includes(pair))) sum += value;
    }
    return sum;
  }
}

const seriesOf = (name: string, pairs: readonly string[]): string => `${name}{${[...pairs].sort().join(',')}}`;
