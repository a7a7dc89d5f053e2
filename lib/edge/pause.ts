import type { Runtime, Timer } from '../cache.runtime.js';

/** A while that can be made shorter. It doesn't keep the process alive. */
export class Pause {
  readonly over: Promise<void>;
  #timer: Timer | undefined;
  #dueAt = Infinity;
  #end!: () => void;

  constructor(
    private readonly runtime: Runtime,
    ms: number,
  ) {
    this.over = new Promise((resolve) => (this.#end = resolve));
    this.shortenTo(ms);
  }

  /** Ends that long from now at the latest, in a turn of its own. */
  shortenTo(ms: number): void {
    const dueAt = this.runtime.monotonic() + ms;
    if (dueAt >= this.#dueAt) return;
    this.#dueAt = dueAt;
    this.#timer?.cancel();
    this.#timer = this.runtime.after(ms, this.#end, { background: true });
  }

  end(): void {
    this.#timer?.cancel();
    this.#end();
  }
}
