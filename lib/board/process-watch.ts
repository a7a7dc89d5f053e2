import { hostname } from 'node:os';
import type { Timer } from '../cache.runtime.js';
import type { CacheEngine } from '../desk/cache-engine.js';
import type { ProcessNote } from '../processes/process-list.interface.js';

/** One process as it last said of itself. */
export interface ShownProcess {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly isThis: boolean;
  /** How long ago it said so, ms; 0: as lately as it should. */
  readonly silentMs: number;
  /** Epoch ms, by its own clock. */
  readonly startedAt: number;
  readonly trusted: boolean;
  readonly lag: number;
  readonly position: number;
  readonly epoch: string;
  readonly queued: number;
  readonly entries: number;
  readonly bytes: number;
  readonly reads: number;
  readonly hits: number;
  readonly loads: number;
}

type OwnNote = Omit<ShownProcess, 'id' | 'isThis' | 'silentMs'>;

const EVERY_MS = 2_000;
const LATE_MS = 4_000;
const LIFE_MS = 10_000;
const SHOWN = 500;

/** Says that this process is there, and knows which others are. */
export class ProcessWatch {
  readonly #id: string;
  readonly #startedAt: number;
  #others: readonly ProcessNote[] = [];
  #askedAt = 0;
  #timer: Timer | undefined;
  #closed = false;

  constructor(private readonly engine: CacheEngine) {
    const { random, now } = engine.parts.runtime;
    this.#id = `${process.pid}-${Math.floor(random() * 2 ** 40).toString(36)}`;
    this.#startedAt = now();
  }

  /** @param isWatched whether somebody wants to know of the others */
  start(isWatched: () => boolean): void {
    void this.#beat(isWatched).then(() => {
      if (this.#closed) return;
      this.#timer = this.engine.parts.runtime.after(EVERY_MS, () => this.start(isWatched), { background: true });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.engine.parts.processes.leave(this.#id);
  }

  /** This one first. */
  list(): ShownProcess[] {
    const sinceAsked = this.engine.parts.runtime.monotonic() - this.#askedAt;
    const others = this.#others
      .filter(({ id, ageMs }) => id !== this.#id && ageMs + sinceAsked < LIFE_MS)
      .flatMap(({ id, ageMs, note }) => {
        const read = unpack(note);
        const silent = ageMs + sinceAsked;
        const silentMs = silent < LATE_MS ? 0 : Math.round(silent / 1_000) * 1_000;
        return read === undefined ? [] : [{ ...read, id, isThis: false, silentMs }];
      })
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    return [{ ...this.#own(), id: this.#id, isThis: true, silentMs: 0 }, ...others].slice(0, SHOWN);
  }

  async #beat(isWatched: () => boolean): Promise<void> {
    const { processes, runtime } = this.engine.parts;
    const note = JSON.stringify(this.#own());
    try {
      if (!isWatched()) return await processes.noteOnly(this.#id, note, LIFE_MS);
      this.#others = await processes.note(this.#id, note, LIFE_MS);
      this.#askedAt = runtime.monotonic();
    } catch {
      // the others will be asked again; what they said grows old meanwhile, and is seen to
    }
  }

  #own(): OwnNote {
    const { journal, memory, caches } = this.engine.status();
    const { trusted, lag, position, epoch, queued } = journal;
    const sums = { reads: 0, hits: 0, loads: 0 };
    for (const { reads, hits, loads } of Object.values(caches)) {
      sums.reads += reads;
      sums.hits += hits;
      sums.loads += loads;
    }
    const startedAt = this.#startedAt;
    const { entries, bytes } = memory;
    return {
      host: hostname(),
      pid: process.pid,
      startedAt,
      trusted,
      lag,
      position,
      epoch,
      queued,
      entries,
      bytes,
      ...sums,
    };
  }
}

/** Other versions may say something else. */
function unpack(note: string): OwnNote | undefined {
  try {
    const read = JSON.parse(note) as OwnNote;
    const numbers = [
      read.pid,
      read.startedAt,
      read.lag,
      read.position,
      read.reads,
      read.hits,
      read.entries,
      read.bytes,
    ];
    const isWhole = numbers.every((each) => typeof each === 'number') && typeof read.host === 'string';
    return isWhole ? read : undefined;
  } catch {
    return undefined;
  }
}
