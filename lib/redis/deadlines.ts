import type { Runtime, Timer } from '../cache.runtime.js';

/** Something that has to be over in time. */
export interface Awaited {
  over: boolean;
  dueAt: number;
  readonly expire: () => void;
}

/** A timer that comes this much too late was held up together with the answers it waits for. */
const HELD_UP_MS = 50;
/** What those answers then get to arrive, ms. */
const RESPITE_MS = 20;

/**
 * The same deadline for many things that overlap: since all wait equally long they expire in the order of their
 * beginnings, and one timer serves them all.
 */
export class Deadlines {
  #waiting: Awaited[] = [];
  #first = 0;
  #timer: Timer | undefined;

  constructor(
    private readonly runtime: Runtime,
    readonly afterMs: number,
  ) {}

  /** Set `over` when it is; else `expire` is called, once. */
  begin(expire: () => void): Awaited {
    const awaited = { over: false, dueAt: this.runtime.monotonic() + this.afterMs, expire };
    // else all that was answered since the timer was started would be kept until it fires
    this.#skipWhatIsOver();
    this.#waiting.push(awaited);
    if (this.#timer === undefined) this.#timer = this.#wakeIn(this.afterMs);
    return awaited;
  }

  #wakeIn(ms: number, isRespite = false): Timer {
    return this.runtime.after(ms, () => this.#wake(isRespite), { background: true });
  }

  #wake(isRespite: boolean): void {
    this.#timer = undefined;
    this.#skipWhatIsOver();
    const next = this.#waiting[this.#first];
    if (next === undefined) return;
    const now = this.runtime.monotonic();
    // a process that was stopped reads its answers only after this timer; one that is always late would wait for ever
    if (!isRespite && now - next.dueAt > HELD_UP_MS) {
      this.#postpone(now + RESPITE_MS);
      this.#timer = this.#wakeIn(RESPITE_MS, true);
      return;
    }
    const expired: Awaited[] = [];
    for (; this.#first < this.#waiting.length && this.#waiting[this.#first]!.dueAt <= now; this.#first++) {
      const awaited = this.#waiting[this.#first]!;
      if (!awaited.over) expired.push(awaited);
    }
    this.#skipWhatIsOver();
    const later = this.#waiting[this.#first];
    if (later !== undefined) this.#timer = this.#wakeIn(later.dueAt - now);
    for (const awaited of expired) {
      awaited.over = true;
      awaited.expire();
    }
  }

  #postpone(dueAt: number): void {
    for (let index = this.#first; index < this.#waiting.length && this.#waiting[index]!.dueAt < dueAt; index++) {
      this.#waiting[index]!.dueAt = dueAt;
    }
  }

  #skipWhatIsOver(): void {
    while (this.#first < this.#waiting.length && this.#waiting[this.#first]!.over) this.#first++;
    if (this.#first === this.#waiting.length) this.#waiting = [];
    else if (this.#first > 1_000) this.#waiting = this.#waiting.slice(this.#first);
    else return;
    this.#first = 0;
  }
}
