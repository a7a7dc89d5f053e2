import type { LoggerService } from '@nestjs/common';
import type { Runtime } from '../cache.runtime.js';

export type EventLogger = Pick<LoggerService, 'error' | 'warn' | 'log'>;

const EVERY_MS = 60_000;
/** Causes that are told apart. */
const MOST = 500;

/** Warnings of what can come at any rate, from anybody: each at most once a minute, with how often it was. */
export class EventLog {
  readonly #said = new Map<string, { at: number; more: number }>();

  constructor(
    private readonly logger: EventLogger,
    private readonly runtime: Runtime,
  ) {}

  /** @param cause of few different ones: nothing that a sender can choose */
  warn(cause: string, message: string = cause): void {
    const now = this.runtime.monotonic();
    const said = this.#said.get(cause);
    if (said !== undefined && now - said.at < EVERY_MS) {
      said.more++;
      return;
    }
    if (said === undefined && this.#said.size >= MOST) return;
    this.#said.set(cause, { at: now, more: 0 });
    const more = said === undefined || said.more === 0 ? '' : ` (and ${said.more} more since the last such line)`;
    this.logger.warn(`${message}${more}`);
  }

  log(message: string): void {
    this.logger.log?.(message);
  }
}
