import type { ExecutionContext } from '@nestjs/common';
import type { MethodReadSettings } from '../bindings/method-plan.js';
import type { Duration } from '../options/duration.js';

/** How long a cache of the edge may answer by itself, told to it alone (`CDN-Cache-Control`, RFC 9213). */
export interface EdgeLifetimeOptions {
  readonly maxAge: Duration;
  readonly staleWhileRevalidate?: Duration | undefined;
  readonly staleIfError?: Duration | undefined;
}

/** What can be said of the responses of a handler, besides what can be said of any cache. */
export interface ResponseOptions {
  /** The answer is the same for everybody, whoever asks: requests with credentials are answered from the cache too. Default false. */
  readonly public?: boolean | undefined;
  /** Whose answer it is, for example the id of the user; part of the key. Requests with credentials are cached only with this or `public`. */
  readonly scope?: ((context: ExecutionContext) => string) | undefined;
  /** The key, made of the raw request; `undefined`: this one isn't cached. Default: method, handler, path, query, version, `vary`. */
  readonly requestKey?: ((context: ExecutionContext) => string | undefined) | undefined;
  /** The parameters of the query that make a difference. Default: all of them, in any order. */
  readonly query?: readonly string[] | undefined;
  /** Request headers that make a difference, for example `Accept-Language`; they become part of the key and of `Vary`. */
  readonly vary?: readonly string[] | undefined;
  /** Statuses that are stored besides the successful ones (2xx, without 206). Default none. */
  readonly statuses?: readonly number[] | undefined;
  /** What the validator promises: `weak` (default), `strong` if nothing behind the cache changes the bytes, `false` for none. */
  readonly etag?: 'weak' | 'strong' | false | undefined;
  /** How long any other cache, a browser's too, may answer by itself, out of reach of an invalidation. Default: not at all. */
  readonly maxAge?: Duration | undefined;
  /** The same for shared caches (`s-maxage`). */
  readonly sMaxAge?: Duration | undefined;
  /** How long after that they may answer while they ask anew (RFC 5861). */
  readonly staleWhileRevalidate?: Duration | undefined;
  /** How long after that they may answer if they get an error (RFC 5861). */
  readonly staleIfError?: Duration | undefined;
  /** What the edge is told instead of the two above. */
  readonly edge?: EdgeLifetimeOptions | undefined;
  /** Whether `Cache-Control` of a request counts: whoever may say `no-cache` can keep the handler busy. Default false. */
  readonly honourRequestCacheControl?: boolean | undefined;
}

/** Everything a handler may say. `scope` means something else for a cache as a whole. */
export type ResponseSettings = Omit<MethodReadSettings, 'scope' | 'key' | 'condition' | 'returns'> & ResponseOptions;

export const RESPONSE_FIELDS = [
  'public',
  'scope',
  'requestKey',
  'query',
  'vary',
  'statuses',
  'etag',
  'maxAge',
  'sMaxAge',
  'staleWhileRevalidate',
  'staleIfError',
  'edge',
  'honourRequestCacheControl',
] as const satisfies readonly (keyof ResponseOptions)[];
