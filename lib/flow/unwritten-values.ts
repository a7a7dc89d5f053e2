import type { QueuedValue, WriteQueue } from '../write-behind/write-queue.interface.js';
import type { CacheRegion, UnwrittenLookup } from './cache-region.js';
import type { LoadCollector } from './load-collector.js';

/** What is kept with a queued value besides what an entry says. */
export interface QueuedMeta {
  /** As the writer gave it. */
  readonly key: string;
  /** User tags that become stale once the sink has it. */
  readonly invalidates: readonly string[];
  /** Of the cache when it was written. */
  readonly schema: number;
}

export const metaOf = ({ header }: QueuedValue): QueuedMeta => header.meta as QueuedMeta;

/** Values that were written and that the origin doesn't have yet: they go before what a loader finds there. */
export class UnwrittenValues implements UnwrittenLookup {
  constructor(
    private readonly region: CacheRegion,
    private readonly queue: WriteQueue,
  ) {}

  /**
   * Looks for them first: what is in the queue no more is at the origin by then. A write that comes later makes what is
   * loaded here stale, whichever of both it finds.
   */
  async before(
    keys: readonly string[],
    collector: LoadCollector,
    load: () => Promise<readonly unknown[]>,
  ): Promise<readonly unknown[]> {
    const found = await this.#find(keys, collector);
    if (found.every((value) => value !== undefined)) return found.map((value) => this.#open(value));
    const loaded = await load();
    return loaded.map((value, index) => (found[index] === undefined ? value : this.#open(found[index])));
  }

  async #find(keys: readonly string[], collector: LoadCollector): Promise<(QueuedValue | undefined)[]> {
    try {
      const found = await this.queue.find(keys);
      return found.map((value) => {
        if (value === undefined || metaOf(value).schema === this.region.options.schema) return value;
        collector.usedStale = true; // of another shape: what the origin has is older than it
        return undefined;
      });
    } catch {
      // what the origin has may be older than something that was acknowledged: an answer, and nothing to keep
      collector.usedStale = true;
      return keys.map(() => undefined);
    }
  }

  #open({ content }: QueuedValue): unknown {
    return this.region.codec.open(content);
  }
}
