import type { Runtime, Timer } from '../cache.runtime.js';
import { PUBLISH_EVERY_MS, type LearnedCache } from './learned-cache.js';

const LOOK_EVERY_MS = 250;
const FIRST_PUBLISH_MS = 5_000;

/** Looks after what is learned: publishes it now and then, and notices that a cache was cleared. One timer for all. */
export class Learning {
  #timer: Timer | undefined;
  #publishAt = Number.POSITIVE_INFINITY;

  constructor(
    private readonly caches: readonly LearnedCache[],
    private readonly runtime: Runtime,
    /** In view of whoever closes the registration. */
    private readonly background: (work: Promise<void>) => void,
    private readonly cleared: (cache: LearnedCache, by: string) => void,
  ) {}

  start(): void {
    if (this.caches.length === 0) return;
    for (const cache of this.caches) cache.watch();
    this.#planToPublish(FIRST_PUBLISH_MS);
    this.#lookLater();
  }

  /** What was learned last is told, for the next version of the application. */
  close(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.#publish();
  }

  #lookLater(): void {
    this.#timer = this.runtime.after(LOOK_EVERY_MS, () => this.#look(), { background: true });
  }

  #look(): void {
    for (const cache of this.caches) {
      const by = cache.clearedBy();
      if (by !== undefined) this.cleared(cache, by);
    }
    if (this.runtime.monotonic() >= this.#publishAt) {
      this.#publish();
      this.#planToPublish(PUBLISH_EVERY_MS);
    }
    this.#lookLater();
  }

  #publish(): void {
    for (const cache of this.caches) this.background(cache.publish());
  }

  /** Not all processes at once: two that do would each miss what the other has counted. */
  #planToPublish(inMs: number): void {
    this.#publishAt = this.runtime.monotonic() + inMs * (0.75 + this.runtime.random() / 2);
  }
}
