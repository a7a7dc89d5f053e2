import type { CacheDesk } from '../desk/cache-desk.js';
import type { CacheEngine } from '../desk/cache-engine.js';
import type { CacheOptions } from '../options/cache-options.interface.js';
import type { Problems } from '../options/option-reader.js';
import { READ_FIELDS } from '../options/read-options.js';
import { isCacheName } from '../options/cache-name.js';
import { CACHE_FIELDS } from '../options/resolve-options.js';

/** What a decorated method says of its cache. */
export type CacheSettings = Omit<CacheOptions, 'tags'> & { readonly cache?: string | undefined };

/** Which cache a decorated method uses: one that is declared, or one of its own. */
export class MethodCaches {
  /** The methods whose caches are called after them. */
  readonly #owners = new Set<string>();

  constructor(private readonly engine: CacheEngine) {}

  /** @param method as the method's own cache is called: `Class.method`, or `undefined` if it has no such name */
  deskFor(
    settings: CacheSettings,
    method: string | undefined,
    where: string,
    problems: Problems,
  ): CacheDesk | undefined {
    return settings.cache === undefined
      ? this.#ownCache(settings, method, where, problems)
      : this.#namedCache(settings.cache, settings, where, problems);
  }

  #ownCache(
    settings: CacheSettings,
    method: string | undefined,
    where: string,
    problems: Problems,
  ): CacheDesk | undefined {
    if (method === undefined || !isCacheName(method)) {
      problems.add(where, 'has a name that can’t name a cache; say which `cache` it uses');
      return undefined;
    }
    if (this.engine.desks.has(method)) {
      const other = this.#owners.has(method)
        ? 'another class of that name has such a method'
        : 'a cache of that name is declared';
      problems.add(where, `would get the cache ${method}, but ${other}; say which \`cache\` it uses`);
      return undefined;
    }
    this.#owners.add(method);
    return this.engine.define(method, cacheOptionsIn(settings), where, problems);
  }

  #namedCache(name: string, settings: CacheSettings, where: string, problems: Problems): CacheDesk | undefined {
    const desk = this.engine.desks.get(name);
    if (desk === undefined) {
      problems.add(where, `cache '${name}': ${this.engine.unknown(name)}`);
      return undefined;
    }
    for (const field of Object.keys(cacheOptionsIn(settings))) {
      if ((READ_FIELDS as readonly string[]).includes(field)) continue;
      problems.add(`${where}.${field}`, `belongs to the cache '${name}' as a whole: say it under caches.${name}`);
    }
    return desk;
  }
}

/** What of the settings of a method is about its cache; tags of a method are its own. */
function cacheOptionsIn(settings: CacheSettings): CacheOptions {
  const known: readonly string[] = CACHE_FIELDS;
  return Object.fromEntries(
    Object.entries(settings).filter(
      ([field, value]) => value !== undefined && field !== 'tags' && known.includes(field),
    ),
  );
}
