import type { CacheEngine } from '../desk/cache-engine.js';

/** How long the last loads of a cache took, ms. */
export interface LoadTime {
  readonly cache: string;
  readonly meanMs: number;
  readonly p95Ms: number;
  readonly maxMs: number;
  /** So many loads it is said of. */
  readonly of: number;
  readonly failed: number;
}

const REMEMBERED = 256;
const SHOWN = 20;

class LoadRing {
  readonly #times = new Float64Array(REMEMBERED);
  readonly #failures = new Uint8Array(REMEMBERED);
  #noted = 0;

  note(ms: number, failed: boolean): void {
    const at = this.#noted++ % REMEMBERED;
    this.#times[at] = ms;
    this.#failures[at] = failed ? 1 : 0;
  }

  summary(cache: string): LoadTime {
    const of = Math.min(this.#noted, REMEMBERED);
    const times = this.#times.slice(0, of).sort();
    const round = (ms: number): number => Math.round(ms * 10) / 10;
    return {
      cache,
      of,
      meanMs: round(times.reduce((sum, ms) => sum + ms, 0) / of),
      p95Ms: round(times[Math.min(of - 1, Math.floor(of * 0.95))]!),
      maxMs: round(times[of - 1]!),
      failed: this.#failures.slice(0, of).reduce((sum, failed) => sum + failed, 0),
    };
  }
}

/** How long the newest loads of each cache took in this process. */
export class LoadTimes {
  readonly #rings = new Map<string, LoadRing>();
  #end: (() => void) | undefined;

  constructor(private readonly engine: CacheEngine) {}

  start(): void {
    this.#end = this.engine.observe((event) => {
      if (event.type !== 'load') return;
      let ring = this.#rings.get(event.cache);
      if (ring === undefined) this.#rings.set(event.cache, (ring = new LoadRing()));
      ring.note(event.ms, event.failed);
    });
  }

  close(): void {
    this.#end?.();
  }

  /** Slowest first. */
  slowest(): LoadTime[] {
    return [...this.#rings]
      .map(([cache, ring]) => ring.summary(cache))
      .sort((a, b) => b.p95Ms - a.p95Ms)
      .slice(0, SHOWN);
  }
}
