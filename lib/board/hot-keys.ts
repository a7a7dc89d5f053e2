import type { Timer } from '../cache.runtime.js';
import type { CacheEngine } from '../desk/cache-engine.js';
import type { CacheEntry, EntryHolder } from '../entry/cache-entry.js';
import { HotCalls } from '../warmup/hot-calls.js';

export interface HotKey {
  readonly cache: string;
  /** As it is stored. */
  readonly key: string;
  /** About how many hits in memory a second, lately. */
  readonly perSecond: number;
}

/** Of so many hits one is looked at, on the average. */
const GAP = 8;
const REMEMBERED = 1_000;
const SHOWN = 20;
const EVERY_MS = 2_000;
/** What was counted counts half after as long as this. */
const HALF_LIFE_MS = 30_000;

/** The keys that are hit most in this process's memory, in bounded memory: one hit in eight is counted, drawn by chance. */
export class HotKeys {
  #fresh = new HotCalls(REMEMBERED);
  #rates = new Map<string, number>();
  #left = 1;
  #timer: Timer | undefined;
  #names = new Map<EntryHolder, string>();

  constructor(private readonly engine: CacheEngine) {}

  start(): void {
    this.engine.watchUses((entry) => {
      if (--this.#left <= 0) this.#note(entry);
    });
    this.#fold();
  }

  close(): void {
    this.engine.watchUses(undefined);
    this.#timer?.cancel();
  }

  /** Hottest first. */
  hottest(): HotKey[] {
    return [...this.#rates]
      .sort(([, a], [, b]) => b - a)
      .slice(0, SHOWN)
      .map(([name, rate]) => {
        const colon = name.indexOf(':');
        const perSecond = Math.round(rate * 10) / 10;
        return { cache: name.slice(0, colon), key: name.slice(colon + 1), perSecond };
      });
  }

  #note(entry: CacheEntry): void {
    this.#left = 1 + Math.floor(this.engine.parts.runtime.random() * (2 * GAP - 1));
    const cache = this.#nameOf(entry.holder);
    // names of caches hold no colon
    if (cache !== undefined) this.#fresh.add(`${cache}:${entry.key}`, GAP);
  }

  #nameOf(holder: EntryHolder | undefined): string | undefined {
    if (holder === undefined) return undefined;
    if (this.#names.size !== this.engine.desks.size) {
      this.#names = new Map([...this.engine.desks].map(([name, { region }]) => [region.memory, name]));
    }
    return this.#names.get(holder);
  }

  #fold(): void {
    const rest = 0.5 ** (EVERY_MS / HALF_LIFE_MS);
    const rates = new Map([...this.#rates].map(([key, rate]) => [key, rate * rest]));
    const weight = (1 - rest) / (EVERY_MS / 1_000);
    for (const [key, hits] of this.#fresh.drain()) rates.set(key, (rates.get(key) ?? 0) + hits * weight);
    const kept = [...rates].filter(([, rate]) => rate >= 0.01).sort(([, a], [, b]) => b - a);
    this.#rates = new Map(kept.slice(0, REMEMBERED));
    this.#timer = this.engine.parts.runtime.after(EVERY_MS, () => this.#fold(), { background: true });
  }
}
