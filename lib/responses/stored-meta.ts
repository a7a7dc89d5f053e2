import type { StoredResponse } from '../http/conditional.js';
import { entityTag } from '../http/etag.js';
import type { ResponseHeaders } from '../http/header-fields.js';
import { unstorable, type UnstorableReason } from '../http/storable.js';
import { storedHeaders } from '../http/stored-headers.js';
import { representationOf } from './handler-result.js';
import type { ResponsePolicy } from './response-policy.js';

/** What is kept of a response beside its body. */
export interface StoredMeta extends StoredResponse {
  readonly headers: Record<string, string | string[]>;
  /** It is for those who wait for it, and isn't kept. */
  readonly isPassing?: boolean;
}

/** A response as its handler made it. */
export interface MadeResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: unknown;
}

/** What to keep of a response, and why it isn't for later requests, or not even for those that wait for it. */
export interface Assessment {
  readonly meta: StoredMeta;
  readonly unstorable: UnstorableReason | undefined;
}

export function assess(
  { status, headers, body }: MadeResponse,
  policy: ResponsePolicy,
  validates: boolean,
): Assessment {
  const kept = storedHeaders(headers);
  const representation =
    validates && policy.etag !== false && kept['etag'] === undefined ? representationOf(body) : undefined;
  if (representation !== undefined && policy.etag !== false) {
    kept['etag'] = entityTag({ status, body: representation, headers: kept }, policy.etag);
  }
  return { meta: { status, headers: kept }, unstorable: unstorable({ status, headers }, policy.store) };
}

/** The headers that a handler has set, or set otherwise. */
export function changedHeaders(before: ResponseHeaders, after: ResponseHeaders): ResponseHeaders {
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => !isSame(before[name], value)));
}

type FieldValue = ResponseHeaders[string];

const isSame = (one: FieldValue, other: FieldValue): boolean =>
  Array.isArray(one) && Array.isArray(other)
    ? one.length === other.length && one.every((item, index) => item === other[index])
    : one === other;

/** What the header of an entry holds beside its value, if it is of a response. */
export function metaOf(meta: unknown): StoredMeta | undefined {
  const given = meta as Partial<StoredMeta> | null | undefined;
  return typeof given?.status === 'number' && typeof given.headers === 'object' ? (given as StoredMeta) : undefined;
}
