/** A clock that is moved by hand, for a cache and for the origin behind it. Whole milliseconds. */
export class VirtualTime {
  #now = Date.UTC(2026, 0, 1);
  #due = new Map();

  now = () => this.#now;
  monotonic = () => this.#now;
  random = seeded(7);

  after = (delayMs, run) => {
    const at = Math.ceil(this.#now + Math.max(1, delayMs));
    const timer = { run, cancel: () => (timer.run = undefined) };
    const others = this.#due.get(at);
    if (others === undefined) this.#due.set(at, [timer]);
    else others.push(timer);
    return timer;
  };

  sleep = (ms) => new Promise((resolve) => this.after(ms, resolve));

  /** One millisecond further; what it wakes runs as far as it can. */
  async tick() {
    this.#now++;
    const due = this.#due.get(this.#now);
    if (due === undefined) return;
    this.#due.delete(this.#now);
    for (const timer of due) timer.run?.();
    await settle();
  }
}

/** Lets everything run that waits for nothing but its turn. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Chance that is the same every time: mulberry32. */
export function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
