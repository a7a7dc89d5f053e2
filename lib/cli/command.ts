import type { CliIo } from './cli-io.js';
import type { ExitCode } from './cli-errors.js';
import type { CliServer } from './cli-server.js';
import type { OptionSpecs } from './option-specs.js';
import type { Output } from './output.js';
import type { Progress } from './progress.js';
import type { Said } from './said.js';
import type { Target } from './target.js';

export interface CommandContext {
  readonly said: Said;
  readonly target: Target;
  readonly out: Output;
  readonly io: CliIo;
  readonly progress: Progress;
  /** It is closed when the command is over. @throws RedisFault where there is none */
  readonly connect: () => Promise<CliServer>;
}

/** One command of the command line. */
export interface Command {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What stands behind its name, as `<cache> <key>`. */
  readonly takes: string;
  /** How many words that are at least, and at most. */
  readonly words: readonly [least: number, most: number];
  readonly options: OptionSpecs;
  /** What else is to be known. */
  readonly notes?: readonly string[];
  /** Looks at what was said, before there is a connection. @throws CliError for what can't be right */
  readonly check?: (said: Said) => void;
  /** It goes on until it is interrupted, which is a good end then. */
  readonly isEndless?: boolean;
  readonly run: (context: CommandContext) => Promise<ExitCode>;
}
