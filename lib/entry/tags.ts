import { CacheKeyError } from '../cache.errors.js';
import { LIMITS } from '../cache.constants.js';
import { isWellFormed } from './key-encoding.js';

/**
 * Tags of one kind can't be mistaken for another's: each kind has a prefix, and names of caches hold no colon.
 * Every entry carries the first three by itself.
 */
export const EVERYTHING = '*';
export const cacheTag = (cache: string): string => `c:${cache}`;
export const keyTag = (cache: string, key: string): string => `k:${cache}:${key}`;
export const userTag = (tag: string): string => `t:${tag}`;

/** A record on the shadow of a tag makes its entries stale but leaves them good enough for grace. */
export const softTag = (tag: string): string => `~${tag}`;
export const isSoftTag = (tag: string): boolean => tag.startsWith('~');
/** The tag whose shadow it is. */
export const tagBehind = (soft: string): string => soft.slice(1);

/** Carried by an entry with too many tags to list: it depends on every record. */
export const ANY_RECORD = '!';

/** User tags with their prefix. @throws CacheKeyError for what can't be a tag */
export function userTags(tags: unknown, describe: () => string): string[] {
  if (!Array.isArray(tags))
    throw new CacheKeyError(`${describe()}: tags have to be a list of texts, not ${typeof tags}`);
  return tags.map((tag: unknown) => {
    const isText = typeof tag === 'string';
    // half a surrogate pair wouldn't survive the way into a store: invalidating the tag would miss the entry
    if (isText && tag !== '' && tag.length <= LIMITS.tagLength && isWellFormed(tag)) return userTag(tag);
    const got = isText ? `a text of ${tag.length} characters${isWellFormed(tag) ? '' : ', not all whole'}` : typeof tag;
    throw new CacheKeyError(`${describe()}: a tag is a text of 1 to ${LIMITS.tagLength} characters; one is ${got}`);
  });
}

/** A tag with its prefix, in words. */
export function readableTag(tag: string): string {
  if (isSoftTag(tag)) return `${readableTag(tagBehind(tag))} (soft)`;
  if (tag === EVERYTHING) return 'everything';
  if (tag === ANY_RECORD) return 'any invalidation';
  const name = tag.slice(2);
  if (tag.startsWith('c:')) return `cache ${name}`;
  if (tag.startsWith('t:')) return `tag ${name}`;
  const colon = name.indexOf(':');
  return `key ${name.slice(colon + 1)} of cache ${name.slice(0, colon)}`;
}
