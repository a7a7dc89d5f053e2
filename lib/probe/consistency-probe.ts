import type { Runtime, Timer } from '../cache.runtime.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import { isSoftTag, readableTag } from '../entry/tags.js';
import type { AppendReceipt } from '../journal/journal.interface.js';
import { PROBE_WINDOWS_MS, ProbeCounts, type ProbeStatus } from './probe-counts.js';
import type { ProbeChannel, ProbeQuestion } from './probe-channel.js';

/** An entry that this process would answer with now, and how it came to be. */
export interface ServedEntry {
  readonly cache: string;
  readonly entry: CacheEntry;
}

export interface ProbeParts {
  readonly channel: ProbeChannel;
  readonly runtime: Runtime;
  /** Everything in this process that a bounded read would be answered with now, of these tags. */
  readonly served: (tags: readonly string[]) => Iterable<ServedEntry>;
  /** What is known of the journal here, for the trail. */
  readonly knowledge: () => { readonly position: number; readonly lag: number; readonly lastDoubt: string | undefined };
  readonly report: (problem: string) => void;
}

export interface ProbeOptions {
  /** Part of the invalidations that are asked about, 0 to 1. */
  readonly sample: number;
  /** How long an answer may be old at worst, ms: what is served then is a violation. */
  readonly boundMs: number;
}

/** So many questions of one process a second at most: looking through memory isn't free. */
const MOST_A_SECOND = 10;

/**
 * Asks, of a sample of invalidations, what every process would still serve after 0.1, 1 and 10 s: whether anything
 * carries one of their tags, is older than their record, and would be an answer. It goes by the record's position as
 * the invalidation itself was told it, not by what this process has learnt of the journal since: that is what it is
 * to find out about. After Meta's Polaris, https://engineering.fb.com/2022/06/08/core-infra/cache-made-consistent/
 */
export class ConsistencyProbe {
  readonly #counts: ProbeCounts;
  readonly #timers = new Set<Timer>();
  #second = 0;
  #asked = 0;
  #closed = false;

  constructor(
    private readonly parts: ProbeParts,
    private readonly options: ProbeOptions,
  ) {
    this.#counts = new ProbeCounts(options.boundMs);
  }

  start(): void {
    void this.parts.channel.listen((question) => this.#hear(question));
  }

  /** An invalidation of this process is in the journal: perhaps everybody is asked about it. */
  sample(tags: readonly string[], receipt: AppendReceipt): void {
    const hard = tags.filter((tag) => !isSoftTag(tag));
    if (receipt.status !== 'applied' || hard.length === 0 || this.#closed) return;
    const { runtime, channel } = this.parts;
    if (runtime.random() >= this.options.sample || !this.#hasRoom(runtime.monotonic())) return;
    const { epoch, position } = receipt;
    channel.ask({ epoch, position, tags: hard });
  }

  #hasRoom(now: number): boolean {
    const second = Math.floor(now / 1_000);
    if (second !== this.#second) [this.#second, this.#asked] = [second, 0];
    return ++this.#asked <= MOST_A_SECOND;
  }

  /** @param question with the time it was asked, by this process's clock */
  #hear(question: ProbeQuestion & { readonly askedAt: number }): void {
    const { runtime } = this.parts;
    for (const windowMs of PROBE_WINDOWS_MS) {
      const inMs = Math.max(0, question.askedAt + windowMs - runtime.now());
      const timer = runtime.after(
        inMs,
        () => {
          this.#timers.delete(timer);
          this.#look(question, windowMs);
        },
        { background: true },
      );
      this.#timers.add(timer);
    }
  }

  #look({ epoch, position, tags }: ProbeQuestion, windowMs: number): void {
    if (this.#closed) return;
    const { served, knowledge, runtime, report } = this.parts;
    for (const { cache, entry } of served(tags)) {
      const { header } = entry;
      if (header.epoch !== epoch || header.position >= position || header.ownRecord === position) continue;
      const tag = header.tags.find((each) => tags.includes(each))!;
      const { position: applied, lag, lastDoubt } = knowledge();
      this.#counts.stale(windowMs, {
        cache,
        key: entry.key,
        tag: readableTag(tag),
        windowMs,
        record: position,
        entryPosition: header.position,
        applied,
        lag,
        lastDoubt,
        at: runtime.now(),
      });
      if (windowMs >= this.options.boundMs) {
        report(
          `cache ${cache}: ${windowMs} ms after an invalidation of ${readableTag(tag)} this process would still answer ` +
            'with a value from before; see cache.status().probe',
        );
      }
      return;
    }
    this.#counts.fresh(windowMs);
  }

  status(): ProbeStatus {
    return this.#counts.status();
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.parts.channel.close();
  }
}
