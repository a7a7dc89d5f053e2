/** Work nobody waits for, kept in view so that a shutdown can wait for it. */
export class BackgroundWork {
  readonly #running = new Set<Promise<unknown>>();

  get size(): number {
    return this.#running.size;
  }

  /** @param work tells of its failures itself: nobody listens here */
  add(work: Promise<unknown>): void {
    this.#running.add(work);
    const ended = (): unknown => this.#running.delete(work);
    work.then(ended, ended);
  }

  /** Resolves when everything that was added, and what that added, is done. */
  async drained(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }
}
