import type { LoggerService } from '@nestjs/common';
import type { Runtime } from '../cache.runtime.js';
import type { BoardAuditEntry } from './board-options.interface.js';

const REMEMBERED = 50;

/** Everything that was done from the board of this process, or refused. */
export class Audit {
  /** Oldest first. */
  readonly entries: BoardAuditEntry[] = [];

  constructor(
    private readonly runtime: Runtime,
    private readonly log: Pick<LoggerService, 'log' | 'warn'>,
    private readonly tell: ((entry: BoardAuditEntry) => void) | undefined,
  ) {}

  note(what: Omit<BoardAuditEntry, 'at'>): void {
    const entry = { at: this.runtime.now(), ...what };
    this.entries.push(entry);
    if (this.entries.length > REMEMBERED) this.entries.shift();
    // as JSON: a key may hold line breaks that would make lines of their own
    this.log[entry.outcome === 'done' ? 'log' : 'warn'](`board: ${JSON.stringify(entry)}`);
    try {
      this.tell?.(entry);
    } catch (error) {
      this.log.warn(`board: \`audit\` threw ${JSON.stringify(String(error))}`);
    }
  }
}
