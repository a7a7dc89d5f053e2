import type { EntryContent, EntryHeader } from '../entry/cache-entry.js';
import type { EntryForm } from '../entry/entry-codec.js';
import type { EncodedValue, ValueCodec } from '../entry/value-codec.js';

/** The cache whose writes are queued, as far as its bytes are concerned. */
export interface QueuedCache {
  readonly name: string;
  readonly codec: ValueCodec;
  readonly form: EntryForm;
}

export interface QueueLimits {
  /** Keys that may wait. */
  readonly maxWaiting: number;
  /** Dead letters that are kept. */
  readonly maxDead: number;
  /** How long a flusher that died keeps others from flushing. */
  readonly leaseMs: number;
}

/** A write, before it is anywhere. */
export interface NewWrite {
  /** As it is stored. */
  readonly key: string;
  /** What becomes stale by it, with prefix. */
  readonly tags: readonly string[];
  readonly header: EntryHeader;
  readonly encoded: EncodedValue;
  /** The dead letter that is sent again, if it is one. */
  readonly deadId?: string | undefined;
}

/** A value as it lies in the queue. */
export interface QueuedValue {
  readonly header: EntryHeader;
  readonly content: EntryContent;
}

/** The record that announced a write. */
export interface QueuedReceipt {
  readonly status: 'queued';
  readonly epoch: string;
  readonly position: number;
  /** As the sink is told. */
  readonly version: number;
  /** Keys that wait, this one included. */
  readonly waiting: number;
  /** With `journal.durability: 'replicated'`: whether a replica has it too. */
  readonly replicated?: boolean;
}

export type QueueAnswer =
  | QueuedReceipt
  | { readonly status: 'full'; readonly waiting: number }
  /** Something newer was written since it became a dead letter. */
  | { readonly status: 'superseded' };

/** A write that was handed to a flusher. */
export interface TakenWrite {
  /** Its place in the queue. */
  readonly id: string;
  readonly key: string;
  /** Greater than that of every earlier write. */
  readonly version: number;
  /** How often it was handed out, this time included. */
  readonly deliveries: number;
  /** `undefined` for bytes that can't be read. */
  readonly queued: QueuedValue | undefined;
}

/** Why a write is among the dead letters. */
export interface DeadNote {
  readonly reason: string;
  readonly attempts: number;
  /** Epoch ms. */
  readonly at: number;
}

export interface DeadWrite extends DeadNote {
  readonly id: string;
  readonly key: string;
  readonly version: number;
  readonly queued: QueuedValue | undefined;
}

export interface DeadPage {
  /** Of all dead letters. */
  readonly total: number;
  /** Keys that wait for the sink. */
  readonly waiting: number;
  readonly writes: readonly DeadWrite[];
}

export interface TakenBatch {
  /** Keys that wait, those handed out included. */
  readonly waiting: number;
  /** `'busy'`: another process is at it. */
  readonly writes: readonly TakenWrite[] | 'busy';
}

/**
 * The writes of one cache that their sink doesn't have yet: the newest value for each key, in the order in which the
 * keys came to wait. All methods but `put` and `find` are for flushers, of which one at a time is served.
 * Every method rejects with a `RedisFault` when there is no answer.
 */
export interface WriteQueue {
  /** Whether what it takes in outlives this process. */
  readonly isDurable: boolean;
  /** Takes a write in, and makes the entries of its tags stale, in one step. */
  put(write: NewWrite): Promise<QueueAnswer>;
  /** The values that wait, for each key. */
  find(keys: readonly string[]): Promise<(QueuedValue | undefined)[]>;
  /** The next writes, for the one flusher; those of a flusher that died come first. @param retryMs when those come again that weren't ended */
  take(count: number, retryMs: number): Promise<TakenBatch>;
  /** Goes on being the flusher. @returns whether it still is */
  renew(): Promise<boolean>;
  /** Their sink has them. @returns whether the caller still was the flusher */
  end(writes: readonly TakenWrite[]): Promise<boolean>;
  /** The sink will never take it. */
  bury(write: TakenWrite, note: DeadNote): Promise<'buried' | 'superseded' | 'full' | 'lost'>;
  /** Lets another process be the flusher. */
  release(): Promise<void>;
  /** Dead letters, oldest first. */
  dead(afterId: string, count: number): Promise<DeadPage>;
  /** Forgets a dead letter. @returns whether there was one */
  discard(id: string): Promise<boolean>;
}
