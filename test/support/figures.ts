/** What was measured, for people to read; how long something takes on a busy machine is nothing to assert. */
export function printFigures(about: string, figures: Readonly<Record<string, string | number>>): void {
  const list = Object.entries(figures).map(
    ([name, value]) => `${name} ${typeof value === 'number' ? rounded(value) : value}`,
  );
  process.stdout.write(`    ${about}: ${list.join(', ')}\n`);
}

const rounded = (value: number): string => String(Math.round(value * 100) / 100);

/** The value that this part of all values, 0 to 1, is not above. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}
