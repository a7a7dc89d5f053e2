import { fieldValue, listMembers, type RequestHeaders, type ResponseHeaders } from './header-fields.js';

/** https://www.rfc-editor.org/rfc/rfc9111#section-5.2.1 */
export interface RequestDirectives {
  readonly noCache: boolean;
  readonly noStore: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAgeMs?: number;
  /** A bare `max-stale` is the longest there is. */
  readonly maxStaleMs?: number;
  readonly minFreshMs?: number;
}

/** https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2; `no-cache` and `private` for some fields only mean all. */
export interface ResponseDirectives {
  readonly noCache: boolean;
  readonly noStore: boolean;
  readonly private: boolean;
  readonly public: boolean;
  readonly mustRevalidate: boolean;
  readonly maxAgeMs?: number;
  readonly sMaxAgeMs?: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What a request says, the strictest of it where it says a thing twice. */
export function requestDirectives(headers: RequestHeaders): RequestDirectives {
  const field = fieldValue(headers, 'cache-control');
  const said: Mutable<RequestDirectives> = { noCache: false, noStore: false, onlyIfCached: false };
  // https://www.rfc-editor.org/rfc/rfc9111#section-5.4
  if (field === undefined)
    said.noCache = directivesOf(fieldValue(headers, 'pragma')).some(([name]) => name === 'no-cache');
  for (const [name, argument] of directivesOf(field)) {
    if (name === 'no-cache') said.noCache = true;
    else if (name === 'no-store') said.noStore = true;
    else if (name === 'only-if-cached') said.onlyIfCached = true;
    else if (name === 'max-age') said.maxAgeMs = shorter(said.maxAgeMs, deltaMs(argument));
    else if (name === 'max-stale')
      said.maxStaleMs = shorter(said.maxStaleMs, argument === undefined ? LONGEST_MS : deltaMs(argument));
    else if (name === 'min-fresh') said.minFreshMs = Math.max(said.minFreshMs ?? 0, deltaMs(argument));
  }
  return said;
}

/** What a response says, the strictest of it where it says a thing twice. */
export function responseDirectives(headers: ResponseHeaders): ResponseDirectives {
  const said: Mutable<ResponseDirectives> = {
    noCache: false,
    noStore: false,
    private: false,
    public: false,
    mustRevalidate: false,
  };
  for (const [name, argument] of directivesOf(fieldValue(headers, 'cache-control'))) {
    if (name === 'no-cache') said.noCache = true;
    else if (name === 'no-store') said.noStore = true;
    else if (name === 'private') said.private = true;
    else if (name === 'public') said.public = true;
    else if (name === 'must-revalidate') said.mustRevalidate = true;
    else if (name === 'max-age') said.maxAgeMs = shorter(said.maxAgeMs, deltaMs(argument));
    else if (name === 's-maxage') said.sMaxAgeMs = shorter(said.sMaxAgeMs, deltaMs(argument));
  }
  return said;
}

type Directive = readonly [name: string, argument: string | undefined];

/** Arguments may be quoted or not, whatever the directive. https://www.rfc-editor.org/rfc/rfc9111#section-5.2 */
const directivesOf = (field: string | undefined): Directive[] =>
  listMembers(field).map((member) => {
    const equals = member.indexOf('=');
    if (equals < 0) return [member.toLowerCase(), undefined];
    const argument = member.slice(equals + 1).trim();
    const isQuoted = argument.length > 1 && argument.startsWith('"') && argument.endsWith('"');
    return [
      member.slice(0, equals).trimEnd().toLowerCase(),
      isQuoted ? argument.slice(1, -1).replace(/\\(.)/gs, '$1') : argument,
    ];
  });

/** https://www.rfc-editor.org/rfc/rfc9111#section-1.2.2: more than 2^31 seconds are 2^31. */
const LONGEST_MS = 2 ** 31 * 1_000;

/** No number is no time at all. https://www.rfc-editor.org/rfc/rfc9111#section-4.2.1 */
const deltaMs = (argument: string | undefined): number =>
  argument !== undefined && /^\d+$/.test(argument) ? Math.min(Number(argument) * 1_000, LONGEST_MS) : 0;

const shorter = (before: number | undefined, ms: number): number => Math.min(before ?? ms, ms);
