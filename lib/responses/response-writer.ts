import type { ReadOutcomeKind } from '../cache.events.js';
import { edgeKeyOf } from '../edge/edge-keys.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import { cacheGroups } from '../http/cache-groups.js';
import { appendCacheStatus, cacheStatus, type CacheStatusParts } from '../http/cache-status.js';
import { evaluatePreconditions, notModifiedHeaders } from '../http/conditional.js';
import { freshnessHeaders } from '../http/freshness-headers.js';
import { CREDENTIAL_FIELDS } from '../http/request-admission.js';
import type { ResponseHeaders } from '../http/header-fields.js';
import { surrogateKeys } from '../http/surrogate-keys.js';
import { mergeVary } from '../http/vary.js';
import type { ResolvedHttpOptions } from '../options/http-options.js';
import type { HttpExchange } from './http-exchange.js';
import type { ResponsePolicy } from './response-policy.js';
import type { StoredMeta } from './stored-meta.js';

/** How an answer came about, as far as a response can say it. */
export type AnswerKind = Extract<ReadOutcomeKind, 'l1' | 'l2' | 'stale' | 'loaded' | 'joined'>;

/** Names of an entry by which others can purge it. */
interface EdgeFields {
  readonly surrogate: string | undefined;
  readonly groups: string | undefined;
  /** It can be purged by all of them. */
  readonly complete: boolean;
}

interface Delivery {
  /** A client may have a copy of it. */
  readonly validates: boolean;
  /** Nothing has invalidated it since its load began. */
  readonly isCurrent: boolean;
}

type Lifetime = Pick<CacheEntry['header'], 'asOf' | 'staleAt' | 'graceUntil'>;

/** A copy of what was invalidated already is reached by no invalidation any more: nobody may answer with it. */
const asOfNow = ({ asOf, staleAt, graceUntil }: Lifetime, now: number): Lifetime =>
  staleAt <= now ? { asOf, staleAt, graceUntil } : { asOf, staleAt: now, graceUntil: now };

/** Puts what is known of an answer into the headers of its response. */
export class ResponseWriter {
  /** Of the entries in memory: their tags never change. */
  readonly #edgeFields = new WeakMap<CacheEntry, EdgeFields>();
  readonly #vary: readonly string[];
  readonly #varyField: string | undefined;
  /** Where nobody else may answer by itself the same is said every time. */
  readonly #neverFresh: string | undefined;
  /** What a 304 has of the headers of a response. */
  readonly #notModified = new WeakMap<StoredMeta, ResponseHeaders>();
  /** What was said of the last hit, for as long as the seconds stay the same. */
  #lastHit = { outcome: '', ttlS: 0, member: '' };

  constructor(
    private readonly policy: ResponsePolicy,
    private readonly http: ResolvedHttpOptions,
    private readonly now: () => number,
    /** Whether the handler's decorators set headers that describe a body. */
    private readonly declaresContent: boolean,
  ) {
    const { freshness, store } = policy;
    const { maxAgeMs, sMaxAgeMs, edge } = freshness;
    this.#vary = freshness.public ? store.vary : [...store.vary, ...CREDENTIAL_FIELDS];
    this.#varyField = mergeVary(undefined, this.#vary);
    const isNeverFresh = maxAgeMs === undefined && sMaxAgeMs === undefined && edge === undefined;
    const entry = { asOf: 0, staleAt: 0, graceUntil: 0 };
    this.#neverFresh = isNeverFresh ? freshnessHeaders(entry, freshness, 0)['cache-control'] : undefined;
  }

  /**
   * Everything but the body.
   * @returns what the client gets of the body
   */
  write(
    exchange: HttpExchange,
    { entry, kind, meta }: { readonly entry: CacheEntry; readonly kind: AnswerKind; readonly meta: StoredMeta },
    { validates, isCurrent }: Delivery,
  ): 'send' | 'not-modified' | 'precondition-failed' {
    const now = this.now();
    const verdict = validates ? evaluatePreconditions(exchange.headers, meta, now) : 'send';
    if (verdict === 'precondition-failed') return verdict;
    const isNotModified = verdict === 'not-modified';
    if (isNotModified) {
      exchange.status = 304;
      if (kind === 'loaded' || this.declaresContent) exchange.removeContentHeaders();
    } else if (kind !== 'loaded') exchange.status = meta.status;
    const headers = isNotModified ? this.#notModifiedOf(meta) : meta.headers;
    for (const name in headers) exchange.set(name, headers[name] as string | string[]);
    this.#writeVary(exchange);
    const times = isCurrent ? entry.header : asOfNow(entry.header, now);
    if (meta.isPassing !== true) this.#writeFreshness(exchange, entry, times, meta, now);
    const isStored = meta.isPassing !== true && isCurrent && times.staleAt > now;
    if (kind === 'loaded' || kind === 'joined') {
      this.tell(exchange, { outcome: kind, stored: kind === 'joined' && isStored ? undefined : isStored });
    } else this.#tellOfHit(exchange, kind, times.staleAt - now);
    return verdict;
  }

  /** Of an answer that is for this client alone, because of what is said here. */
  pass(exchange: HttpExchange, status: Omit<CacheStatusParts, 'name'>): void {
    this.#writeVary(exchange);
    this.tell(exchange, status);
  }

  /** https://www.rfc-editor.org/rfc/rfc9211 */
  tell(exchange: HttpExchange, status: Omit<CacheStatusParts, 'name'>): void {
    const { cacheStatus: name } = this.http;
    if (name === false) return;
    this.#append(exchange, cacheStatus({ ...status, name }));
  }

  #tellOfHit(exchange: HttpExchange, outcome: AnswerKind, ttlMs: number): void {
    const { cacheStatus: name } = this.http;
    if (name === false) return;
    const ttlS = Math.floor(ttlMs / 1_000);
    if (this.#lastHit.outcome !== outcome || this.#lastHit.ttlS !== ttlS) {
      this.#lastHit = { outcome, ttlS, member: cacheStatus({ outcome, ttlMs, name }) };
    }
    this.#append(exchange, this.#lastHit.member);
  }

  #append(exchange: HttpExchange, member: string): void {
    const before = exchange.get('cache-status');
    exchange.set('cache-status', before === undefined ? member : appendCacheStatus(before, member));
  }

  #notModifiedOf(meta: StoredMeta): ResponseHeaders {
    const known = this.#notModified.get(meta);
    if (known !== undefined) return known;
    const headers = notModifiedHeaders(meta.headers);
    this.#notModified.set(meta, headers);
    return headers;
  }

  #writeVary(exchange: HttpExchange): void {
    if (this.#varyField === undefined) return;
    const before = exchange.get('vary');
    exchange.set('vary', before === undefined ? this.#varyField : mergeVary(before, this.#vary)!);
  }

  #writeFreshness(exchange: HttpExchange, entry: CacheEntry, times: Lifetime, meta: StoredMeta, now: number): void {
    const { surrogate, groups, complete } = this.#edgeFieldsOf(entry);
    if (this.http.surrogateKeys !== false && surrogate !== undefined) exchange.set(this.http.surrogateKeys, surrogate);
    if (groups !== undefined) exchange.set('cache-groups', groups);
    const saysItself = meta.headers['cache-control'] !== undefined;
    // what somebody else has put beside it is for this client: https://www.rfc-editor.org/rfc/rfc9111#section-7.3
    const isForAll = complete && !exchange.setsCookies;
    if (isForAll && this.#neverFresh !== undefined) {
      if (!saysItself) exchange.set('cache-control', this.#neverFresh);
      if (this.http.age) exchange.set('age', String(Math.max(0, Math.floor((now - times.asOf) / 1_000))));
      return;
    }
    const options = isForAll ? this.policy.freshness : { ...this.policy.freshness, edge: 'forbidden' as const };
    const fields = freshnessHeaders(times, { ...options, sendAge: this.http.age }, now);
    for (const [name, value] of Object.entries(fields)) {
      if (name !== 'cache-control' || !saysItself) exchange.set(name, value as string);
    }
  }

  #edgeFieldsOf(entry: CacheEntry): EdgeFields {
    const { surrogateKeys: field, cacheGroups: sendsGroups } = this.http;
    if (field === false && !sendsGroups) return NOTHING;
    const known = this.#edgeFields.get(entry);
    if (known !== undefined) return known;
    const names = entry.header.tags.map(edgeKeyOf);
    const surrogate = field === false ? undefined : surrogateKeys(field, names);
    const fields = {
      surrogate: surrogate?.value,
      groups: sendsGroups ? cacheGroups(names).value : undefined,
      complete: surrogate?.complete ?? true,
    };
    this.#edgeFields.set(entry, fields);
    return fields;
  }
}

const NOTHING: EdgeFields = { surrogate: undefined, groups: undefined, complete: true };
