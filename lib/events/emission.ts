import type { ClientProxy } from '@nestjs/microservices';
import { describeError } from '../edge/describe-error.js';
import type { Runtime, Timer } from '../cache.runtime.js';

/** What came of telling others over one client. `timeout`: nobody knows whether it arrived. */
export interface ClientResult {
  /** The token of the client, as text. */
  readonly client: string;
  readonly status: 'emitted' | 'failed' | 'timeout';
  readonly attempts: number;
  /** Of the last attempt. */
  readonly error?: string;
}

export interface EmissionTerms {
  /** Of one attempt. */
  readonly timeoutMs: number;
  /** Whether it is to be tried again, after so many attempts and so long. */
  readonly goesOn: (attempts: number, sinceMs: number) => boolean;
}

const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/** A way to other services. */
export class ClientLine {
  emitted = 0;
  failed = 0;
  /** Attempts that came to nothing. */
  setbacks = 0;
  readonly #pauses = new Set<() => void>();
  #closed = false;

  constructor(
    readonly name: string,
    private readonly client: () => ClientProxy,
    private readonly runtime: Runtime,
  ) {}

  /** Never rejects. */
  async emit(pattern: string, payload: object, terms: EmissionTerms): Promise<ClientResult> {
    const begun = this.runtime.monotonic();
    for (let attempts = 1; ; attempts++) {
      const { status, error } = await this.#attempt(pattern, payload, terms.timeoutMs);
      const sofar = { client: this.name, status, attempts };
      if (status === 'emitted') {
        this.emitted++;
        return sofar;
      }
      this.setbacks++;
      if (this.#closed || !terms.goesOn(attempts, this.runtime.monotonic() - begun)) {
        this.failed++;
        return { ...sofar, error };
      }
      await this.#pause(Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** (attempts - 1)));
    }
  }

  /** What is on its way is tried once more at once, and then no more. */
  close(): void {
    this.#closed = true;
    for (const end of this.#pauses) end();
  }

  #attempt(
    pattern: string,
    payload: object,
    timeoutMs: number,
  ): Promise<{ status: ClientResult['status']; error: string }> {
    return new Promise((resolve) => {
      const timer = this.runtime.after(timeoutMs, () =>
        resolve({ status: 'timeout', error: `no answer within ${timeoutMs} ms` }),
      );
      const end = (status: ClientResult['status'], error: string): void => {
        timer.cancel();
        resolve({ status, error });
      };
      try {
        // it is hot: without a subscriber nobody would learn that it failed
        this.client()
          .emit(pattern, payload)
          .subscribe({
            complete: () => end('emitted', ''),
            error: (error: unknown) => end('failed', describeError(reasonOf(error))),
          });
      } catch (error) {
        end('failed', describeError(error));
      }
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const end = (): void => {
        timer?.cancel();
        this.#pauses.delete(end);
        resolve();
      };
      // half of it is chance: processes that lost one broker don't come back as one
      timer = this.runtime.after(ms * (0.5 + this.runtime.random() / 2), end, { background: true });
      this.#pauses.add(end);
    });
  }
}

/** Clients reject with texts and with plain objects as well. */
function reasonOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || error instanceof Error) return error;
  const { err, message } = error as { err?: unknown; message?: unknown };
  return err ?? message ?? JSON.stringify(error);
}
