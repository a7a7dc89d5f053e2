// Words and numbers for people.

/** What can't be seen, or turns around what follows, becomes something to see. */
export const visible = (text) =>
  String(text).replaceAll(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0).toString(16)}}`,
  );

export const shortened = (text, most = 200) => (text.length > most ? `${text.slice(0, most)}…` : text);

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export const fine = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

const finest = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });

export const number = (value) => whole.format(value ?? 0);

export const percent = (part, all) => (all > 0 ? `${fine.format((100 * part) / all)} %` : '–');

export const clock = (at) => new Date(at).toLocaleTimeString('en-GB');

export const bytes = (value) => {
  if (value < 1_024) return `${number(value)} B`;
  return value < 1_048_576 ? `${fine.format(value / 1_024)} kB` : `${fine.format(value / 1_048_576)} MB`;
};

export function span(ms) {
  const size = Math.abs(ms);
  if (size < 10) return `${finest.format(ms)} ms`;
  if (size < 1_000) return `${fine.format(ms)} ms`;
  if (size < 60_000) return `${fine.format(ms / 1_000)} s`;
  if (size < 3_600_000) return `${fine.format(ms / 60_000)} min`;
  return size < 172_800_000 ? `${fine.format(ms / 3_600_000)} h` : `${fine.format(ms / 86_400_000)} days`;
}

/** What the hits would have taken, had they been loads. */
export const savedMs = ({ hits, loads, loadMs }) => (loads > 0 ? (hits * loadMs) / loads : 0);
