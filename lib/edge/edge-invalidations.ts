import type { Runtime, Timer } from '../cache.runtime.js';
import { ANY_RECORD, isSoftTag, tagBehind } from '../entry/tags.js';
import { surrogateKey } from '../http/surrogate-keys.js';
import type { EdgeCopies } from './edge-copies.interface.js';
import { edgeKeyOf } from './edge-keys.js';
import type { EdgePurger } from './edge-purger.js';
import type { PurgeMode } from './edge-sender.interface.js';

/** Added to how long other processes may answer with the old value, because timers and clocks aren't exact. */
const MARGIN_MS = 50;
const CLOSE_WITHIN_MS = 1_000;

/**
 * Has the edge purge what was invalidated: at once, and a second time somewhat later. An answer that was on its way to
 * the edge when it was purged, or that another process gave before it heard of the invalidation, is stored there after
 * the first purge; the second one gets it.
 */
export class EdgeInvalidations implements EdgeCopies {
  /** What is purged again when the timer fires, and the time after that: each waits for one to two rounds. */
  #ripe = new Map<string, PurgeMode>();
  #young = new Map<string, PurgeMode>();
  #timer: Timer | undefined;
  #delayMs: number;

  /** @param againAfterMs how long an answer may be on its way */
  constructor(
    private readonly purger: EdgePurger,
    private readonly runtime: Runtime,
    againAfterMs: number,
  ) {
    this.#delayMs = againAfterMs;
  }

  purge(tags: readonly string[], oldForMs: number): void {
    this.#delayMs = Math.max(this.#delayMs, oldForMs === 0 ? 0 : oldForMs + MARGIN_MS);
    // what depends on every record is gone after any
    const keys = new Map<string, PurgeMode>([[wireKey(ANY_RECORD), 'hard']]);
    for (const tag of tags) {
      if (isSoftTag(tag)) addSoft(keys, wireKey(tagBehind(tag)));
      else keys.set(wireKey(tag), 'hard');
    }
    this.#send(keys);
    for (const [key, mode] of keys) {
      if (mode === 'hard') this.#young.set(key, 'hard');
      else addSoft(this.#young, key);
    }
    this.#timer ??= this.#wake();
  }

  status(): ReturnType<EdgePurger['status']> {
    return this.purger.status();
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#send(this.#ripe);
    this.#send(this.#young);
    await this.purger.close(CLOSE_WITHIN_MS);
  }

  #wake(): Timer {
    return this.runtime.after(
      this.#delayMs,
      () => {
        this.#send(this.#ripe);
        this.#ripe = this.#young;
        this.#young = new Map();
        this.#timer = this.#ripe.size > 0 ? this.#wake() : undefined;
      },
      { background: true },
    );
  }

  #send(keys: ReadonlyMap<string, PurgeMode>): void {
    for (const mode of ['hard', 'soft'] as const) {
      const ofMode = [...keys].filter(([, each]) => each === mode).map(([key]) => key);
      if (ofMode.length > 0) this.purger.purge(ofMode, mode);
    }
  }
}

const wireKey = (tag: string): string => surrogateKey(edgeKeyOf(tag));

/** What is gone needn't be stale. */
function addSoft(keys: Map<string, PurgeMode>, key: string): void {
  if (!keys.has(key)) keys.set(key, 'soft');
}
