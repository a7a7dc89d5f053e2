import type { Runtime } from '../cache.runtime.js';

/** One request for a purge, over in time whatever becomes of it. */
export class PurgeAttempt {
  readonly #aborter = new AbortController();

  constructor(
    private readonly runtime: Runtime,
    private readonly deadlineMs: number,
  ) {}

  /** Resolves if copies are purged and rejects if they may not be, at the latest after the deadline. */
  async run(ask: (signal: AbortSignal) => unknown): Promise<void> {
    const late = (): void => this.abort(`no answer within ${this.deadlineMs} ms`);
    const timer = this.runtime.after(this.deadlineMs, late, { background: true });
    try {
      refuseRefusal(await this.#answer(ask));
    } finally {
      timer.cancel();
    }
  }

  abort(reason: string): void {
    this.#aborter.abort(new Error(reason));
  }

  /** Doesn't count on the one who is asked to mind the signal. */
  #answer(ask: (signal: AbortSignal) => unknown): Promise<unknown> {
    const { signal } = this.#aborter;
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      // what throws at once, and what only looks like a promise, comes out of this as a rejection
      const asked = async (): Promise<unknown> => ask(signal);
      asked().then(resolve, reject);
    });
  }
}

/** A `Response` is easily returned unseen, and no purge may pass for done that was refused. */
function refuseRefusal(answer: unknown): void {
  if (typeof answer !== 'object' || answer === null) return;
  const { ok, status } = answer as { readonly ok?: unknown; readonly status?: unknown };
  if (ok === false) throw new Error(typeof status === 'number' ? `answered ${status}` : 'refused');
}
