import type { Runtime, Timer } from '../cache.runtime.js';
import { parseDuration, type Duration } from '../options/duration.js';

interface Due {
  readonly at: number;
  readonly run: () => void;
}

/**
 * A clock that stands still until it is moved. Timers of the cache run when it is moved past them, in their order;
 * loaders and everything else of the test run in real time.
 *
 * @example
 * const clock = new TestClock();
 * await Test.createTestingModule({ imports: [CacheTestingModule.forRoot({ ttl: '5m' }, clock)], … }).compile();
 * await clock.advance('5m');
 */
export class TestClock implements Runtime {
  /** Epoch ms. */
  time: number;
  /** How far the wall clock is off the monotonic one, ms; set it back to see what happens. */
  wallOffset = 0;
  #due: Due[] = [];
  #chance: () => number;

  constructor({ at = Date.UTC(2026, 0, 1), random = () => 0.5 }: { at?: number; random?: () => number } = {}) {
    this.time = at;
    this.#chance = random;
  }

  readonly now = (): number => this.time + this.wallOffset;
  readonly monotonic = (): number => this.time;
  readonly random = (): number => this.#chance();

  readonly after = (delayMs: number, run: () => void): Timer => {
    const due = { at: this.time + Math.max(0, delayMs), run };
    this.#due.push(due);
    return { cancel: () => (this.#due = this.#due.filter((other) => other !== due)) };
  };

  /** Timers that wait to run. */
  get pendingTimers(): number {
    return this.#due.length;
  }

  /**
   * Moves the clock on, from timer to timer, and lets what each wakes run as far as it can.
   * @param duration milliseconds, or a text such as `'5m'`
   */
  async advance(duration: Duration): Promise<void> {
    const ms = parseDuration(duration);
    if (ms === undefined) throw new RangeError(`advance: got ${duration}; takes milliseconds or a text such as '5m'`);
    const until = this.time + ms;
    for (;;) {
      await settle();
      const next = this.#due.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#due = this.#due.filter((due) => due !== next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = until;
    await settle();
  }
}

const macrotask = setImmediate;

/** Lets everything run that waits for nothing but its turn. */
const settle = (): Promise<void> => new Promise((resolve) => macrotask(resolve));
