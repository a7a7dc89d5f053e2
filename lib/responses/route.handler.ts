import {
  GatewayTimeoutException,
  PreconditionFailedException,
  type CallHandler,
  type ExecutionContext,
} from '@nestjs/common';
import { from, of, type Observable } from 'rxjs';
import { CacheKeyError } from '../cache.errors.js';
import type { CacheDesk } from '../desk/cache-desk.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import { scopedKey } from '../entry/key-encoding.js';
import type { LoadCollector, LoadContext } from '../flow/load-collector.js';
import { currentScope } from '../flow/scope.js';
import type { RequestDirectives } from '../http/cache-control.js';
import { admit, satisfies } from '../http/request-admission.js';
import { requestKey } from '../http/request-key.js';
import { varyKey } from '../http/vary.js';
import type { ResolvedHttpOptions } from '../options/http-options.js';
import type { ReadRequest } from '../flow/reader.js';
import type { ResolvedReadOptions } from '../options/resolved-options.js';
import type { Handler } from './handler.js';
import type { RouteShape } from './handler-metadata.js';
import { isStream, resultOf } from './handler-result.js';
import { HttpExchange } from './http-exchange.js';
import type { ResponsePolicy } from './response-policy.js';
import { ResponseWriter, type AnswerKind } from './response-writer.js';
import { assess, changedHeaders, metaOf } from './stored-meta.js';

export interface RouteParts {
  readonly desk: CacheDesk;
  readonly options: ResolvedReadOptions;
  readonly policy: ResponsePolicy;
  readonly http: ResolvedHttpOptions;
  readonly shape: RouteShape;
  /** Tells this handler from every other, for its keys. */
  readonly route: string;
  /** Tags of every response, without prefix. */
  readonly tags: readonly string[];
  readonly now: () => number;
}

const REMEMBERED_URLS = 4_096;
const LONGEST_REMEMBERED_URL = 512;

/** A route handler whose responses are cached. */
export class RouteHandler implements Handler {
  readonly #writer: ResponseWriter;
  /** Keys that depend on nothing but the URL. */
  readonly #keys = new Map<string, string>();
  readonly #isKeyedByUrl: boolean;
  readonly #isConditional: boolean;

  constructor(private readonly parts: RouteParts) {
    const { policy, http, shape, now, desk } = parts;
    this.#writer = new ResponseWriter(policy, http, now);
    const { scope, requestKey: ownKey, store } = policy;
    this.#isKeyedByUrl =
      scope === undefined &&
      ownKey === undefined &&
      store.vary.length === 0 &&
      !shape.byHost &&
      desk.region.options.scope === undefined;
    // of a view it is the model that is known, and of a redirect nothing that a client has a copy of
    this.#isConditional = !shape.isRendered && shape.redirect === undefined;
  }

  answer(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    const { desk, policy, options } = this.parts;
    const [request, response] = context.getArgs<[unknown, unknown]>();
    const exchange = new HttpExchange(request, response);
    if (exchange.isAnswered || desk.isBypassed()) return next.handle();
    const { pass, directives } = admit(exchange, policy.admission);
    if (pass !== undefined) return this.#pass(exchange, next, pass);
    const key = this.#keyOf(context, exchange);
    if (key === undefined) return this.#pass(exchange, next, 'request-key');
    if (asksForMore(directives)) return this.#answerAsAsked(key, directives, exchange, next);
    if (desk.hasHotPath && !options.strong && currentScope() === undefined) {
      const entry = desk.hot(key);
      if (entry !== undefined) return of(this.#deliver(exchange, 'l1', entry, true));
    }
    return from(this.#ask(key, exchange, next));
  }

  #pass(exchange: HttpExchange, next: CallHandler, detail: string): Observable<unknown> {
    this.parts.desk.statistics.bypassed++;
    this.#writer.tell(exchange, { outcome: 'bypass', detail });
    return next.handle();
  }

  /** A request may want it newer than the cache has it, or not at all if the cache hasn't. */
  async #answerAsAsked(
    key: string,
    directives: RequestDirectives,
    exchange: HttpExchange,
    next: CallHandler,
  ): Promise<Observable<unknown>> {
    const { desk, now } = this.parts;
    const stored = await desk.find(this.#request(key, exchange, next, { isStored: true }));
    const isGood = stored !== undefined && satisfies(stored.entry.header, directives, now());
    // somebody has to refresh a stale one
    if (isGood && stored.kind === 'stale') return of(await this.#ask(key, exchange, next));
    if (isGood) {
      desk.tally(stored.kind);
      return of(this.#deliver(exchange, stored.kind as AnswerKind, stored.entry, true));
    }
    // https://www.rfc-editor.org/rfc/rfc9111#section-5.2.1.7
    if (directives.onlyIfCached) {
      desk.tally('absent');
      this.#writer.tell(exchange, { outcome: 'bypass', detail: 'only-if-cached' });
      throw new GatewayTimeoutException();
    }
    if (stored !== undefined) return this.#pass(exchange, next, 'request');
    return of(await this.#ask(key, exchange, next));
  }

  async #ask(key: string, exchange: HttpExchange, next: CallHandler): Promise<unknown> {
    const load = { isStored: true };
    const outcome = await this.parts.desk.answer(this.#request(key, exchange, next, load));
    if (!('entry' in outcome)) throw outcome.error;
    return this.#deliver(exchange, outcome.kind as AnswerKind, outcome.entry, load.isStored);
  }

  #request(key: string, exchange: HttpExchange, next: CallHandler, load: { isStored: boolean }): ReadRequest {
    const { desk, options, tags } = this.parts;
    return {
      region: desk.region,
      key,
      options,
      load: (context: LoadContext) => this.#load(context as LoadCollector, exchange, next, load),
      tags: () => tags,
      tagsOfResult: undefined,
      unless: undefined,
    };
  }

  async #load(
    collector: LoadCollector,
    exchange: HttpExchange,
    next: CallHandler,
    load: { isStored: boolean },
  ): Promise<unknown> {
    const { shape, policy } = this.parts;
    // in the background the response has gone, and a handler that could set anything on it isn't run there
    const before = exchange.isAnswered ? undefined : exchange.responseHeaders();
    const { value, isEmpty } = await resultOf(next.handle());
    const isLive = before !== undefined && !exchange.isAnswered;
    const headers = isLive ? changedHeaders(before, exchange.responseHeaders()) : {};
    const made = isLive ? exchange.status : exchange.initialStatus;
    const status = shape.redirect === undefined ? made : redirectStatus(value, shape.redirect);
    if (isStream(value)) collector.personal = true;
    else {
      const { meta, unstorable } = assess({ status, headers, body: value }, policy, this.#isConditional);
      collector.meta = meta;
      if (unstorable !== undefined && unstorable !== 'status') collector.personal = true;
      if (unstorable !== undefined || isEmpty) collector.skip();
    }
    load.isStored = !collector.skipped && !collector.personal;
    return value;
  }

  #deliver(exchange: HttpExchange, kind: AnswerKind, entry: CacheEntry, isStored: boolean): unknown {
    const meta = metaOf(entry.header.meta);
    if (exchange.isAnswered) return undefined;
    if (meta === undefined || entry.personal) {
      this.#writer.tell(exchange, { outcome: kind, stored: false });
      return this.parts.desk.unpack(entry);
    }
    const verdict = this.#writer.write(
      exchange,
      { entry, kind, meta },
      { validates: this.#isConditional, stored: isStored },
    );
    if (verdict === 'precondition-failed') throw new PreconditionFailedException();
    return verdict === 'not-modified' ? undefined : this.parts.desk.unpack(entry);
  }

  /** As it is stored; `undefined` for a request that isn't to be cached. */
  #keyOf(context: ExecutionContext, exchange: HttpExchange): string | undefined {
    const { policy, desk, route, shape } = this.parts;
    const { url, method, headers } = exchange;
    if (this.#isKeyedByUrl) {
      const known = this.#keys.get(url);
      if (known !== undefined) return known;
    }
    const own = policy.requestKey?.(context);
    if (policy.requestKey !== undefined && own === undefined) return undefined;
    const plain =
      own === undefined
        ? requestKey(
            {
              method,
              route,
              url,
              host: shape.byHost ? String(headers['host'] ?? '') : undefined,
              vary: policy.store.vary.length === 0 ? undefined : varyKey(policy.store.vary, headers),
            },
            policy.query,
          )
        : `${route} ${this.#textOf('requestKey', own)}`;
    const scope = policy.scope === undefined ? undefined : this.#textOf('scope', policy.scope(context));
    const key = desk.region.storedKey(scope === undefined ? `#r${plain}` : scopedKey(scope, `#r${plain}`));
    if (this.#isKeyedByUrl && url.length <= LONGEST_REMEMBERED_URL) this.#remember(url, key);
    return key;
  }

  #textOf(option: string, value: unknown): string {
    if (typeof value === 'string' && value !== '') return value;
    throw new CacheKeyError(
      `${this.parts.route}: \`${option}\` returned ${String(value)}; without a text one caller could get another's answer`,
    );
  }

  #remember(url: string, key: string): void {
    if (this.#keys.size >= REMEMBERED_URLS) this.#keys.clear();
    this.#keys.set(url, key);
  }
}

const asksForMore = ({ noCache, onlyIfCached, maxAgeMs, maxStaleMs, minFreshMs }: RequestDirectives): boolean =>
  noCache || onlyIfCached || maxAgeMs !== undefined || maxStaleMs !== undefined || minFreshMs !== undefined;

/** Nest takes it from what the handler returned, then from the decorator. */
function redirectStatus(value: unknown, redirect: { readonly statusCode?: number }): number {
  return (value as { statusCode?: number } | null | undefined)?.statusCode ?? redirect.statusCode ?? 302;
}
