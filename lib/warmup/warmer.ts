import type { CacheDesk } from '../desk/cache-desk.js';
import type { WarmContext } from './warmer-settings.js';
import type { Trigger } from './triggers.js';

/** How the arguments that a warmer lists become entries. */
export interface WarmTarget {
  readonly desk: CacheDesk;
  /** How long a value is fresh that it loads. */
  readonly ttlMs: number;
  /** How many items go into one call. */
  readonly batch: number;
  /** Calls the method that loads. Whatever it reads through a cache is a read of the surrounding scope. */
  readonly call: (items: readonly unknown[]) => unknown;
}

/** A list that comes from what others asked. */
export interface LearnedList {
  /** Whether a start is an occasion at all. Must not reject. */
  readonly isDue: () => Promise<boolean>;
  /** Told when its start is done, or was no occasion. */
  readonly settled: () => void;
  /** Tells the others what was learned here, and learns from them. */
  readonly share: () => Promise<void>;
}

/** One warmer, complete. */
export interface Warmer {
  /** `Class.method`: the same in every process. */
  readonly name: string;
  readonly target: WarmTarget;
  /** What is to be loaded. */
  readonly list: (context: WarmContext) => unknown;
  readonly triggers: readonly Trigger[];
  /** What it lists was learned. */
  readonly learned?: LearnedList | undefined;
  readonly concurrency: number;
  /** Whether the readiness of a process waits for another one that warms. */
  readonly waits: boolean;
  readonly holds: boolean;
  readonly holdAtMostMs: number;
  readonly doneForMs: number;
}
