import { requestDirectives, type RequestDirectives } from './cache-control.js';
import { fieldValue, type RequestHeaders } from './header-fields.js';

/** Why a request goes past the cache: neither answered by it nor stored in it. */
export type PassReason = 'method' | 'body' | 'range' | 'authorization' | 'cookie' | 'no-store';

export interface AdmissionPolicy {
  /** The key says whose answer it is. */
  readonly scoped: boolean;
  /** The handler answers everybody the same. */
  readonly public: boolean;
  /** A client that may ask for fresh answers can keep the handler as busy as it likes. */
  readonly honourRequestCacheControl: boolean;
}

export interface Admission {
  readonly pass: PassReason | undefined;
  /** What is to be honoured of what it asks for. */
  readonly directives: RequestDirectives;
}

const NONE: RequestDirectives = Object.freeze({ noCache: false, noStore: false, onlyIfCached: false });

/**
 * What tells one user from another. Where a handler is neither scoped nor public, requests with them pass, so its
 * responses vary by them.
 */
export const CREDENTIAL_FIELDS = ['authorization', 'cookie'] as const;

/** Whether a request may be answered from the cache, and how. */
export function admit(
  request: { readonly method: string; readonly headers: RequestHeaders },
  policy: AdmissionPolicy,
): Admission {
  const directives = policy.honourRequestCacheControl ? requestDirectives(request.headers) : NONE;
  return { pass: passReason(request, policy, directives), directives };
}

function passReason(
  { method, headers }: { readonly method: string; readonly headers: RequestHeaders },
  policy: AdmissionPolicy,
  directives: RequestDirectives,
): PassReason | undefined {
  if (method !== 'GET' && method !== 'HEAD') return 'method';
  // a handler that reads it would answer others by it; https://www.rfc-editor.org/rfc/rfc9110#section-9.3.1
  if ((fieldValue(headers, 'content-length') ?? '0') !== '0' || has(headers, 'transfer-encoding')) return 'body';
  // https://www.rfc-editor.org/rfc/rfc9110#section-14.2
  if (has(headers, 'range')) return 'range';
  // https://www.rfc-editor.org/rfc/rfc9111#section-3.5
  const credential = CREDENTIAL_FIELDS.find((name) => has(headers, name));
  if (credential !== undefined && !policy.scoped && !policy.public) return credential;
  // https://www.rfc-editor.org/rfc/rfc9111#section-5.2.1.5
  return directives.noStore ? 'no-store' : undefined;
}

const has = (headers: RequestHeaders, name: string): boolean => fieldValue(headers, name) !== undefined;

/**
 * Whether an entry is new enough for what the request asks for. It can ask for less than the cache would give, never for
 * more. https://www.rfc-editor.org/rfc/rfc9111#section-5.2.1
 */
export function satisfies(
  entry: { readonly asOf: number; readonly staleAt: number },
  { noCache, maxAgeMs, minFreshMs, maxStaleMs }: RequestDirectives,
  now: number,
): boolean {
  if (noCache) return false;
  if (maxAgeMs !== undefined && now - entry.asOf > maxAgeMs) return false;
  const leftMs = entry.staleAt - now;
  if (minFreshMs !== undefined && leftMs < minFreshMs) return false;
  if (leftMs > 0) return true;
  // who gives an age doesn't want it stale, unless it says so too
  return maxStaleMs === undefined ? maxAgeMs === undefined : -leftMs <= maxStaleMs;
}
