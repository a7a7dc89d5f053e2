import { sfDictionary } from './structured-fields.js';

export interface EdgeLifetime {
  readonly maxAgeMs: number;
  readonly staleWhileRevalidateMs?: number;
  readonly staleIfErrorMs?: number;
}

export interface FreshnessHeaderOptions {
  /** How long any cache may answer by itself. Without this and `sMaxAgeMs` none may. */
  readonly maxAgeMs?: number;
  /** How long a shared cache may. */
  readonly sMaxAgeMs?: number;
  /** Browsers take this one to heart too; `edge` has its own. */
  readonly staleWhileRevalidateMs?: number;
  readonly staleIfErrorMs?: number;
  /** The handler answers everybody the same. */
  readonly public: boolean;
  /** The answer is somebody's own: no shared cache gets it. */
  readonly scoped: boolean;
  readonly immutable?: boolean;
  /** What a CDN is told instead. `'forbidden'`: it couldn't be purged there, so no shared cache may store it. */
  readonly edge?: EdgeLifetime | 'forbidden';
  /**
   * `false` for the sake of caches that don't subtract `Age`, such as nginx (https://github.com/nginx/nginx/issues/1234):
   * it isn't sent, and lifetimes count from now.
   */
  readonly sendAge?: boolean;
}

/** Belong together: a lifetime is right only with the `Age` beside it. */
export interface FreshnessHeaders {
  readonly 'cache-control': string;
  readonly 'cdn-cache-control'?: string;
  readonly age?: string;
}

/** How long an entry is good for where an invalidation can't reach. */
export function freshnessHeaders(
  entry: { readonly asOf: number; readonly staleAt: number; readonly graceUntil: number },
  options: FreshnessHeaderOptions,
  now: number,
): FreshnessHeaders {
  // a node with a faster clock may have made it
  const from = Math.max(now, entry.asOf);
  const ageS = options.sendAge === false ? 0 : seconds(from - entry.asOf);
  const rest = { ageS, freshS: seconds(entry.staleAt - from), graceS: seconds(entry.graceUntil - from) };
  const { edge, sMaxAgeMs, ...others } = options;
  const isPrivate = options.scoped || edge === 'forbidden';
  return {
    'cache-control': sfDictionary({
      private: isPrivate,
      public: options.public && !isPrivate,
      ...lifetimes(isPrivate || sMaxAgeMs === undefined ? others : { ...others, sMaxAgeMs }, rest),
    }),
    // of its own, as a targeted field overrides the other; https://www.rfc-editor.org/rfc/rfc9213#section-2.1
    ...(edge === 'forbidden' && { 'cdn-cache-control': 'no-store' }),
    ...(typeof edge === 'object' && !isPrivate && { 'cdn-cache-control': sfDictionary(lifetimes(edge, rest)) }),
    ...(options.sendAge !== false && { age: String(ageS) }),
  };
}

type Lifetimes = Pick<
  FreshnessHeaderOptions,
  'maxAgeMs' | 'sMaxAgeMs' | 'staleWhileRevalidateMs' | 'staleIfErrorMs' | 'immutable'
>;

/**
 * A receiver takes a response for fresh while `max-age > Age + delay + time it has had it`
 * (https://www.rfc-editor.org/rfc/rfc9111#section-4.2). So what it may have, at most what is left of the entry, is sent
 * with the age on top: it is subtracted again. Seconds are cut, of both, and what it is stale for is counted from the
 * end of that: nothing is answered after `staleAt`, nor stale after `graceUntil`.
 */
function lifetimes(
  { maxAgeMs, sMaxAgeMs, staleWhileRevalidateMs, staleIfErrorMs, immutable }: Lifetimes,
  { ageS, freshS, graceS }: { readonly ageS: number; readonly freshS: number; readonly graceS: number },
): Record<string, number | boolean | undefined> {
  if (maxAgeMs === undefined && sMaxAgeMs === undefined) return { 'max-age': 0, 'must-revalidate': true };
  const anyS = Math.min(seconds(maxAgeMs), freshS);
  const sharedS = Math.min(seconds(sMaxAgeMs), freshS);
  const leftS = graceS - Math.max(anyS, sharedS);
  const stale = (ms: number | undefined): number => Math.max(0, Math.min(seconds(ms), leftS));
  // https://www.rfc-editor.org/rfc/rfc5861
  const whileRevalidateS = stale(staleWhileRevalidateMs);
  const ifErrorS = stale(staleIfErrorMs);
  const isStrict = whileRevalidateS === 0 && ifErrorS === 0;
  // stale time begins where the lifetime ends, so even none has to be told with the age where some of it is allowed
  const asSent = (freshS: number): number => (freshS === 0 && isStrict ? 0 : Math.min(freshS + ageS, LONGEST_S));
  return {
    'max-age': asSent(anyS),
    's-maxage': sMaxAgeMs !== undefined && asSent(sharedS),
    // https://www.rfc-editor.org/rfc/rfc8246
    immutable: immutable === true && anyS > 0,
    // would forbid the stale ones; https://www.rfc-editor.org/rfc/rfc9111#section-4.2.4
    'must-revalidate': isStrict,
    'stale-while-revalidate': whileRevalidateS > 0 && whileRevalidateS,
    'stale-if-error': ifErrorS > 0 && ifErrorS,
  };
}

/** https://www.rfc-editor.org/rfc/rfc9111#section-1.2.2 */
const LONGEST_S = 2 ** 31;

const seconds = (ms = 0): number => (ms > 0 ? Math.min(Math.floor(ms / 1_000), LONGEST_S) : 0);
