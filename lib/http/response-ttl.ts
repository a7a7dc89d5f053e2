import { responseDirectives } from './cache-control.js';
import type { ResponseHeaders } from './header-fields.js';
import { parseHttpDate } from './http-date.js';

/** The headers of a response as `fetch`, Node, axios or got give them. */
export type ResponseHeadersLike = { get(name: string): string | null | undefined } | Readonly<Record<string, unknown>>;

export interface HttpTtlOptions {
  /** Whether the entry is for more than one user, so that what is `private` isn't kept. Default true. */
  readonly shared?: boolean | undefined;
  /** When the response came, epoch ms. Default: now. */
  readonly now?: number | undefined;
}

const NAMES = ['cache-control', 'expires', 'date', 'age', 'vary'];

/**
 * How long the response of another service may be kept, ms: what is left of its freshness lifetime; 0 where it may not be
 * kept or not be used without asking again, `undefined` where it says nothing.
 * https://www.rfc-editor.org/rfc/rfc9111#section-4.2
 *
 * @example
 * const response = await fetch(url);
 * currentLoad().ttl(httpTtl(response));
 */
export function httpTtl(
  response: { readonly headers: ResponseHeadersLike },
  { shared = true, now = Date.now() }: HttpTtlOptions = {},
): number | undefined {
  const headers = readHeaders(response.headers);
  const said = responseDirectives(headers);
  if (said.noStore || said.noCache || (shared && said.private) || headers['vary'] === '*') return 0;
  const lifetimeMs = (shared ? said.sMaxAgeMs : undefined) ?? said.maxAgeMs ?? expiresInMs(headers, now);
  return lifetimeMs === undefined ? undefined : Math.max(0, lifetimeMs - ageMs(headers, now));
}

/** From the clock of whoever answered, which may not be ours. https://www.rfc-editor.org/rfc/rfc9111#section-5.3 */
function expiresInMs({ expires, date }: ResponseHeaders, now: number): number | undefined {
  if (expires === undefined) return undefined;
  const at = parseHttpDate(String(expires), now);
  // what is no date, above all 0, is a time in the past
  return at === undefined ? 0 : Math.max(0, at - (dateMs(date, now) ?? now));
}

/** https://www.rfc-editor.org/rfc/rfc9111#section-4.2.3, without the time on the way, which nobody has measured */
function ageMs({ age, date }: ResponseHeaders, now: number): number {
  const said = /^\d+$/.test(String(age)) ? Number(age) * 1_000 : 0;
  const apparent = age === undefined ? Math.max(0, now - (dateMs(date, now) ?? now)) : 0;
  return Math.max(said, apparent);
}

const dateMs = (date: ResponseHeaders[string], now: number): number | undefined =>
  date === undefined ? undefined : parseHttpDate(String(date), now);

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

function readHeaders(headers: ResponseHeadersLike): ResponseHeaders {
  const { get } = headers as { get?: unknown };
  const found: Record<string, string> = {};
  if (typeof get === 'function') {
    for (const name of NAMES) found[name] = (headers as { get(name: string): string | null }).get(name) ?? '';
  } else {
    for (const [name, value] of Object.entries(headers)) {
      const known = NAMES.find((each) => each === name.toLowerCase());
      if (known !== undefined) found[known] = Array.isArray(value) ? value.join(', ') : textOf(value);
    }
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== ''));
}
