/** Upper bounds of the buckets, ms; what takes longer is in one more. From a hit in memory to a source that hangs. */
export const BUCKETS_MS: readonly number[] = [
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000,
];

/** Durations, by how long they were. */
export interface HistogramSnapshot {
  /** How many lie above the bound before and not above this one; the last: above all of them. */
  readonly buckets: readonly number[];
  readonly count: number;
  readonly sumMs: number;
}

/** Counts durations in fixed buckets: an increment and an addition for each. */
export class Histogram {
  readonly #buckets: number[] = Array.from({ length: BUCKETS_MS.length + 1 }, () => 0);
  #count = 0;
  #sumMs = 0;

  get count(): number {
    return this.#count;
  }

  note(ms: number, times = 1): void {
    let bucket = 0;
    while (bucket < BUCKETS_MS.length && ms > BUCKETS_MS[bucket]!) bucket++;
    this.#buckets[bucket]! += times;
    this.#count += times;
    this.#sumMs += ms * times;
  }

  /** @param untimed so many more that took next to no time, and that nobody has measured */
  snapshot(untimed = 0): HistogramSnapshot {
    const buckets = [...this.#buckets];
    buckets[0]! += untimed;
    return { buckets, count: this.#count + untimed, sumMs: this.#sumMs };
  }
}
