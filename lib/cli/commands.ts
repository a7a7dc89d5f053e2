import type { Command } from './command.js';
import { doctor } from './commands/doctor.command.js';
import { stats } from './commands/stats.command.js';
import { tail } from './commands/tail.command.js';

/** In the order of the help. */
export const COMMANDS: readonly Command[] = [stats, tail, doctor];
