import { EVERYTHING } from '../entry/tags.js';
import type { AppendReceipt } from './journal.interface.js';
import type { JournalReplica } from './journal-replica.js';

export type Applied = AppendReceipt & { readonly status: 'applied' };

/** Puts one record into the journal; its tags count as raised here when it resolves. Rejects when there is no answer. */
export type SendRecord = (tags: readonly string[], traces: readonly string[]) => Promise<Applied>;

/** Tags of one record. */
const TAGS_A_RECORD = 128;
const TRACES_A_RECORD = 8;

interface Call {
  readonly tags: readonly string[];
  readonly trace: string | undefined;
  readonly resolve: (receipt: AppendReceipt) => void;
}

interface Deferred {
  readonly promise: Promise<Applied>;
  readonly resolve: (receipt: Applied) => void;
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Invalidations on their way to the journal. Those of one tick share a record; those that can't be delivered wait,
 * merged and within bounds, and go ahead of everything else when the server is back. In this process they count from
 * the call on.
 */
export class InvalidationOutbox {
  #tick: Call[] = [];
  readonly #underWay = new Set<Promise<void>>();
  /** What waits for the server; a tag is pending once, for everybody who called for it. */
  #waiting = new Set<string>();
  /** What waited and is being sent. */
  #leaving = NONE;
  #delivered: Deferred | undefined;
  #flushing: Promise<boolean> | undefined;

  constructor(
    private readonly replica: JournalReplica,
    private readonly send: SendRecord,
    /** Beyond so many distinct tags everything is invalidated instead. */
    private readonly maxWaitingTags: number,
  ) {}

  /** Tags that wait for the server. */
  get size(): number {
    return this.#waiting.size + this.#leaving.size;
  }

  append(tags: readonly string[], trace?: string): Promise<AppendReceipt> {
    this.replica.begin(tags);
    return new Promise((resolve) => {
      this.#tick.push({ tags, trace, resolve });
      if (this.#tick.length > 1) return;
      // after every other invalidation of this turn, so that they share a record
      const sent = new Promise<void>((end) => process.nextTick(() => end(this.#sendTick())));
      this.#underWay.add(sent);
      void sent.then(() => this.#underWay.delete(sent));
    });
  }

  async #sendTick(): Promise<void> {
    const calls = this.#tick;
    this.#tick = [];
    try {
      const traces = calls.flatMap(({ trace }) => trace ?? []).slice(0, TRACES_A_RECORD);
      const receipt = await this.#sendAll(new Set(calls.flatMap(({ tags }) => tags)), traces);
      for (const { tags, resolve } of calls) {
        this.replica.settle(tags);
        resolve(receipt);
      }
    } catch {
      this.#keep(calls.flatMap(({ tags }) => tags));
      this.#delivered ??= deferred();
      const appended = this.#delivered.promise;
      for (const { resolve } of calls) resolve({ status: 'queued', appended });
    }
  }

  /** The receipt of the last of the records that are needed. */
  async #sendAll(tags: ReadonlySet<string>, traces: readonly string[] = []): Promise<Applied> {
    const all = [...tags];
    let receipt = await this.send(all.slice(0, TAGS_A_RECORD), traces);
    for (let begin = TAGS_A_RECORD; begin < all.length; begin += TAGS_A_RECORD) {
      receipt = await this.send(all.slice(begin, begin + TAGS_A_RECORD), traces);
    }
    return receipt;
  }

  #keep(tags: Iterable<string>): void {
    const merged: string[] = [];
    for (const tag of tags) {
      if (this.#waiting.has(tag)) merged.push(tag);
      else this.#waiting.add(tag);
    }
    if (merged.length > 0) this.replica.settle(merged);
    const isTooMuch = this.#waiting.size > this.maxWaitingTags || this.#waiting.has(EVERYTHING);
    // where it waits already, and alone, it is left as it is: what was loaded since then is of use
    if (isTooMuch && this.#waiting.size > 1) this.#waitWithEverything();
  }

  /** One tag that every entry carries stands for all of them. */
  #waitWithEverything(): void {
    this.replica.begin([EVERYTHING]);
    this.replica.settle([...this.#waiting]);
    this.#waiting = new Set([EVERYTHING]);
  }

  /** Delivers what waits. @returns whether nothing waits any more */
  flush(): Promise<boolean> {
    if (this.#flushing === undefined && this.#waiting.size === 0) return Promise.resolve(true);
    this.#flushing ??= this.#deliver().finally(() => (this.#flushing = undefined));
    return this.#flushing;
  }

  /** Waits for what is on its way, and tries once more what couldn't be delivered. */
  async drain(): Promise<void> {
    await Promise.all(this.#underWay);
    await this.flush();
  }

  async #deliver(): Promise<boolean> {
    // what comes to wait meanwhile goes next
    while (this.#waiting.size > 0) {
      const [leaving, delivered] = [this.#waiting, this.#delivered];
      [this.#leaving, this.#waiting, this.#delivered] = [leaving, new Set(), undefined];
      try {
        const receipt = await this.#sendAll(leaving);
        this.#leaving = NONE;
        this.replica.settle([...leaving]);
        delivered?.resolve(receipt);
      } catch {
        this.#leaving = NONE;
        this.#keep(leaving);
        const later = this.#delivered as Deferred | undefined;
        this.#delivered = delivered;
        if (later !== undefined) void delivered?.promise.then(later.resolve);
        return false;
      }
    }
    return true;
  }
}

function deferred(): Deferred {
  let resolve!: (receipt: Applied) => void;
  const promise = new Promise<Applied>((settle) => (resolve = settle));
  return { promise, resolve };
}
