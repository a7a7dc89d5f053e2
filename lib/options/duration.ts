/** A length of time: milliseconds, or a text such as `'250ms'`, `'30s'`, `'5m'`, `'1h30m'`, `'7d'`. */
export type Duration = number | string;

/** A number of bytes, or a text such as `'512kb'`, `'64mb'`, `'1gb'` (1 kb = 1,024 bytes). */
export type ByteSize = number | string;

const MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES: Readonly<Record<string, number>> = { b: 1, kb: 1_024, mb: 1_024 ** 2, gb: 1_024 ** 3 };
const TERM = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/y;

/** Milliseconds, or `undefined` for what isn't a finite duration of zero or more. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  if (typeof value !== 'string' || value === '') return undefined;
  let total = 0;
  let at = 0;
  while (at < value.length) {
    TERM.lastIndex = at;
    const term = TERM.exec(value);
    if (term === null) return undefined;
    total += Number(term[1]) * MS[term[2]!]!;
    at = TERM.lastIndex;
  }
  return Number.isFinite(total) ? total : undefined;
}

/** Bytes, or `undefined` for what isn't a size of zero or more. */
export function parseByteSize(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? Math.floor(value) : undefined;
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)(b|kb|mb|gb)$/i.exec(value) : null;
  if (match === null) return undefined;
  const bytes = Math.floor(Number(match[1]) * BYTES[match[2]!.toLowerCase()]!);
  return Number.isFinite(bytes) ? bytes : undefined;
}
