import type { RequestHeaders, ResponseHeaders } from '../http/header-fields.js';
import { lateCookiesOf } from './late-cookies.js';

/** What is used of a request of Express or Fastify. */
interface PlatformRequest {
  readonly method: string;
  readonly headers: RequestHeaders;
  readonly url: string;
  /** Before a middleware or Fastify's `rewriteUrl` has changed it. */
  readonly originalUrl?: string;
  /** By which Nest chooses a handler: that of a proxy, if it is trusted. */
  readonly hostname?: string;
}

/** What is used of a response of Express, or a reply of Fastify. */
interface PlatformResponse {
  statusCode: number;
  getHeaders(): ResponseHeaders;
  getHeader(name: string): ResponseHeaders[string];
  removeHeader(name: string): unknown;
  /** Express: of Node. */
  setHeader?(name: string, value: string | readonly string[]): unknown;
  readonly headersSent?: boolean;
  /** Fastify. */
  header?(name: string, value: string | readonly string[]): unknown;
  readonly sent?: boolean;
  readonly raw?: { readonly headersSent: boolean };
}

/** A request and its response, on Express or Fastify. */
export class HttpExchange {
  readonly method: string;
  readonly url: string;
  readonly headers: RequestHeaders;
  /** The status that Nest has set for the handler. */
  readonly initialStatus: number;
  readonly #request: PlatformRequest;
  readonly #response: PlatformResponse;
  readonly #isFastify: boolean;

  constructor(request: unknown, response: unknown) {
    this.#request = request as PlatformRequest;
    const { method, headers, url, originalUrl } = this.#request;
    this.method = method;
    this.headers = headers;
    // the handler goes by one and may look at the other
    this.url = originalUrl === undefined || originalUrl === url ? url : `${originalUrl} ${url}`;
    this.#response = response as PlatformResponse;
    this.#isFastify = this.#response.raw !== undefined;
    this.initialStatus = this.#response.statusCode;
  }

  /** All that a handler may be chosen by, and see of it. */
  get host(): string {
    return `${this.#request.hostname ?? ''} ${String(this.headers['host'] ?? '')}`;
  }

  get status(): number {
    return this.#response.statusCode;
  }

  set status(status: number) {
    if (this.#response.statusCode !== status) this.#response.statusCode = status;
  }

  /** Nothing can be set any more. */
  get isAnswered(): boolean {
    const { headersSent, raw, sent } = this.#response;
    return this.#isFastify ? sent === true || raw!.headersSent : headersSent === true;
  }

  /** Lower-case names. As they are now: what is added to a list is added where it lies. */
  responseHeaders(): ResponseHeaders {
    const headers = this.headersNamed(Object.keys(this.#response.getHeaders()));
    const late = this.#lateCookies;
    return late.length === 0
      ? headers
      : { ...headers, 'set-cookie': [headers['set-cookie'] ?? [], late].flat().map(String) };
  }

  /** Whether something is said to this client alone, by whomever. */
  get setsCookies(): boolean {
    return this.#response.getHeader('set-cookie') !== undefined || this.#lateCookies.length > 0;
  }

  get #lateCookies(): readonly string[] {
    return this.#isFastify ? lateCookiesOf(this.#response) : [];
  }

  headersNamed(names: readonly string[]): ResponseHeaders {
    const headers = names.map((name) => [name, this.#response.getHeader(name)] as const);
    return Object.fromEntries(
      headers.map(([name, value]) => [name, Array.isArray(value) ? [...(value as string[])] : value]),
    );
  }

  get(name: string): string | undefined {
    const value = this.#response.getHeader(name);
    return typeof value === 'object' ? value.join(', ') : value === undefined ? undefined : String(value);
  }

  set(name: string, value: string | readonly string[]): void {
    if (this.#isFastify) this.#response.header!(name, value);
    else this.#response.setHeader!(name, value);
  }

  /** What describes a body that isn't sent. */
  removeContentHeaders(): void {
    for (const name of Object.keys(this.#response.getHeaders())) {
      if (name.startsWith('content-') && name !== 'content-location') this.#response.removeHeader(name);
    }
  }
}
