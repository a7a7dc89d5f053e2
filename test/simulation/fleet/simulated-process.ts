import type { Runtime, Timer } from '../../../lib/cache.runtime.js';
import type { World } from '../world.js';

/** One operating-system process: with clocks of its own, it can be stopped, and it can die. */
export class SimulatedProcess {
  /** Resolves when it dies. */
  readonly died: Promise<void>;
  alive = true;
  #pausedUntil = 0;
  #held: (() => void)[] = [];
  #announceDeath!: () => void;

  constructor(
    private readonly world: World,
    /** How far its wall clock is ahead of the world's, ms. */
    public wallOffsetMs: number,
  ) {
    this.died = new Promise((resolve) => (this.#announceDeath = resolve));
  }

  readonly runtime: Runtime = {
    now: () => this.world.now() + this.wallOffsetMs,
    monotonic: () => this.world.now(),
    random: () => this.world.random(),
    after: (delayMs, run): Timer => this.world.after(delayMs, () => this.run(run)),
  };

  /** Runs it in this process: later, if it is stopped, and never, if it is dead. */
  run(event: () => void): void {
    if (!this.alive) return;
    if (this.world.now() < this.#pausedUntil) this.#held.push(event);
    else event();
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.runtime.after(ms, resolve));
  }

  /** SIGSTOP, and SIGCONT so much later. */
  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.world.now() + ms);
    this.world.after(ms, () => {
      if (this.world.now() < this.#pausedUntil) return;
      for (const event of this.#held.splice(0)) this.world.after(0, () => this.run(event));
    });
  }

  /** kill -9 */
  die(): void {
    this.alive = false;
    this.#held = [];
    this.#announceDeath();
  }
}
