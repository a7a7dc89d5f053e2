import { flag, join, OptionReader, record, type Problems, type Rule } from './option-reader.js';

/** Where an edge looks for the names by which copies of a response are purged. */
export type SurrogateKeyField = 'surrogate-key' | 'cache-tag' | 'xkey';

/** What responses say of how they came about, and to whom. */
export interface HttpOptions {
  /** `Cache-Status` (RFC 9211) under this name; `false`: not sent. Default `nestjs-hybrid-cache`. */
  readonly cacheStatus?: string | boolean | undefined;
  /** The header with the tags of a response for the edge: `surrogate-key` (Fastly), `cache-tag` (Cloudflare), `xkey` (Varnish). Default none. */
  readonly surrogateKeys?: SurrogateKeyField | false | undefined;
  /** Tags for caches that know `Cache-Groups` and `Cache-Group-Invalidation` (RFC 9875). Clients see them. Default false. */
  readonly cacheGroups?: boolean | undefined;
  /** `Age`. Without it lifetimes count from the response, for caches that don't know it, such as nginx. Default true. */
  readonly age?: boolean | undefined;
}

export interface ResolvedHttpOptions {
  readonly cacheStatus: string | false;
  readonly surrogateKeys: SurrogateKeyField | false;
  readonly cacheGroups: boolean;
  readonly age: boolean;
}

const DEFAULT_STATUS_NAME = 'nestjs-hybrid-cache';

const statusName: Rule<string | boolean> = {
  takes: 'true, false, or a name of printable characters',
  read: (given) => {
    if (typeof given === 'boolean') return given;
    return typeof given === 'string' && /^[\x21-\x7e]{1,100}$/.test(given) ? given : undefined;
  },
};

const keyField: Rule<SurrogateKeyField> = {
  takes: "'surrogate-key', 'cache-tag' or 'xkey'",
  read: (given) => (['surrogate-key', 'cache-tag', 'xkey'] as const).find((field) => field === given),
};

/** The `http` of a registration, complete. */
export function readHttpOptions(
  options: { readonly http?: HttpOptions | undefined },
  problems: Problems,
): ResolvedHttpOptions {
  const given = new OptionReader(options, '', problems).take(
    'http',
    record<HttpOptions>('{ cacheStatus, surrogateKeys, cacheGroups, age }'),
  );
  const reader = new OptionReader(given ?? {}, join('', 'http'), problems);
  reader.refuseUnknown(['cacheStatus', 'surrogateKeys', 'cacheGroups', 'age']);
  const name = reader.take('cacheStatus', statusName) ?? true;
  return Object.freeze({
    cacheStatus: name === true ? DEFAULT_STATUS_NAME : name,
    surrogateKeys: reader.takeOrFalse('surrogateKeys', keyField) ?? false,
    cacheGroups: reader.take('cacheGroups', flag) ?? false,
    age: reader.take('age', flag) ?? true,
  });
}
