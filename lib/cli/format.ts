const UNITS = ['b', 'kb', 'mb', 'gb', 'tb'] as const;

/** `'1.2 mb'`; 1 kb is 1,024 bytes. */
export function bytesText(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  for (; amount >= 1_024 && unit < UNITS.length - 1; unit++) amount /= 1_024;
  return `${unit === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[unit]}`;
}

const SPANS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** `'1h 4m'`, `'12s'`, `'250ms'`: the two largest parts of it. */
export function spanText(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  const first = SPANS.findIndex(([, size]) => whole >= size);
  if (first < 0) return `${whole}ms`;
  const [unit, size] = SPANS[first]!;
  const text = `${Math.floor(whole / size)}${unit}`;
  const next = SPANS[first + 1];
  const rest = next === undefined ? 0 : Math.floor((whole % size) / next[1]);
  return rest === 0 ? text : `${text} ${rest}${next![0]}`;
}

/** In UTC, to the millisecond: `'2026-11-26 16:24:24.123Z'`. */
export const timeText = (ms: number): string => new Date(ms).toISOString().replace('T', ' ');

/** `'1,234'`. */
export const countText = (count: number): string => Math.round(count).toLocaleString('en-US');

const writtenOut = (char: string): string => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;

/** What a terminal might take for a command is written out, and long texts are cut. */
export function printable(text: string, most = 100): string {
  const clean = printableLines(text).replaceAll('\n', writtenOut);
  return clean.length > most ? `${clean.slice(0, most - 1)}…` : clean;
}

/** The same for a text of several lines, as long as it is. */
export const printableLines = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, writtenOut);

/** `'1 entry'`, `'2 entries'`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : many}`;
