import { canonicalTarget } from './request-target.js';

export interface RequestParts {
  readonly method: string;
  /** `Class.handler`: which one answers may depend on more than the URL. */
  readonly route: string;
  /** As it was sent, path and query. */
  readonly url: string;
  /** Where it makes a difference. */
  readonly host?: string | undefined;
  /** By `varyKey`. */
  readonly vary?: string | undefined;
}

const text = (value: string | undefined): string => (value === undefined ? '-' : `${value.length}:${value}`);

/**
 * The key of a request: two get the same only if a handler can't tell them apart, for all that was declared. As long as
 * its parts. https://www.rfc-editor.org/rfc/rfc9111#section-2
 * @param query the parameters that make a difference; all, if it isn't given
 */
export function requestKey(parts: RequestParts, query?: readonly string[]): string {
  return [
    // https://www.rfc-editor.org/rfc/rfc9110#section-9.3.2: the fields of a HEAD are those of the GET
    text(parts.method === 'HEAD' ? 'GET' : parts.method),
    text(parts.route),
    text(parts.host?.toLowerCase()),
    text(parts.vary),
    canonicalTarget(parts.url, query),
  ].join(' ');
}
