import { createHash } from 'node:crypto';
import { fieldValue, type ResponseHeaders } from './header-fields.js';

/** 16 bytes as base64url. */
const DIGEST_LENGTH = 22;

/** Nobody has more copies than this of one resource; the rest of a list isn't looked at. */
const MOST_TAGS = 256;

/** What else a representation is, besides its bytes. https://www.rfc-editor.org/rfc/rfc9110#section-8 */
const describesRepresentation = (name: string): boolean =>
  (name.startsWith('content-') && name !== 'content-length') || name === 'link' || name === 'location';

/**
 * A validator made from the content: of two responses it is the same if and only if they are. A strong one is wrong if
 * something behind the cache still changes the bytes, such as compressing middleware.
 * https://www.rfc-editor.org/rfc/rfc9110#section-8.8.1
 */
export function entityTag(
  parts: {
    readonly status: number;
    readonly body: string | Uint8Array | undefined;
    /** Those that don't describe the representation don't count. */
    readonly headers: ResponseHeaders;
  },
  strength: 'weak' | 'strong',
): string {
  const hash = createHash('sha256').update(`${parts.status};`);
  for (const name of Object.keys(parts.headers).filter(describesRepresentation).sort()) {
    const value = fieldValue(parts.headers, name);
    if (value !== undefined) hash.update(JSON.stringify([name, value]));
  }
  hash.update(';').update(parts.body ?? '');
  return `${strength === 'weak' ? 'W/' : ''}"${hash.digest('base64url').slice(0, DIGEST_LENGTH)}"`;
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3: no escapes, so a backslash is just one. */
const ENTITY_TAG = '(?<weak>W/)?"(?<opaque>[\\x21\\x23-\\x7e\\x80-\\xff]*)"';
const SINGLE = new RegExp(`^${ENTITY_TAG}$`);
const MEMBER = new RegExp(`[\\t ,]*${ENTITY_TAG}[\\t ]*(?:,|$)`, 'y');
const REST = /[\t ,]*$/y;

/**
 * Whether a list as in `If-None-Match` (weak comparison) and `If-Match` (strong) names the current representation.
 * One that is malformed anywhere names none. https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.2
 */
export function namesEntityTag(field: string, current: string | undefined, comparison: 'weak' | 'strong'): boolean {
  if (field.trim() === '*') return true;
  const own = SINGLE.exec(current ?? '')?.groups;
  let named = false;
  let at = 0;
  for (let count = 0; count < MOST_TAGS && at < field.length; count++) {
    MEMBER.lastIndex = at;
    const tag = MEMBER.exec(field)?.groups;
    if (tag === undefined) {
      REST.lastIndex = at;
      return named && REST.test(field);
    }
    at = MEMBER.lastIndex;
    const isWeak = tag['weak'] !== undefined || own?.['weak'] !== undefined;
    if (tag['opaque'] === own?.['opaque'] && (comparison === 'weak' || !isWeak)) named = true;
  }
  return named;
}
