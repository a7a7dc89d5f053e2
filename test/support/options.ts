import { CacheConfigurationError } from '../../lib/cache.errors.js';
import type { CacheModuleOptions, ReadOptions } from '../../lib/options/cache-options.interface.js';
import { Problems } from '../../lib/options/option-reader.js';
import { overrideReadOptions } from '../../lib/options/read-options.js';
import { resolveCacheOptions, resolveModuleOptions } from '../../lib/options/resolve-options.js';
import type {
  ResolvedCacheOptions,
  ResolvedModuleOptions,
  ResolvedReadOptions,
} from '../../lib/options/resolved-options.js';

export interface Resolved {
  readonly module: ResolvedModuleOptions;
  readonly caches: Readonly<Record<string, ResolvedCacheOptions>>;
  /** Each as `where: problem`. */
  readonly problems: readonly string[];
}

/** Options of a module and its caches as the start of an application reads them. `unknown`: wrong ones are to be refused. */
export function resolved(options: object): Resolved {
  const given = options as CacheModuleOptions;
  const problems = new Problems();
  const { module, base } = resolveModuleOptions(given, [], problems);
  const caches = Object.fromEntries(
    Object.entries(given.caches ?? {}).map(([name, cache]) => [
      name,
      resolveCacheOptions(name, `caches.${name}`, cache, base, problems),
    ]),
  );
  return { module, caches, problems: listOf(problems) };
}

/** One cache of a module. */
export const resolvedCache = (
  cache: object,
  module: object = {},
): ResolvedCacheOptions & { problems: readonly string[] } => {
  const { caches, problems } = resolved({ ...module, caches: { users: cache } });
  return { ...caches['users']!, problems };
};

/** A layer of read options over others. */
export function layered(base: ResolvedReadOptions, ...layers: readonly ReadOptions[]): ResolvedReadOptions {
  const problems = new Problems();
  const result = layers.reduce<ResolvedReadOptions>(
    (below, layer) => overrideReadOptions(below, layer, 'layer', problems),
    base,
  );
  problems.throwIfAny();
  return result;
}

function listOf(problems: Problems): string[] {
  try {
    problems.throwIfAny();
    return [];
  } catch (error) {
    return (error as CacheConfigurationError).problems.map(({ where, problem }) => `${where}: ${problem}`);
  }
}
