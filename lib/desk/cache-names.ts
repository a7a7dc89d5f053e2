/**
 * Augment this interface to have the names of your caches checked by the compiler:
 *
 * @example
 * declare module 'nestjs-hybrid-cache' {
 *   interface CacheNames { users: true; billing: true }
 * }
 */
// oxlint-disable-next-line no-empty-object-type -- there to be augmented
export interface CacheNames {}

/** A name of a cache: any text, or one of `CacheNames` once that is augmented. */
export type CacheName = [keyof CacheNames] extends [never] ? string : keyof CacheNames & string;
