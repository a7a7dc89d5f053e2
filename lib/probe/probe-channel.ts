import type { Runtime, Timer } from '../cache.runtime.js';
import type { JournalFeed, RedisCommands } from '../redis/redis-commands.interface.js';
import { askProbe, type StreamItem } from '../redis/scripts.js';

/** What is asked about an invalidation. */
export interface ProbeQuestion {
  readonly epoch: string;
  readonly position: number;
  /** With prefix. */
  readonly tags: readonly string[];
}

/** Carries questions to every process, the one that asks included. */
export interface ProbeChannel {
  /** Nobody waits for it; a question that gets lost is one less. */
  ask(question: ProbeQuestion): void;
  /** @param hear is told of each question from now on, and when it was asked by this process's clock */
  listen(hear: (question: ProbeQuestion & { readonly askedAt: number }) => void): Promise<void>;
  close(): void;
}

export interface RedisProbeParts {
  readonly commands: RedisCommands;
  /** A connection of its own: the journal's is what may be at fault. */
  readonly feed: JournalFeed;
  readonly stream: string;
  readonly runtime: Runtime;
  /** How far the server's clock is ahead of this process's, ms. */
  readonly clockOffsetMs: () => number;
}

const QUESTIONS_KEPT = 1_000;
const BLOCK_MS = 1_000;
const PAUSE_MS = 1_000;

/** A stream of questions, apart from the journal. */
export class RedisProbeChannel implements ProbeChannel {
  #closed = false;
  #after = '$';
  #pause: { readonly timer: Timer; readonly end: () => void } | undefined;

  constructor(private readonly parts: RedisProbeParts) {}

  ask(question: ProbeQuestion): void {
    const { commands, stream } = this.parts;
    commands.run(askProbe, [stream], [JSON.stringify(question), QUESTIONS_KEPT]).catch(() => undefined);
  }

  async listen(hear: (question: ProbeQuestion & { readonly askedAt: number }) => void): Promise<void> {
    const { feed, stream, clockOffsetMs } = this.parts;
    while (!this.#closed) {
      try {
        for (const item of await feed.read(stream, this.#after, BLOCK_MS)) {
          this.#after = item.id;
          const question = readQuestion(item);
          if (question !== undefined && !this.#closed)
            hear({ ...question, askedAt: Number(item.id.split('-')[0]) - clockOffsetMs() });
        }
      } catch {
        await this.#wait();
      }
    }
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#pause = undefined;
        resolve();
      };
      this.#pause = { timer: this.parts.runtime.after(PAUSE_MS, end, { background: true }), end };
    });
  }

  close(): void {
    this.#closed = true;
    this.#pause?.timer.cancel();
    this.#pause?.end();
  }
}

/** @returns `undefined` for what is no question */
function readQuestion({ record }: StreamItem): ProbeQuestion | undefined {
  try {
    const { epoch, position, tags } = JSON.parse(record.toString()) as Partial<ProbeQuestion>;
    const isWhole =
      typeof epoch === 'string' &&
      typeof position === 'number' &&
      Array.isArray(tags) &&
      tags.every((tag) => typeof tag === 'string');
    return isWhole ? { epoch, position, tags } : undefined;
  } catch {
    return undefined;
  }
}
