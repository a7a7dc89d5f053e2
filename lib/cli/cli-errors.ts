/** What a command line ends with. */
export const EXIT = {
  ok: 0,
  /** What was asked about isn't there, or isn't as it should be. */
  no: 1,
  /** What was typed can't be right. */
  usage: 2,
  /** Redis isn't there, or doesn't let this user do what is needed. */
  redis: 3,
  /** Ctrl-C, as shells have it. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A sentence for the user, and the exit code that goes with it; never a stack trace. */
export class CliError extends Error {
  constructor(
    readonly exitCode: ExitCode,
    message: string,
  ) {
    super(message);
  }
}

export const usageError = (message: string): CliError => new CliError(EXIT.usage, message);
export const redisError = (message: string): CliError => new CliError(EXIT.redis, message);
