import type { LoggerService } from '@nestjs/common';
import type { Runtime } from '../cache.runtime.js';
import type { BoardActions } from './board-actions.js';
import { Exchange } from './board-http.js';
import type { BoardRequest } from './board-options.interface.js';
import { cookieOf, foreignness, tokenFor } from './csrf.js';
import type { EntryDesk } from './entry-desk.js';
import type { LiveStream } from './live-stream.js';
import { PAGE } from './page.generated.js';
import type { ResolvedBoardOptions } from './resolve-board-options.js';

type Handler = (request: BoardRequest, reply: unknown) => Promise<void>;

/** What is used of Nest's HTTP adapter. */
export interface RouteRegistrar {
  get(path: string, handler: Handler): unknown;
  post(path: string, handler: Handler): unknown;
}

export interface RouteParts {
  readonly options: ResolvedBoardOptions;
  readonly stream: LiveStream;
  readonly entries: EntryDesk;
  readonly actions: BoardActions;
  readonly log: Pick<LoggerService, 'warn'>;
  readonly runtime: Runtime;
}

type Answer = (exchange: Exchange, by: string | undefined) => void | Promise<void>;

const TEXT = 'text/plain; charset=utf-8';
const WARN_EVERY_MS = 60_000;

/** The page, what belongs to it, and what it asks. Nobody is answered whom `authorize` doesn't let in. */
export class BoardRoutes {
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly parts: RouteParts) {}

  register(adapter: RouteRegistrar): void {
    const { path } = this.parts.options;
    const get = (suffix: string, answer: Answer): unknown => adapter.get(path + suffix, this.#guarded(answer));
    get('', (exchange) => this.#page(exchange));
    for (const [name, text] of Object.entries(PAGE)) {
      const type = name.endsWith('.css') ? 'text/css' : 'text/javascript';
      if (name !== 'board.html') get(`/${name}`, (exchange) => exchange.answer(200, `${type}; charset=utf-8`, text));
    }
    get('/live', (exchange) => this.#live(exchange));
    get('/entry', (exchange) => this.#entry(exchange));
    const act = this.#guarded((exchange, by) => this.#act(exchange, by));
    adapter.post(`${path}/act`, act);
  }

  #guarded(answer: Answer): Handler {
    return async (request, reply) => {
      const exchange = new Exchange(request, reply);
      try {
        const permission = await this.#permission(request);
        if (permission === false) return exchange.answer(403, TEXT, 'You may not see this board.');
        await answer(exchange, permission === true ? undefined : permission);
      } catch (error) {
        this.#warn(`the board couldn't answer: ${String(error)}`);
        if (exchange.response.headersSent) exchange.response.end();
        else exchange.json(500, { ok: false, message: 'the board couldn’t answer; the log says why' });
      }
    };
  }

  /** `true`, or a name; `false` for everything that isn't a yes. */
  async #permission(request: BoardRequest): Promise<boolean | string> {
    try {
      const permission: unknown = await this.parts.options.authorize(request);
      if (permission === true) return true;
      return typeof permission === 'string' && permission !== '' ? permission.slice(0, 200) : false;
    } catch (error) {
      this.#warn(`nobody is let in, because \`authorize\` threw: ${String(error)}`);
      return false;
    }
  }

  #warn(message: string): void {
    const now = this.parts.runtime.monotonic();
    if (now - this.#warnedAt < WARN_EVERY_MS) return;
    this.#warnedAt = now;
    this.parts.log.warn(JSON.stringify(message));
  }

  /** Links are relative, so that a proxy may put something in front of the path. */
  #page(exchange: Exchange): void {
    const { path } = this.parts.options;
    if (exchange.url.pathname.endsWith('/')) {
      return exchange.answer(302, TEXT, '', { Location: `../${path.slice(path.lastIndexOf('/') + 1)}` });
    }
    const token = tokenFor(exchange);
    const socket = exchange.request.socket as { encrypted?: boolean };
    const isSecure = socket.encrypted === true || exchange.header('x-forwarded-proto') === 'https';
    const html = PAGE['board.html']!.replaceAll('{{base}}', path.slice(path.lastIndexOf('/') + 1)).replace(
      '{{token}}',
      token,
    );
    exchange.answer(200, 'text/html; charset=utf-8', html, { 'Set-Cookie': cookieOf(token, '/', isSecure) });
  }

  #live(exchange: Exchange): Promise<void> | void {
    if (exchange.request.method !== 'GET') return exchange.answer(405, TEXT, '');
    if (this.parts.stream.isFull) return exchange.answer(503, TEXT, 'Too many look at this board.');
    exchange.begin(200, 'text/event-stream; charset=utf-8', { 'X-Accel-Buffering': 'no' });
    return this.parts.stream.join(exchange.response);
  }

  async #entry(exchange: Exchange): Promise<void> {
    const { searchParams } = exchange.url;
    const [cache, key] = [searchParams.get('cache'), searchParams.get('key')];
    if (cache === null || key === null || !this.parts.entries.has(cache)) {
      return exchange.json(400, { ok: false, message: 'there is no such cache' });
    }
    exchange.json(200, await this.parts.entries.show(cache, key));
  }

  async #act(exchange: Exchange, by: string | undefined): Promise<void> {
    const { actions } = this.parts;
    const problem = foreignness(exchange);
    if (problem !== undefined) {
      actions.refused(by, `a request to do something was refused: ${problem}`);
      return exchange.json(403, { ok: false, message: `refused: ${problem}; load the page again` });
    }
    const wish = await exchange.body();
    const { status, body } = await actions.run(typeof wish === 'object' && wish !== null ? wish : {}, by);
    exchange.json(status, body);
  }
}
