import type { Command } from './command.js';
import { clear } from './commands/clear.command.js';
import { deadLetters } from './commands/dead-letters.command.js';
import { doctor } from './commands/doctor.command.js';
import { evict } from './commands/evict.command.js';
import { explain } from './commands/explain.command.js';
import { inspect } from './commands/inspect.command.js';
import { invalidate } from './commands/invalidate.command.js';
import { stats } from './commands/stats.command.js';
import { tail } from './commands/tail.command.js';
import { top } from './commands/top.command.js';

/** In the order of the help. */
export const COMMANDS: readonly Command[] = [
  stats,
  explain,
  inspect,
  invalidate,
  evict,
  clear,
  tail,
  top,
  deadLetters,
  doctor,
];
