import type { PurgeMode } from './edge-sender.interface.js';

/** What is to be purged in one go; `keys` is `undefined` for every copy there is. */
export interface PurgeBatch {
  readonly keys: readonly string[] | undefined;
  /** How many keys it stands for. */
  readonly size: number;
}

export interface PurgeQueueOptions {
  /** Keys that may wait, of both modes. */
  readonly maxQueuedKeys: number;
  /** What becomes of more: one purge of everything, or the oldest are dropped. */
  readonly overflow: 'everything' | 'drop';
}

const FITS = { isOver: false, dropped: 0 };
const NONE: Readonly<Record<PurgeMode, number>> = { hard: 0, soft: 0 };

/** Keys that wait, oldest first and each once: a hard purge does what a soft one would. */
export class PurgeQueue {
  /** The mode of each. */
  #keys = new Map<string, PurgeMode>();
  #waiting = { ...NONE };
  /** Keys that one purge of everything stands for, and 0 where none waits. */
  #everything = { ...NONE };

  constructor(private readonly options: PurgeQueueOptions) {}

  /** Keys that wait, and those that a purge of everything stands for. */
  get size(): number {
    return this.#keys.size + this.#everything.hard + this.#everything.soft;
  }

  /** How many requests' worth of keys waits in a mode. */
  waiting(mode: PurgeMode): number {
    return this.#waiting[mode] + this.#everything[mode];
  }

  /** Whether every copy is to be purged, which needn't wait for company. */
  awaitsEverything(mode: PurgeMode): boolean {
    return this.#everything[mode] > 0;
  }

  /** @returns whether there was no room, and how many keys were dropped then */
  add(key: string, mode: PurgeMode): { readonly isOver: boolean; readonly dropped: number } {
    const before = this.#keys.get(key);
    const isCovered = this.#everything.hard > 0 || (mode === 'soft' && this.#everything.soft > 0);
    if (isCovered || before === 'hard' || before === mode) return FITS;
    if (before !== undefined) this.#waiting[before]--;
    this.#keys.set(key, mode);
    this.#waiting[mode]++;
    if (this.#keys.size <= this.options.maxQueuedKeys) return FITS;
    if (this.options.overflow === 'everything') {
      this.#waitWithEverything();
      return { isOver: true, dropped: 0 };
    }
    this.#remove(this.#keys.keys().next().value!);
    return { isOver: true, dropped: 1 };
  }

  /** The oldest keys of a mode, at most so many; `undefined` if none wait. */
  take(mode: PurgeMode, maxKeys: number): PurgeBatch | undefined {
    const size = this.#everything[mode];
    if (size > 0) {
      this.#everything[mode] = 0;
      return { keys: undefined, size };
    }
    const keys: string[] = [];
    for (const [key, itsMode] of this.#keys) {
      if (keys.length === Math.min(maxKeys, this.#waiting[mode])) break;
      if (itsMode === mode) keys.push(key);
    }
    for (const key of keys) this.#remove(key);
    // it may be sent more than once
    return keys.length === 0 ? undefined : { keys: Object.freeze(keys), size: keys.length };
  }

  /** @returns how many keys were left */
  clear(): number {
    const left = this.size;
    this.#keys.clear();
    this.#waiting = { ...NONE };
    this.#everything = { ...NONE };
    return left;
  }

  #waitWithEverything(): void {
    const mode = this.#waiting.hard > 0 ? 'hard' : 'soft';
    const size = this.clear();
    this.#everything[mode] = size;
  }

  #remove(key: string): void {
    this.#waiting[this.#keys.get(key)!]--;
    this.#keys.delete(key);
  }
}
