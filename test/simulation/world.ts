import type { Runtime, Timer } from '../../lib/cache.runtime.js';

interface ScheduledEvent {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

// captured before anybody fakes timers: between two events every microtask runs to its end
const macrotask = setImmediate;

/**
 * A world in one thread whose time passes from event to event and whose chance comes from a seed: the same seed is the
 * same history, to the last step.
 */
export class World implements Runtime {
  steps = 0;
  #time = 1_000_000;
  #order = 0;
  #state: number;
  readonly #queue: ScheduledEvent[] = [];

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  readonly now = (): number => this.#time;
  readonly monotonic = (): number => this.#time;

  /** mulberry32 */
  readonly random = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };

  readonly after = (delayMs: number, run: () => void): Timer => {
    const event = { at: this.#time + Math.max(0, delayMs), order: this.#order++, run, cancelled: false };
    this.#insert(event);
    return { cancel: () => (event.cancelled = true) };
  };

  /** A whole number from 0 to `max`. */
  upTo(max: number): number {
    return Math.floor(this.random() * (max + 1));
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Runs until nothing is left to happen before that time. */
  async run(untilMs: number): Promise<void> {
    const end = this.#time + untilMs;
    for (;;) {
      await new Promise((resolve) => macrotask(resolve));
      const event = this.#takeNext(end);
      if (event === undefined) break;
      this.#time = Math.max(this.#time, event.at);
      this.steps++;
      event.run();
    }
    this.#time = end;
  }

  #takeNext(end: number): ScheduledEvent | undefined {
    for (;;) {
      const [next] = this.#queue;
      if (next === undefined || next.at > end) return undefined;
      this.#removeFirst();
      if (!next.cancelled) return next;
    }
  }

  // a binary heap: the first is the next, and none comes before the one at half its index
  #insert(event: ScheduledEvent): void {
    let place = this.#queue.push(event) - 1;
    for (let above = (place - 1) >> 1; place > 0 && isSooner(event, this.#queue[above]!); above = (place - 1) >> 1) {
      this.#queue[place] = this.#queue[above]!;
      place = above;
    }
    this.#queue[place] = event;
  }

  #removeFirst(): void {
    const last = this.#queue.pop()!;
    const size = this.#queue.length;
    if (size === 0) return;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= size) break;
      if (below + 1 < size && isSooner(this.#queue[below + 1]!, this.#queue[below]!)) below++;
      if (!isSooner(this.#queue[below]!, last)) break;
      this.#queue[place] = this.#queue[below]!;
      place = below;
    }
    this.#queue[place] = last;
  }
}

const isSooner = (one: ScheduledEvent, other: ScheduledEvent): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order);
