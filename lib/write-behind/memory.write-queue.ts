import type { Runtime } from '../cache.runtime.js';
import type { Journal } from '../journal/journal.interface.js';
import type {
  DeadNote,
  DeadPage,
  DeadWrite,
  NewWrite,
  QueueAnswer,
  QueuedValue,
  QueueLimits,
  TakenBatch,
  TakenWrite,
  WriteQueue,
} from './write-queue.interface.js';

interface Waiting {
  readonly queued: QueuedValue;
  readonly version: number;
  readonly id: string;
  deliveries: number;
  takenAt: number | undefined;
}

/** The queue of a cache that lives in one process: what wasn't flushed when it dies is lost. */
export class MemoryWriteQueue implements WriteQueue {
  readonly isDurable = false;
  /** By key, in the order in which they came to wait. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #dead = new Map<string, DeadWrite>();
  /** Where a key's dead letter is. */
  readonly #buried = new Map<string, string>();
  #ids = 0;
  /** Begins where positions in Redis are, above the versions of the process before: the sink's rows outlive both. */
  #version: number;

  constructor(
    private readonly journal: Journal,
    private readonly runtime: Runtime,
    private readonly limits: Pick<QueueLimits, 'maxWaiting' | 'maxDead'>,
  ) {
    this.#version = Math.floor(runtime.now()) * 1_024;
  }

  async put({ key, tags, header, encoded, deadId }: NewWrite): Promise<QueueAnswer> {
    const buried = this.#dead.get(this.#buried.get(key) ?? '');
    if (deadId !== undefined && buried?.id !== deadId) return { status: 'superseded' };
    const before = this.#waiting.get(key);
    if (before === undefined && this.#waiting.size >= this.limits.maxWaiting) {
      return { status: 'full', waiting: this.#waiting.size };
    }
    // the journal of a process takes a record in at once: nobody reads between this and the value
    const appended = this.journal.append(tags);
    const { applied } = this.journal.replica;
    const version = ++this.#version;
    const isTaken = before?.takenAt !== undefined;
    // what is being written keeps its place for as long as that takes
    const { id, takenAt, deliveries } = before ?? { id: this.#nextId(), takenAt: undefined, deliveries: 0 };
    this.#waiting.set(key, {
      queued: { header, content: encoded.content },
      version,
      id,
      takenAt,
      deliveries: isTaken ? deliveries : 0,
    });
    if (buried !== undefined) this.#unbury(buried);
    const receipt = await appended;
    const position = receipt.status === 'applied' ? receipt.position : applied;
    const { epoch } = this.journal.replica;
    return { status: 'queued', epoch, position, version, waiting: this.#waiting.size };
  }

  find(keys: readonly string[]): Promise<(QueuedValue | undefined)[]> {
    return Promise.resolve(keys.map((key) => this.#waiting.get(key)?.queued));
  }

  take(count: number, retryMs: number): Promise<TakenBatch> {
    const now = this.runtime.monotonic();
    const writes: TakenWrite[] = [];
    for (const [key, waiting] of this.#waiting) {
      if (writes.length >= count) break;
      if (waiting.takenAt !== undefined && now - waiting.takenAt < retryMs) continue;
      waiting.takenAt = now;
      waiting.deliveries++;
      const { id, version, deliveries, queued } = waiting;
      writes.push({ id, key, version, deliveries, queued });
    }
    return Promise.resolve({ waiting: this.#waiting.size, writes });
  }

  renew(): Promise<boolean> {
    return Promise.resolve(true);
  }

  end(writes: readonly TakenWrite[]): Promise<boolean> {
    for (const write of writes) this.#leave(write);
    return Promise.resolve(true);
  }

  /** @returns whether nothing newer was written meanwhile; if something was, it goes to the end */
  #leave({ key, version }: TakenWrite): boolean {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return false;
    this.#waiting.delete(key);
    if (waiting.version === version) return true;
    this.#waiting.set(key, { ...waiting, id: this.#nextId(), takenAt: undefined, deliveries: 0 });
    return false;
  }

  bury(write: TakenWrite, note: DeadNote): Promise<'buried' | 'superseded' | 'full'> {
    const isNewest = this.#waiting.get(write.key)?.version === write.version;
    if (isNewest && this.#dead.size >= this.limits.maxDead) return Promise.resolve('full');
    this.#leave(write);
    if (!isNewest) return Promise.resolve('superseded');
    const { key, version, queued } = write;
    const id = this.#nextId();
    this.#dead.set(id, { ...note, id, key, version, queued });
    this.#buried.set(key, id);
    return Promise.resolve('buried');
  }

  release(): Promise<void> {
    return Promise.resolve();
  }

  dead(afterId: string, count: number): Promise<DeadPage> {
    const behind = [...this.#dead.values()].filter(({ id }) => placeOf(id) > placeOf(afterId));
    return Promise.resolve({ total: this.#dead.size, waiting: this.#waiting.size, writes: behind.slice(0, count) });
  }

  discard(id: string): Promise<boolean> {
    const dead = this.#dead.get(id);
    if (dead !== undefined) this.#unbury(dead);
    return Promise.resolve(dead !== undefined);
  }

  #unbury({ id, key }: DeadWrite): void {
    this.#dead.delete(id);
    if (this.#buried.get(key) === id) this.#buried.delete(key);
  }

  /** As ids of a stream look. */
  #nextId(): string {
    return `0-${++this.#ids}`;
  }
}

const placeOf = (id: string): number => Number(id.split('-')[1] ?? 0);
