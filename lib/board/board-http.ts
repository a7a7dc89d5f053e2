import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BoardRequest } from './board-options.interface.js';

/** Express gives Node's own request and response, Fastify what wraps them. */
interface PlatformRequest {
  readonly raw?: IncomingMessage;
  readonly body?: unknown;
}
interface PlatformReply {
  readonly raw?: ServerResponse;
  hijack?(): void;
}

const MOST_BYTES = 65_536;

/** A request and its answer, the same on both platforms. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;

  constructor(
    /** As the platform has it. */
    readonly asked: BoardRequest,
    reply: unknown,
  ) {
    const platform = reply as PlatformReply;
    // from here on nobody but the board answers
    platform.hijack?.();
    this.request = (asked as PlatformRequest).raw ?? (asked as unknown as IncomingMessage);
    this.response = platform.raw ?? (reply as ServerResponse);
  }

  /** What the path is followed by; nothing of it is trusted. */
  get url(): URL {
    const { originalUrl } = this.request as { originalUrl?: string };
    return new URL(originalUrl ?? this.request.url ?? '/', 'http://board.invalid');
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  cookie(name: string): string | undefined {
    const cookies = (this.header('cookie') ?? '').split(';').map((each) => each.trim());
    return cookies.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
  }

  answer(status: number, type: string, body: string, headers: Readonly<Record<string, string>> = {}): void {
    this.begin(status, type, headers);
    this.response.end(this.request.method === 'HEAD' ? undefined : body);
  }

  json(status: number, body: unknown): void {
    this.answer(status, 'application/json; charset=utf-8', JSON.stringify(body));
  }

  /** Status and headers; the body follows. */
  begin(status: number, type: string, headers: Readonly<Record<string, string>> = {}): void {
    const { response } = this;
    for (const [name, value] of Object.entries(SAFE_HEADERS)) response.setHeader(name, value);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.setHeader('Content-Type', type);
    response.writeHead(status);
  }

  /** A JSON body, whether a parser of the application was there before or not. @returns `undefined` for none */
  async body(): Promise<unknown> {
    const { body } = this.asked as PlatformRequest;
    if (body !== undefined) return body;
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of this.request) {
      bytes += (chunk as Buffer).length;
      if (bytes > MOST_BYTES) return undefined;
      chunks.push(chunk as Buffer);
    }
    try {
      return JSON.parse(Buffer.concat(chunks).toString());
    } catch {
      return undefined;
    }
  }
}

/** Nothing from anywhere else, nothing inline, no frame around it, nothing kept. */
const SAFE_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};
