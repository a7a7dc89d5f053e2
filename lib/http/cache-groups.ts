import { createHash } from 'node:crypto';
import { percentEncode } from './percent-encoding.js';
import { sfList, sfString } from './structured-fields.js';
import type { TagField } from './surrogate-keys.js';

/** What every cache has to support; more may be lost. https://www.rfc-editor.org/rfc/rfc9875#section-2 */
const MOST_GROUPS = 32;
const LONGEST_GROUP = 32;

/** The groups a response belongs to. https://www.rfc-editor.org/rfc/rfc9875#section-2 */
export function cacheGroups(tags: readonly string[]): TagField {
  const groups = [...new Set(tags)].slice(0, MOST_GROUPS);
  return {
    value: groups.length === 0 ? undefined : sfList(groups.map((tag) => sfString(groupName(tag)))),
    complete: groups.length === new Set(tags).size,
  };
}

/**
 * The groups a response to this method makes caches forget; they listen to no safe one.
 * https://www.rfc-editor.org/rfc/rfc9875#section-3
 */
export function cacheGroupInvalidation(method: string, tags: readonly string[]): TagField {
  return SAFE_METHODS.has(method) ? { value: undefined, complete: tags.length === 0 } : cacheGroups(tags);
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1 */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Caches only compare them, so a long one can as well be its hash: `#` and 186 bits of it. */
function groupName(tag: string): string {
  const name = percentEncode(tag, /[^\x20-\x22\x24\x26-\x7e]/gu);
  if (name.length <= LONGEST_GROUP) return name;
  return `#${createHash('sha256')
    .update(name)
    .digest('base64url')
    .slice(0, LONGEST_GROUP - 1)}`;
}
