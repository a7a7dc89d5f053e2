import { percentEncode } from './percent-encoding.js';

/** Parsers stop somewhere (qs and Node's own after 1,000), and what they have read by then depends on the order. */
const MOST_PARAMETERS = 100;

/** Printable ASCII with no `#`, and in the path no `;`. */
const PLAIN = /^\/[\x21\x22\x24-\x3a\x3c-\x3e\x40-\x7e]*(?:\?[\x21\x22\x24-\x7e]*)?$/;

/**
 * `/path?query` of a request, the same for those a handler can't tell apart, and for no others. Where servers disagree
 * about what is what, a target is its own, with a `!` in front; merging such would let one answer in the place of
 * another. A `;` begins the query in Fastify 4. A `#` has no business in a request
 * (https://www.rfc-editor.org/rfc/rfc9112#section-3.2): Express cuts it with what follows, find-my-way reads that as the
 * query. The names of parameters may not decode.
 * @param allowed the parameters that make a difference, each with its `name[…]`; all, if it isn't given
 */
export function canonicalTarget(url: string, allowed?: readonly string[]): string {
  const mark = url.indexOf('?');
  const query = PLAIN.test(url) ? canonicalQuery(mark < 0 ? '' : url.slice(mark + 1), allowed) : undefined;
  if (query === undefined) return `!${url}`;
  return canonicalPath(mark < 0 ? url : url.slice(0, mark)) + (query === '' ? '' : `?${query}`);
}

/**
 * https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2, but for dot segments, which a handler may see. With a malformed
 * escape it stays as it is: `%%411` would come out as `%A1`, which is something else.
 */
function canonicalPath(path: string): string {
  if (!path.includes('%') || /%(?![0-9A-Fa-f]{2})/.test(path)) return path;
  return path.replace(/%[0-9A-Fa-f]{2}/g, (escaped) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return /[A-Za-z0-9\-._~]/.test(character) ? character : escaped.toUpperCase();
  });
}

/**
 * Sorted by name, as the order of different ones makes no difference. That of equal ones does, and that of `a[]` and
 * `a[0]`, which some parsers put into one list: such keep theirs.
 */
function canonicalQuery(query: string, allowed: readonly string[] | undefined): string | undefined {
  const parameters = query.split('&').filter((parameter) => parameter !== '');
  if (parameters.length > MOST_PARAMETERS) return undefined;
  const wanted = allowed?.map((name) => percentEncode(name, ESCAPED_BY_FORMS));
  const kept: { readonly base: string; readonly text: string }[] = [];
  for (const parameter of parameters) {
    const equals = parameter.indexOf('=');
    const name = canonicalComponent(equals < 0 ? parameter : parameter.slice(0, equals));
    if (name === undefined) return undefined;
    if (wanted?.some((one) => name === one || name.startsWith(`${one}%5B`)) === false) continue;
    const value = equals < 0 ? '' : parameter.slice(equals);
    // what doesn't decode stays as it is: nothing that does can look like it
    const text = name + (value === '' ? '' : `=${canonicalComponent(value.slice(1)) ?? value.slice(1)}`);
    kept.push({ base: name.split('%5B', 1)[0]!, text });
  }
  kept.sort((a, b) => (a.base < b.base ? -1 : Number(a.base > b.base)));
  return kept.map(({ text }) => text).join('&');
}

/** All that `encodeURIComponent` escapes, for names it would throw at. */
const ESCAPED_BY_FORMS = /[^A-Za-z0-9\-_.!~*'()]/gu;

/**
 * As a form decodes and encodes it, `+` being a space: https://url.spec.whatwg.org/#urlencoded-parsing; `undefined` for
 * what doesn't decode, of which every parser makes something else.
 */
function canonicalComponent(component: string): string | undefined {
  try {
    return encodeURIComponent(decodeURIComponent(component.replaceAll('+', ' ')));
  } catch {
    return undefined;
  }
}
