import type { CliIo } from './cli-io.js';

/** What is done quickly needs no progress. */
const QUIET_MS = 500;
const EVERY_MS = 100;
/** Where lines can't be written over. */
const LOGGED_EVERY_MS = 5_000;

/** Says on stderr how far something is that takes long: a line that is written over in a terminal, else one now and then. */
export class Progress {
  readonly #begun: number;
  #saidAt = Number.NEGATIVE_INFINITY;
  #isShown = false;

  constructor(private readonly io: Pick<CliIo, 'stderr' | 'runtime'>) {
    this.#begun = io.runtime.monotonic();
  }

  /** @param text made only if it is shown */
  say(text: () => string): void {
    const { runtime, stderr } = this.io;
    const now = runtime.monotonic();
    const isTerminal = stderr.isTTY === true;
    if (now - this.#begun < QUIET_MS || now - this.#saidAt < (isTerminal ? EVERY_MS : LOGGED_EVERY_MS)) return;
    this.#saidAt = now;
    this.#isShown = isTerminal;
    stderr.write(isTerminal ? `\r\u001b[K${text()}` : `${text()}\n`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#isShown) this.io.stderr.write('\r\u001b[K');
    this.#isShown = false;
  }
}
