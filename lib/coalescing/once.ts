import type { Runtime } from '../cache.runtime.js';
import type { Marks } from './marks.interface.js';

/** How long somebody who died while he was at it is waited for, ms. */
const LIFE_MS = 2_000;
const SHORTEST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 200;
/** Things one process remembers; the oldest are forgotten first. */
const MOST = 100_000;

/** What came of the work: whether it is to be remembered as done, and by everybody or here alone. */
export type Deed = 'done' | 'done-here' | 'failed';

/**
 * Things that are told several times and are to be done once, in this process and, over `Marks`, in all that share
 * them. One that died while it was at it is followed by another; one whose mark was lost does it again.
 */
export class Once {
  /** Until when it is remembered, ms of the monotonic clock. */
  readonly #done = new Map<string, number>();
  readonly #running = new Map<string, Promise<boolean>>();

  constructor(
    private readonly runtime: Runtime,
    private readonly marks?: Marks,
  ) {}

  /** Things that are remembered here. */
  get size(): number {
    return this.#done.size;
  }

  /**
   * @param work must not reject
   * @returns whether it was done here and now; else it has been done before
   */
  async run(id: string, forMs: number, work: () => Promise<Deed>): Promise<boolean> {
    for (;;) {
      if (this.#isDone(id)) return false;
      const running = this.#running.get(id);
      if (running === undefined) break;
      if (await running) return false;
    }
    let isDone = false;
    const run = this.#runHere(id, forMs, work).then((ran) => {
      isDone = ran;
      return this.#isDone(id);
    });
    this.#running.set(id, run);
    try {
      await run;
      return isDone;
    } finally {
      this.#running.delete(id);
    }
  }

  /** Whether it was done, as far as processes share what they know; undefined where they don't, or can't say. */
  async isDoneSomewhere(id: string): Promise<boolean | undefined> {
    return this.marks?.isDone(id);
  }

  /**
   * It is done already, by somebody who doesn't want to be told of it.
   * @param by `'here'` where the others aren't known to have anything of it yet: if this process dies now, they have to do it
   */
  async note(id: string, forMs: number, by: 'everybody' | 'here' = 'everybody'): Promise<void> {
    this.#remember(id, forMs);
    if (by === 'everybody') await this.marks?.done(id, forMs);
  }

  async #runHere(id: string, forMs: number, work: () => Promise<Deed>): Promise<boolean> {
    const right = await this.#rightTo(id);
    if (right === 'done') {
      this.#remember(id, forMs);
      return false;
    }
    const deed = await work();
    if (deed !== 'failed') this.#remember(id, forMs);
    if (right === 'mine') {
      if (deed === 'done') await this.marks?.done(id, forMs);
      else await this.marks?.failed(id);
    }
    return true;
  }

  async #rightTo(id: string): Promise<'mine' | 'done' | 'unreachable'> {
    if (this.marks === undefined) return 'unreachable';
    for (let pauseMs = SHORTEST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const right = await this.marks.begin(id, LIFE_MS);
      if (right !== 'busy') return right;
      await new Promise<void>((resolve) => this.runtime.after(pauseMs, resolve));
    }
  }

  #isDone(id: string): boolean {
    const until = this.#done.get(id);
    if (until === undefined) return false;
    if (this.runtime.monotonic() < until) return true;
    this.#done.delete(id);
    return false;
  }

  #remember(id: string, forMs: number): void {
    this.#done.delete(id);
    this.#done.set(id, this.runtime.monotonic() + forMs);
    for (const [oldest, until] of this.#done) {
      if (this.#done.size <= MOST && this.runtime.monotonic() < until) break;
      this.#done.delete(oldest);
    }
  }
}
