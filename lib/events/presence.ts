import type { Runtime, Timer } from '../cache.runtime.js';
import type { Once } from '../coalescing/once.js';

/** So long a process counts as listening after it last said so, ms. */
const REMEMBERED_MS = 5_000;
const SAID_EVERY_MS = 1_500;

/**
 * Whether processes of this service were listening while this one wasn't: what is in a shared store is older than this
 * process, and nobody may have heard of what became of it. Told through that store.
 */
export class Presence {
  readonly #timers = new Map<string, Timer>();

  constructor(
    private readonly once: Once,
    private readonly runtime: Runtime,
  ) {}

  /**
   * Somebody who said so recently may have died since: he has to say it again, while this process still says nothing.
   * @param line what is listened to
   */
  async isCovered(line: string): Promise<boolean> {
    if ((await this.once.isDoneSomewhere(idOf(line))) !== true) return false;
    await new Promise<void>((resolve) => this.runtime.after(REMEMBERED_MS, resolve, { background: true }));
    return (await this.once.isDoneSomewhere(idOf(line))) === true;
  }

  /** Says that this process is listening, until `end`. */
  begin(line: string): void {
    if (this.#timers.has(line)) return;
    const say = (): void => {
      this.#timers.set(line, this.runtime.after(SAID_EVERY_MS, say, { background: true }));
      void this.once.note(idOf(line), REMEMBERED_MS);
    };
    say();
  }

  end(line: string): void {
    this.#timers.get(line)?.cancel();
    this.#timers.delete(line);
  }

  close(): void {
    for (const line of this.#timers.keys()) this.end(line);
  }
}

const idOf = (line: string): string => `listening\0${line}`;
