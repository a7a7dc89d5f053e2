import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Page {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** An application behind an edge: pages that can be changed and held back, and how often each was asked for. */
export class Origin {
  readonly #pages = new Map<string, Page>();
  readonly #asked = new Map<string, number>();
  readonly #unchanged = new Map<string, number>();
  readonly #held = new Map<string, (() => void)[]>();

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => this.#answer(request, response));
  }

  static async start(): Promise<Origin> {
    const origin = new Origin(createServer());
    origin.server.listen(0, '127.0.0.1');
    await once(origin.server, 'listening');
    return origin;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** How often a page was asked for. */
  asked(path: string): number {
    return this.#asked.get(path) ?? 0;
  }

  /** How often the answer was that the asker has it already. */
  unchanged(path: string): number {
    return this.#unchanged.get(path) ?? 0;
  }

  put(path: string, body: string, headers: Readonly<Record<string, string>>): void {
    this.#pages.set(path, { body, headers });
  }

  /** Nothing of a page is answered until the end of that is called. */
  hold(path: string): () => void {
    const held: (() => void)[] = [];
    this.#held.set(path, held);
    return () => {
      this.#held.delete(path);
      for (const answer of held.splice(0)) answer();
    };
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url!;
    this.#asked.set(path, this.asked(path) + 1);
    const answer = (): void => {
      const page = this.#pages.get(path);
      const isSame = page?.headers['etag'] !== undefined && request.headers['if-none-match'] === page.headers['etag'];
      if (isSame) this.#unchanged.set(path, this.unchanged(path) + 1);
      response.writeHead(page === undefined ? 404 : isSame ? 304 : 200, { ...page?.headers });
      response.end(isSame ? undefined : page?.body);
    };
    const held = this.#held.get(path);
    if (held === undefined) answer();
    else held.push(answer);
  }
}
