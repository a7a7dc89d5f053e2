/** A timer that was started and may be called off. */
export interface Timer {
  cancel(): void;
}

/**
 * Everything the engine takes from outside that would make a run unrepeatable: both clocks, chance and timers.
 * A test or a simulator passes its own.
 */
export interface Runtime {
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
  /** Monotonic clock, milliseconds since some fixed moment. */
  readonly monotonic: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /**
   * Runs `callback` once after `delayMs`. A `background` timer doesn't keep the process alive.
   * Delays beyond what a timer can hold (2^31 - 1 ms) fire at that bound.
   */
  readonly after: (delayMs: number, callback: () => void, options?: { background?: boolean }) => Timer;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The real thing. */
export const systemRuntime: Runtime = {
  now: Date.now,
  monotonic: () => performance.now(),
  random: Math.random,
  after: (delayMs, callback, options) => {
    const timer = setTimeout(callback, Math.min(delayMs, LONGEST_TIMER_MS));
    if (options?.background === true) timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
