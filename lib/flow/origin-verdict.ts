import { CacheError, CacheLoadFailedError, CacheTimeoutError } from '../cache.errors.js';
import type { LoadVerdict } from '../policy/load-breaker.js';

/**
 * What an error of a loader says of its origin, where nobody said which ones count: it failed, unless
 * - the origin answered, and the answer is that the request was wrong (a status 4xx but 408, 425 and 429);
 * - the load was called off (an AbortError), or it is an error of a cache: then nothing is known of the origin.
 */
export function verdictOf(error: unknown): LoadVerdict {
  if (error instanceof CacheError) return isOfTheLoader(error) ? 'failed' : 'ignored';
  if (typeof error !== 'object' || error === null) return 'failed';
  if ((error as { name?: unknown }).name === 'AbortError') return 'ignored';
  const status = statusOf(error);
  const isAnswer = status !== undefined && status >= 400 && status < 500 && !TRY_LATER.has(status);
  return isAnswer ? 'good' : 'failed';
}

const isOfTheLoader = (error: CacheError): boolean =>
  error instanceof CacheLoadFailedError || error instanceof CacheTimeoutError;

/** Request timeout, too early, too many requests. */
const TRY_LATER: ReadonlySet<number> = new Set([408, 425, 429]);

/** The HTTP status of an error: of Nest's HttpException, or as most clients and libraries have it. */
function statusOf(error: object): number | undefined {
  const { getStatus, status, statusCode, response } = error as Readonly<Record<string, unknown>>;
  const candidates = [
    typeof getStatus === 'function' ? (error as { getStatus(): unknown }).getStatus() : undefined,
    status,
    statusCode,
    (response as { status?: unknown } | null | undefined)?.status,
  ];
  return candidates.find((candidate): candidate is number => typeof candidate === 'number');
}
