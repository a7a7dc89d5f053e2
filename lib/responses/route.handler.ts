import {
  GatewayTimeoutException,
  PreconditionFailedException,
  type CallHandler,
  type ExecutionContext,
} from '@nestjs/common';
import { from, lastValueFrom, of, type Observable } from 'rxjs';
import { CacheKeyError } from '../cache.errors.js';
import type { CacheDesk } from '../desk/cache-desk.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import { scopedKey } from '../entry/key-encoding.js';
import type { LoadCollector, LoadContext } from '../flow/load-collector.js';
import { currentScope } from '../flow/scope.js';
import type { RequestDirectives } from '../http/cache-control.js';
import type { CacheStatusParts } from '../http/cache-status.js';
import type { ResponseHeaders } from '../http/header-fields.js';
import { admit, satisfies } from '../http/request-admission.js';
import { requestKey } from '../http/request-key.js';
import { varyKey } from '../http/vary.js';
import type { ResolvedHttpOptions } from '../options/http-options.js';
import type { ReadRequest } from '../flow/reader.js';
import type { ResolvedReadOptions } from '../options/resolved-options.js';
import type { Handler } from './handler.js';
import type { RouteShape } from './handler-metadata.js';
import { isStream } from './handler-result.js';
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
  /** What the journal says of an entry. */
  readonly judge: (entry: CacheEntry) => 'fresh' | 'soft' | 'dead';
}

/** A request that may be the reason why a handler runs. */
interface Errand {
  /** It hasn't been answered yet, so that what the handler sets on its response is about what the handler answers. */
  isOut: boolean;
}

const isOfContent = (name: string): boolean => name.toLowerCase().startsWith('content-');
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
    this.#writer = new ResponseWriter(policy, http, now, shape.declaredHeaders.some(isOfContent));
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
    // the method may be a message handler as well, and what a message brings is no request, whatever it looks like
    if (context.getType() !== 'http') return next.handle();
    const { desk, policy, options } = this.parts;
    const [request, response] = context.getArgs<[unknown, unknown]>();
    const exchange = new HttpExchange(request, response);
    if (exchange.isAnswered || desk.isBypassed()) return next.handle();
    const { pass, directives } = admit(exchange, policy.admission);
    if (pass !== undefined) return this.#pass(exchange, next, { outcome: 'bypass', detail: pass });
    const key = this.#keyOf(context, exchange);
    if (key === undefined) return this.#pass(exchange, next, { outcome: 'bypass', detail: 'request-key' });
    if (asksForMore(directives)) return this.#answerAsAsked(key, directives, exchange, next);
    if (desk.hasHotPath && !options.strong && currentScope() === undefined) {
      const entry = desk.hot(key);
      if (entry !== undefined) return of(this.#deliver(exchange, 'l1', entry));
    }
    return from(this.#ask(key, exchange, next));
  }

  #pass(exchange: HttpExchange, next: CallHandler, status: Omit<CacheStatusParts, 'name'>): Observable<unknown> {
    this.parts.desk.statistics.bypassed++;
    this.#writer.pass(exchange, status);
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
    const stored = await desk.find(this.#request(key, exchange, next, { isOut: true }));
    const isGood = stored !== undefined && satisfies(stored.entry.header, directives, now());
    // somebody has to refresh a stale one
    if (isGood && stored.kind === 'stale') return of(await this.#ask(key, exchange, next));
    if (isGood) {
      desk.tally(stored.kind, stored.ms);
      return of(this.#deliver(exchange, stored.kind as AnswerKind, stored.entry));
    }
    // https://www.rfc-editor.org/rfc/rfc9111#section-5.2.1.7
    if (directives.onlyIfCached) {
      desk.tally('absent');
      this.#writer.tell(exchange, { outcome: 'bypass', detail: 'only-if-cached' });
      throw new GatewayTimeoutException();
    }
    if (stored !== undefined) return this.#pass(exchange, next, { outcome: 'loaded', fwd: 'request', stored: false });
    return of(await this.#ask(key, exchange, next));
  }

  async #ask(key: string, exchange: HttpExchange, next: CallHandler): Promise<unknown> {
    const { desk, shape } = this.parts;
    const errand: Errand = { isOut: true };
    const request = this.#request(key, exchange, next, errand);
    const outcome = await desk.answer(shape.hasResponse ? await this.#inForeground(request) : request);
    errand.isOut = false;
    if (!('entry' in outcome)) throw outcome.error;
    return this.#deliver(exchange, outcome.kind as AnswerKind, outcome.entry);
  }

  /** What was softly invalidated would be refreshed behind the back of its answer. */
  async #inForeground(request: ReadRequest): Promise<ReadRequest> {
    const { desk, judge } = this.parts;
    const stored = await desk.find(request);
    const isSoft = stored?.kind === 'stale' && judge(stored.entry) === 'soft';
    return isSoft ? { ...request, options: { ...request.options, strong: true } } : request;
  }

  #request(key: string, exchange: HttpExchange, next: CallHandler, errand: Errand): ReadRequest {
    const { desk, options, tags, shape } = this.parts;
    const declared = exchange.headersNamed(shape.declaredHeaders);
    return {
      region: desk.region,
      key,
      options,
      load: (context: LoadContext) => this.#load(context as LoadCollector, exchange, next, { errand, declared }),
      tags: () => tags,
      tagsOfResult: undefined,
      unless: undefined,
    };
  }

  async #load(
    collector: LoadCollector,
    exchange: HttpExchange,
    next: CallHandler,
    { errand, declared }: { readonly errand: Errand; readonly declared: ResponseHeaders },
  ): Promise<unknown> {
    const { shape, policy } = this.parts;
    const before = exchange.responseHeaders();
    // as Nest takes it: of several values the last, and none is an error
    const value = await lastValueFrom(next.handle());
    // what is on the response of a request that has its answer is about that one
    const isOut = errand.isOut && !exchange.isAnswered;
    const headers = isOut ? { ...declared, ...changedHeaders(before, exchange.responseHeaders()) } : declared;
    const made = isOut ? exchange.status : exchange.initialStatus;
    const status = shape.redirect === undefined ? made : redirectStatus(value, shape.redirect);
    // nobody knows what it would have set, or it has answered by itself
    if (isStream(value) || (shape.hasResponse && !isOut)) collector.personal = true;
    else {
      const { meta, unstorable } = assess({ status, headers, body: value }, policy, this.#isConditional);
      if (unstorable !== undefined && unstorable !== 'status') collector.personal = true;
      if (unstorable !== undefined) collector.skip();
      collector.meta = collector.skipped ? { ...meta, isPassing: true } : meta;
    }
    return value;
  }

  #deliver(exchange: HttpExchange, kind: AnswerKind, entry: CacheEntry): unknown {
    const { desk } = this.parts;
    const meta = metaOf(entry.header.meta);
    if (exchange.isAnswered) return undefined;
    if (meta === undefined || entry.personal) {
      this.#writer.tell(exchange, { outcome: kind, stored: false });
      return desk.unpack(entry);
    }
    const delivery = { validates: this.#isConditional, isCurrent: this.#isCurrent(kind, entry) };
    const verdict = this.#writer.write(exchange, { entry, kind, meta }, delivery);
    if (verdict === 'precondition-failed') throw new PreconditionFailedException();
    return verdict === 'not-modified' ? undefined : desk.unpack(entry);
  }

  /** Whether nothing has invalidated it since its load began, or what it was made of. */
  #isCurrent(kind: AnswerKind, entry: CacheEntry): boolean {
    if (kind === 'l1' || kind === 'l2') return true;
    return kind !== 'stale' && !entry.tainted && this.parts.judge(entry) === 'fresh';
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
    const { vary: names } = policy.store;
    const vary = names.length === 0 ? undefined : varyKey(names, headers);
    const plain =
      own === undefined
        ? requestKey(
            {
              method,
              route,
              url,
              host: shape.byHost ? exchange.host : undefined,
              vary,
            },
            policy.query,
          )
        : `${route} ${vary === undefined ? '-' : `${vary.length}:${vary}`} ${this.#textOf('requestKey', own)}`;
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
