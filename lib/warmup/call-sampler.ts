import type { CallSampler } from '../bindings/call.js';
import type { Runtime } from '../cache.runtime.js';
import { currentScope } from '../flow/scope.js';
import type { HotCalls } from './hot-calls.js';
import { packArguments } from './plain-arguments.js';

/** After so many samples it is seen whether they come too quickly. */
const ROUND = 64;
const QUICK_MS = 64;
const SLOW_MS = 500;
const WIDEST_GAP = 4_096;

/**
 * Looks at one call of a method in many, at about a thousand a second at most, however many there are: a call that isn't
 * looked at costs one subtraction. One that is counts for those between.
 */
export class MethodSampler implements CallSampler {
  left = 1;
  #gap = 1;
  #round = 0;
  #roundBegan: number;

  /** @param takesKeys the method takes a list of keys, each of which is a call */
  constructor(
    private readonly method: string,
    private readonly takesKeys: boolean,
    private readonly calls: HotCalls,
    private readonly runtime: Runtime,
  ) {
    this.#roundBegan = runtime.monotonic();
  }

  take(args: ArrayLike<unknown>): void {
    const weight = this.#gap;
    this.#adapt();
    // at random, or a pattern of calls would be seen at the same places again and again
    this.left = this.#gap === 1 ? 1 : 1 + Math.floor(this.runtime.random() * (2 * this.#gap - 1));
    // what is warmed isn't hot for that
    if (currentScope()?.tally !== undefined) return;
    if (!this.takesKeys) return this.#count(args, weight);
    const keys = args[0];
    if (Array.isArray(keys)) for (const key of keys as unknown[]) this.#count([key], weight);
  }

  #count(args: ArrayLike<unknown>, weight: number): void {
    const packed = packArguments(args);
    if (packed !== undefined) this.calls.add(`${this.method}\n${packed}`, weight);
  }

  #adapt(): void {
    if (++this.#round < ROUND) return;
    const now = this.runtime.monotonic();
    const took = now - this.#roundBegan;
    if (took < QUICK_MS) this.#gap = Math.min(2 * this.#gap, WIDEST_GAP);
    else if (took > SLOW_MS) this.#gap = Math.max(1, this.#gap / 2);
    this.#round = 0;
    this.#roundBegan = now;
  }
}
