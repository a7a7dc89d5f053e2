import type { Runtime } from '../cache.runtime.js';

/** Where a command writes to. */
export interface CliStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

/** What a command line takes from the process it runs in. */
export interface CliIo {
  readonly stdout: CliStream;
  readonly stderr: CliStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly runtime: Runtime;
  /** Somebody wants it to end: Ctrl-C. */
  readonly signal: AbortSignal;
  /** For `--version`. */
  readonly version: () => string;
}
