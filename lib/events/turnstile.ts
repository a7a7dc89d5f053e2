/** Lets so many in at a time; the others wait in their order. */
export class Turnstile {
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(private readonly most: number) {}

  async pass<T>(run: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.most) await new Promise<void>((enter) => this.#waiting.push(enter));
    else this.#inside++;
    try {
      return await run();
    } finally {
      // whoever enters takes the place of the one that leaves
      const next = this.#waiting.shift();
      if (next === undefined) this.#inside--;
      else next();
    }
  }
}
