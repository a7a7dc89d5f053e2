import type { CacheService } from '../cache.service.js';
import type { CacheEngine } from '../desk/cache-engine.js';
import type { CacheWarmup } from '../warmup/cache-warmup.js';
import type { Audit } from './audit.js';
import type { History } from './history.js';
import type { HotKeys } from './hot-keys.js';
import type { JournalLog } from './journal-log.js';
import type { LoadTimes } from './load-times.js';
import type { ProcessWatch } from './process-watch.js';

export interface BoardSources {
  readonly engine: CacheEngine;
  readonly service: CacheService;
  readonly warmup: CacheWarmup;
  readonly history: History;
  readonly loads: LoadTimes;
  readonly hot: HotKeys;
  readonly journal: JournalLog;
  readonly processes: ProcessWatch;
  readonly audit: Audit;
}

export interface BoardAbout {
  readonly registration: string;
  readonly actions: readonly string[];
  readonly showValues: boolean;
}

const MOST_CACHES = 200;
const QUEUES_EVERY = 3;

/** What the page shows, in sections: only those that have changed are sent. */
export class BoardState {
  readonly #sent = new Map<string, string>();
  #records = 0;
  #queues: Record<string, unknown> = {};
  #looks = 0;

  constructor(
    private readonly sources: BoardSources,
    private readonly about: BoardAbout,
  ) {}

  /** For somebody who comes: everything there is, as JSON. */
  whole(): string {
    const { engine, history, journal } = this.sources;
    const { namespace, enabled } = engine;
    const sections = Object.fromEntries([...this.#sections()].map(([name, section]) => [name, section]));
    const about = { ...this.about, namespace, enabled, caches: Object.fromEntries(this.#kinds()) };
    return JSON.stringify({ about, history: history.samples, records: journal.records, ...sections });
  }

  /** For those who are there: what has changed since this was last asked, as JSON; `null` for what is gone. */
  changes(): string {
    const { journal } = this.sources;
    const changed: Record<string, unknown> = {};
    const present = new Set<string>();
    for (const [name, section] of this.#sections()) {
      const text = JSON.stringify(section);
      present.add(name);
      if (this.#sent.get(name) === text) continue;
      this.#sent.set(name, text);
      changed[name] = section;
    }
    for (const name of this.#sent.keys()) {
      if (present.has(name)) continue;
      this.#sent.delete(name);
      changed[name] = null;
    }
    const records = journal.since(this.#records);
    this.#records = journal.count;
    if (records.length > 0) changed['records'] = records;
    return JSON.stringify(changed);
  }

  /** Asks what has to be asked for. Never rejects. */
  async look(): Promise<void> {
    const { engine, service } = this.sources;
    if (engine.writeQueues.size === 0 || this.#looks++ % QUEUES_EVERY !== 0) return;
    const asked = [...engine.writeQueues.keys()].map(async (name) => {
      const queue = service.writeQueue(name);
      const [status, dead] = await Promise.all([queue.status(), queue.deadLetters({ count: 20 })]);
      const letters = dead.map(({ id, key, reason, attempts, at }) => ({
        id,
        key,
        reason,
        attempts,
        at: at.getTime(),
      }));
      return [name, { ...status, letters }] as const;
    });
    const answered = await Promise.allSettled(asked);
    this.#queues = Object.fromEntries(
      answered.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : [])),
    );
  }

  *#sections(): Iterable<readonly [string, unknown]> {
    const { engine, loads, hot, processes, audit, warmup } = this.sources;
    const { journal, memory, flights, background, edge } = engine.status();
    // these change at every look, and say nothing
    const { confirmedAt: _confirmed, shared, ...rest } = journal;
    const { syncs: _syncs, clockOffsetMs: _offset, ...kept } = shared ?? {};
    yield ['now', { journal: { ...rest, ...(shared && { shared: kept }) }, memory, flights, background, edge }];
    let caches = 0;
    for (const [name, desk] of engine.desks) {
      if (++caches > MOST_CACHES) break;
      yield [`cache:${name}`, desk.snapshot()];
    }
    yield ['slow', loads.slowest()];
    yield ['hot', hot.hottest()];
    for (const { id, ...process } of processes.list()) yield [`process:${id}`, process];
    yield ['queues', this.#queues];
    yield ['warmers', warmup.status()];
    yield ['audit', audit.entries];
  }

  /** What each cache is made of. */
  *#kinds(): Iterable<readonly [string, unknown]> {
    const { engine } = this.sources;
    for (const [name, { region }] of engine.desks) {
      const tiers = [...(region.memory.pool === undefined ? [] : ['memory']), ...(engine.redis ? ['redis'] : [])];
      const { ttlMs, graceRevalidateMs, graceErrorMs } = region.options.read;
      const budget = region.options.memory === 'shared' ? 'shared' : 'its own';
      const grace = Math.max(graceRevalidateMs, graceErrorMs);
      yield [name, { tiers, ttlMs, grace, budget, isWrittenBehind: engine.writeQueues.has(name) }];
    }
  }
}
