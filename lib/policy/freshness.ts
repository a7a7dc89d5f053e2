/**
 * What an entry is good for at this moment.
 * - `fresh`: an answer.
 * - `revalidate`: an answer, if somebody refreshes it.
 * - `fallback`: an answer only where the loader has none to give.
 * - `dead`: none.
 */
export type Freshness = 'fresh' | 'revalidate' | 'fallback' | 'dead';

export interface FreshnessOptions {
  /** A strong read takes nothing but the fresh. */
  readonly strong: boolean;
  readonly graceRevalidateMs: number;
  readonly graceErrorMs: number;
  /** What is older is no answer by itself; infinite while the process trusts its journal. */
  readonly answersForMs: number;
  /** Nothing older is given out, whatever the reason; at least `answersForMs`. */
  readonly maxAgeMs: number;
}

/** A pure function of the entry, of what the journal says of it, and of the time. */
export function freshnessOf(
  entry: { readonly asOf: number; readonly staleAt: number; readonly graceUntil: number },
  verdict: 'fresh' | 'soft' | 'dead',
  now: number,
  options: FreshnessOptions,
): Freshness {
  if (verdict === 'dead' || now - entry.asOf >= options.maxAgeMs) return 'dead';
  const answers = now - entry.asOf < options.answersForMs;
  const expired = now >= entry.staleAt;
  if (verdict === 'fresh' && !expired && answers) return 'fresh';
  if (options.strong) return 'dead';
  // softly invalidated, it is as good as one that has just expired, until it really expires
  if (!expired) return answers ? 'revalidate' : 'fallback';
  if (now >= entry.graceUntil) return 'dead';
  const overdueMs = now - entry.staleAt;
  if (overdueMs < options.graceRevalidateMs && answers) return 'revalidate';
  return overdueMs < Math.max(options.graceErrorMs, options.graceRevalidateMs) ? 'fallback' : 'dead';
}
