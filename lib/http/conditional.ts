import { namesEntityTag } from './etag.js';
import { fieldValue, type RequestHeaders, type ResponseHeaders } from './header-fields.js';
import { parseHttpDate } from './http-date.js';

export interface StoredResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
}

/** What a GET or HEAD gets that may have asked for something only if it has changed, or hasn't. */
export function evaluatePreconditions(
  request: RequestHeaders,
  stored: StoredResponse,
  now: number,
): 'send' | 'not-modified' | 'precondition-failed' {
  // https://www.rfc-editor.org/rfc/rfc9110#section-13.2.1
  if (stored.status < 200 || stored.status > 299) return 'send';
  const etag = fieldValue(stored.headers, 'etag');
  const modifiedAt = dateOf(stored.headers, 'last-modified', now);
  // the order is that of https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2
  const ifMatch = fieldValue(request, 'if-match');
  if (ifMatch !== undefined) {
    if (!namesEntityTag(ifMatch, etag, 'strong')) return 'precondition-failed';
  } else {
    // https://www.rfc-editor.org/rfc/rfc9110#section-13.1.4: without a date on either side it doesn't count
    const since = dateOf(request, 'if-unmodified-since', now);
    if (since !== undefined && modifiedAt !== undefined && modifiedAt > since) return 'precondition-failed';
  }
  const ifNoneMatch = fieldValue(request, 'if-none-match');
  if (ifNoneMatch !== undefined) return namesEntityTag(ifNoneMatch, etag, 'weak') ? 'not-modified' : 'send';
  // https://www.rfc-editor.org/rfc/rfc9110#section-13.1.3
  const since = dateOf(request, 'if-modified-since', now);
  return since !== undefined && modifiedAt !== undefined && modifiedAt <= since ? 'not-modified' : 'send';
}

const dateOf = (headers: ResponseHeaders, name: string, now: number): number | undefined => {
  const value = fieldValue(headers, name);
  return value === undefined ? undefined : parseHttpDate(value, now);
};

/**
 * The fields of the full response that a 304 has too: all but those that describe a representation it doesn't carry.
 * https://www.rfc-editor.org/rfc/rfc9110#section-15.4.5
 */
export function notModifiedHeaders(headers: ResponseHeaders): ResponseHeaders {
  const hasTag = fieldValue(headers, 'etag') !== undefined;
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) =>
        (!name.startsWith('content-') || name === 'content-location') && !(name === 'last-modified' && hasTag),
    ),
  );
}
