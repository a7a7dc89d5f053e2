/** So often as it was made, or about. */
export type CountedCall = readonly [call: string, count: number];

/**
 * About how often calls were made, of those that are made most, in bounded memory: when there are twice as many as are
 * to be remembered, as much is taken off each as leaves the most frequent half (Misra and Gries, in batches). A call
 * that makes up more than 1/capacity of all is always among them.
 */
export class HotCalls {
  readonly #counts = new Map<string, number>();

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.#counts.size;
  }

  add(call: string, weight: number): void {
    this.#counts.set(call, (this.#counts.get(call) ?? 0) + weight);
    if (this.#counts.size > 2 * this.capacity) this.#prune();
  }

  /** What was counted since the last time. */
  drain(): CountedCall[] {
    const counted = [...this.#counts];
    this.#counts.clear();
    return counted;
  }

  #prune(): void {
    const counts = [...this.#counts.values()].sort((a, b) => b - a);
    const least = counts[this.capacity]!;
    for (const [call, count] of this.#counts) {
      if (count <= least) this.#counts.delete(call);
      else this.#counts.set(call, count - least);
    }
  }
}
