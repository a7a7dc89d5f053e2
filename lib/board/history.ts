import type { Timer } from '../cache.runtime.js';
import type { CacheEngine } from '../desk/cache-engine.js';

/** Counters of one cache at one moment: epoch ms, reads, hits, loads, ms spent loading. */
export type Sample = readonly [at: number, reads: number, hits: number, loads: number, loadMs: number];

export const SAMPLE_EVERY_MS = 2_000;
/** Ten minutes. */
const SAMPLES = 300;
const MOST_CACHES = 200;

/** What the counters were in the last ten minutes, for the charts of somebody who opens the board now. */
export class History {
  readonly #samples = new Map<string, Sample[]>();
  #timer: Timer | undefined;

  constructor(private readonly engine: CacheEngine) {}

  start(): void {
    this.#sample();
    const again = (): void => {
      this.#timer = this.engine.parts.runtime.after(
        SAMPLE_EVERY_MS,
        () => {
          this.#sample();
          again();
        },
        { background: true },
      );
    };
    again();
  }

  close(): void {
    this.#timer?.cancel();
  }

  /** By cache, oldest first. */
  get samples(): Readonly<Record<string, readonly Sample[]>> {
    return Object.fromEntries(this.#samples);
  }

  #sample(): void {
    const now = this.engine.parts.runtime.now();
    let caches = 0;
    for (const [name, desk] of this.engine.desks) {
      if (++caches > MOST_CACHES) return;
      const { reads, hits, loads, loadMs } = desk.snapshot();
      const samples = this.#samples.get(name) ?? [];
      samples.push([now, reads, hits, loads, Math.round(loadMs)]);
      if (samples.length > SAMPLES) samples.shift();
      this.#samples.set(name, samples);
    }
  }
}
