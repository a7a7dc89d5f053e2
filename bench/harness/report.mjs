const SMALL = 10;

/** @param ceiling a value that reaches it wasn't measured to its end */
export const formatted = (value, ceiling = Number.POSITIVE_INFINITY) => {
  if (typeof value !== 'number') return String(value);
  if (value >= ceiling) return `> ${formatted(ceiling)}`;
  if (Math.abs(value) >= SMALL) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toFixed(2)));
};

/** How two variants compare: least against least. */
export function compare(scenario, results) {
  return (scenario.ratios ?? []).map(({ variant, base, figure, limit }) => {
    const [ours, theirs] = [results[variant]?.figures?.[figure], results[base]?.figures?.[figure]];
    const value = ours === undefined || theirs === undefined ? undefined : ours.min / theirs.min;
    const text = `${variant} ≤ ${limit} × ${base}`;
    return { text, variant, base, limit, value, met: value === undefined ? undefined : value <= limit };
  });
}

/** The aims of a scenario and whether each is met: ratios, and what a scenario says itself. */
export const aimsOf = (scenario, results) => {
  const measured = Object.values(results).every(({ failed }) => failed === undefined);
  return [...compare(scenario, results), ...(measured ? (scenario.aims?.(results) ?? []) : [])];
};

export function printScenario(scenario, results, aims, print) {
  print(`\n${scenario.title}`);
  const base = results[scenario.base]?.figures;
  for (const [id, { label, figures, failed }] of Object.entries(results)) {
    if (failed !== undefined) {
      print(`  ${label}\n    FAILED ${failed.split('\n').slice(0, 3).join('\n    ')}`);
      continue;
    }
    const cells = Object.entries(scenario.figures).flatMap(([name, unit], index) => {
      const figure = figures[name];
      if (figure === undefined) return [];
      const spread = figure.max > figure.min ? ` (–${formatted(figure.max, scenario.ceiling)})` : '';
      const ratio =
        index === 0 && base !== undefined && id !== scenario.base
          ? ` ${(figure.min / base[name].min).toFixed(2)}×`
          : '';
      return [`${formatted(figure.min, scenario.ceiling)} ${unit}${spread}${ratio}`];
    });
    print(`  ${label.padEnd(66)} ${cells.join('   ')}`);
  }
  for (const { text, value, met } of aims) {
    print(
      `  aim: ${text}: ${value === undefined ? '' : formatted(value)} ${met === undefined ? (value === undefined ? 'not measured' : '') : met ? 'met' : 'MISSED'}`,
    );
  }
}
