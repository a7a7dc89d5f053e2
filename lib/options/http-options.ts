import type { EdgeSender } from '../edge/edge-sender.interface.js';
import { DEFAULTS } from './cache-options.defaults.js';
import type { Duration } from './duration.js';
import { duration, flag, OptionReader, record, type Problems, type Rule } from './option-reader.js';

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
  /** Purges copies at the edge when something is invalidated: `varnishXkey({ … })`, or a function of your own. Needs `surrogateKeys`. */
  readonly purge?: EdgeSender | EdgeSender['send'] | undefined;
  /** When an invalidation is purged a second time, for answers that were on their way to the edge the first time. Default 2 s, at least `maxStaleness`. */
  readonly purgeAgain?: Duration | undefined;
  /** `Age`. Without it lifetimes count from the response, for caches that don't know it, such as nginx. Default true. */
  readonly age?: boolean | undefined;
}

export interface ResolvedHttpOptions {
  readonly cacheStatus: string | false;
  readonly surrogateKeys: SurrogateKeyField | false;
  readonly cacheGroups: boolean;
  readonly age: boolean;
  readonly purge: { readonly sender: EdgeSender; readonly againMs: number } | undefined;
}

const FIELDS = ['cacheStatus', 'surrogateKeys', 'cacheGroups', 'age', 'purge', 'purgeAgain'] as const;
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

const edgeSender: Rule<EdgeSender> = {
  takes: 'varnishXkey({ … }), a function of { keys, mode, signal }, or { send, purgeAll }',
  read: (given) => {
    if (typeof given === 'function') return { send: given as EdgeSender['send'] };
    return typeof (given as Partial<EdgeSender> | null)?.send === 'function' ? (given as EdgeSender) : undefined;
  },
};

/** The `http` of a registration, complete. */
export function readHttpOptions(
  options: { readonly http?: HttpOptions | undefined },
  problems: Problems,
): ResolvedHttpOptions {
  const given = new OptionReader(options, '', problems).take('http', record<HttpOptions>(`{ ${FIELDS.join(', ')} }`));
  const reader = new OptionReader(given ?? {}, 'http', problems);
  reader.refuseUnknown(FIELDS);
  const name = reader.take('cacheStatus', statusName) ?? true;
  const surrogateKeys = reader.takeOrFalse('surrogateKeys', keyField) ?? DEFAULTS.httpSurrogateKeys;
  const sender = reader.take('purge', edgeSender);
  const againMs = reader.take('purgeAgain', duration) ?? DEFAULTS.httpPurgeAgain;
  if (sender !== undefined && surrogateKeys === false) {
    problems.add('http.purge', 'needs `http.surrogateKeys`, the header by whose names the edge finds what to purge');
  }
  return Object.freeze({
    cacheStatus: name === true ? DEFAULTS.httpCacheStatus : name,
    surrogateKeys,
    cacheGroups: reader.take('cacheGroups', flag) ?? DEFAULTS.httpCacheGroups,
    age: reader.take('age', flag) ?? DEFAULTS.httpAge,
    purge: sender === undefined ? undefined : { sender, againMs },
  });
}
