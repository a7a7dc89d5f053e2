import { createHash } from 'node:crypto';
import { ANY_RECORD, EVERYTHING } from '../entry/tags.js';

const HASH_CHARACTERS = 22;

/**
 * What a tag is called where copies of responses are purged by it: a tag of the application as it is, so that it can be
 * used by hand as well; everything, a cache and a key by names that begin with a tilde. Keys are hashed, because they are
 * long and say what was asked for.
 *
 * @param tag with its prefix, but not soft
 */
export function edgeKeyOf(tag: string): string {
  if (tag === EVERYTHING) return '~all';
  if (tag === ANY_RECORD) return '~any';
  const name = tag.slice(2);
  if (tag.startsWith('c:')) return `~cache:${name}`;
  if (tag.startsWith('k:'))
    return `~key:${createHash('sha256').update(name).digest('base64url').slice(0, HASH_CHARACTERS)}`;
  return name.startsWith('~') ? `~${name}` : name;
}
