import { responseDirectives } from './cache-control.js';
import { fieldValue, type ResponseHeaders } from './header-fields.js';
import { undeclaredVary } from './vary.js';

/** Why a response isn't stored. */
export type UnstorableReason = 'status' | 'content-range' | 'set-cookie' | 'no-store' | 'no-cache' | 'private' | 'vary';

export interface StorePolicy {
  /** The key says whose answer it is. */
  readonly scoped: boolean;
  /** The request fields that are part of the key, by `varyNames`. */
  readonly vary: readonly string[];
  /** More than the successful ones. */
  readonly statuses?: readonly number[];
}

/** Why a response may not be stored, by what the handler has said of it; `undefined` if it may. */
export function unstorable(
  response: {
    readonly status: number;
    /** Those of the handler: other people's, such as `Vary: Origin`, aren't about what it answered. */
    readonly headers: ResponseHeaders;
  },
  policy: StorePolicy,
): UnstorableReason | undefined {
  const { status, headers } = response;
  if (!isWhole(status) || !(isSuccessful(status) || (policy.statuses ?? []).includes(status))) return 'status';
  if (has(headers, 'content-range')) return 'content-range';
  // https://www.rfc-editor.org/rfc/rfc9111#section-7.3
  if (has(headers, 'set-cookie')) return 'set-cookie';
  // https://www.rfc-editor.org/rfc/rfc9111#section-3
  const directives = responseDirectives(headers);
  if (directives.noStore) return 'no-store';
  if (directives.noCache) return 'no-cache';
  if (directives.private && !policy.scoped) return 'private';
  return undeclaredVary(fieldValue(headers, 'vary'), policy.vary).length > 0 ? 'vary' : undefined;
}

const isSuccessful = (status: number): boolean => status >= 200 && status <= 299;

/** Neither interim, nor a part, nor an answer to somebody's condition. */
const isWhole = (status: number): boolean => status >= 200 && status !== 206 && status !== 304;

const has = (headers: ResponseHeaders, name: string): boolean => fieldValue(headers, name) !== undefined;
