import type { ServerResponse } from 'node:http';
import type { Runtime, Timer } from '../cache.runtime.js';
import type { BoardState } from './board-state.js';

const EVERY_MS = 1_000;
const MOST_CLIENTS = 50;
/** Then the browser comes again, and `authorize` is asked again. */
const LIFE_MS = 120_000;
/** One that reads so slowly is let go, and comes again. */
const MOST_WAITING = 1_024 * 1_024;
/** Something is said so often even when nothing has changed, or a proxy might hang up. */
const SILENT_TICKS = 15;

type Client = ServerResponse & { flush?: () => void };

/** Server-sent events: everything to who comes, then once a second what has changed, made once for all. */
export class LiveStream {
  readonly #clients = new Map<Client, number>();
  #timer: Timer | undefined;
  #silent = 0;
  #closed = false;

  constructor(
    private readonly state: BoardState,
    private readonly runtime: Runtime,
  ) {}

  get clients(): number {
    return this.#clients.size;
  }

  get isFull(): boolean {
    return this.#closed || this.#clients.size >= MOST_CLIENTS;
  }

  /** Headers are written already. */
  async join(response: ServerResponse): Promise<void> {
    this.#clients.set(response, this.runtime.monotonic() + LIFE_MS);
    response.on('close', () => this.#clients.delete(response));
    response.on('error', () => this.#clients.delete(response));
    await this.state.look();
    // whoever was there before has been told all of this, or will be with the next change
    send(response, `retry: 500\nevent: whole\ndata: ${this.state.whole()}\n\n`);
    this.#timer ??= this.#next();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const client of this.#clients.keys()) client.end();
    this.#clients.clear();
  }

  #next(): Timer {
    return this.runtime.after(EVERY_MS, () => void this.#tick(), { background: true });
  }

  async #tick(): Promise<void> {
    this.#timer = undefined;
    if (this.#clients.size === 0 || this.#closed) return;
    await this.state.look();
    const changes = this.state.changes();
    const isSilent = changes === '{}' && ++this.#silent < SILENT_TICKS;
    if (!isSilent) this.#silent = 0;
    const now = this.runtime.monotonic();
    for (const [client, until] of this.#clients) {
      if (now >= until || client.writableLength > MOST_WAITING) client.end();
      else if (!isSilent) send(client, `event: changes\ndata: ${changes}\n\n`);
    }
    if (!this.#closed) this.#timer = this.#next();
  }
}

function send(client: Client, text: string): void {
  client.write(text);
  client.flush?.();
}
