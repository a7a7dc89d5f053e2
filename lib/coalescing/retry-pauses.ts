/** Keys whose loader failed a moment ago and is left alone for a while, as long as an old value can stand in. */
export class RetryPauses {
  readonly #until = new Map<string, number>();

  constructor(private readonly maxKeys: number) {}

  get size(): number {
    return this.#until.size;
  }

  /** @param until epoch ms */
  begin(key: string, until: number): void {
    this.#until.delete(key);
    this.#until.set(key, until);
    if (this.#until.size > this.maxKeys) this.#until.delete(this.#until.keys().next().value!);
  }

  isOn(key: string, now: number): boolean {
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (now < until) return true;
    this.#until.delete(key);
    return false;
  }

  end(key: string): void {
    this.#until.delete(key);
  }

  /** Forgets pauses that are over. */
  sweep(now: number): void {
    for (const [key, until] of this.#until) if (now >= until) this.#until.delete(key);
  }
}
