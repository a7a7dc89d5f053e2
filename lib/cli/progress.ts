import type { CliIo } from './cli-io.js';

/** What is done quickly needs no progress. */
const QUIET_MS = 500;
const EVERY_MS = 100;
/** Where lines can't be written over. */
const LOGGED_EVERY_MS = 5_000;

/** Says on stderr how far something is that takes long: a line that is written over in a terminal, else one now and then. */
export class Progress {
  readonly #isTerminal: boolean;
  /** Of what is in progress; `undefined` between two things. */
  #begun: number | undefined;
  #saidAt = 0;
  #isShown = false;

  constructor(private readonly io: Pick<CliIo, 'stderr' | 'runtime'>) {
    this.#isTerminal = io.stderr.isTTY === true;
  }

  /** @param text made only if it is shown */
  say(text: () => string): void {
    const now = this.io.runtime.monotonic();
    if (this.#begun === undefined) this.#begun = this.#saidAt = now;
    const isDue = now - this.#begun >= QUIET_MS && now - this.#saidAt >= EVERY_MS;
    if (!isDue || (!this.#isTerminal && now - this.#saidAt < LOGGED_EVERY_MS)) return;
    this.#saidAt = now;
    this.#show(text());
  }

  /** What is waited for from now on, and how long is known. */
  wait(text: string): void {
    if (this.#isTerminal) this.#show(text);
  }

  #show(text: string): void {
    this.io.stderr.write(this.#isTerminal ? `\r\u001b[K${text}` : `${text}\n`);
    this.#isShown = this.#isTerminal;
  }

  /** Takes the line away. */
  end(): void {
    if (this.#isShown) this.io.stderr.write('\r\u001b[K');
    this.#isShown = false;
    this.#begun = undefined;
  }
}
