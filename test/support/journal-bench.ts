import { RedisJournal, type RedisJournalOptions } from '../../lib/journal/redis.journal.js';
import { GuardedCommands } from '../../lib/redis/guarded-commands.js';
import { RedisKeys } from '../../lib/redis/redis-keys.js';
import { appendRecord } from '../../lib/redis/scripts.js';
import { TestClock } from '../../lib/testing/test-clock.js';
import { SimulatedRedis } from '../simulation/redis/simulated-redis.js';
import { GatedFeed, GatedRedis } from './gated-redis.js';

export const KEYS = new RedisKeys('shop');
export const DEADLINE_MS = 100;

export interface JournalBench {
  readonly clock: TestClock;
  readonly redis: GatedRedis;
  readonly feed: GatedFeed;
  readonly journal: RedisJournal;
  readonly reports: string[];
  /** Another process appends a record. */
  elsewhere(...tags: string[]): { readonly position: number };
  isFresh(tag: string, position: number, sequence?: number): boolean;
}

/** A journal over a simulated server, with a gate in between; nothing is known yet. */
export function journalBench(options: Partial<RedisJournalOptions> = {}): JournalBench {
  const clock = new TestClock({ random: seeds() });
  const redis = new GatedRedis(new SimulatedRedis(() => clock.time));
  const feed = new GatedFeed(redis.redis);
  const reports: string[] = [];
  const guard = { deadlineMs: DEADLINE_MS, breakerFailures: 5, probeEveryMs: 200 };
  const commands = new GuardedCommands(redis, clock, guard, () => undefined);
  const journal = new RedisJournal(
    { commands, feed, keys: KEYS, runtime: clock, report: (problem) => void reports.push(problem) },
    {
      maxStalenessMs: 900,
      boundMs: 900,
      maxRecords: 100,
      maxAgeMs: 0,
      replicationWaitMs: 0,
      pageSize: 10,
      ...options,
    },
  );
  let others = 0;
  return {
    clock,
    redis,
    feed,
    journal,
    reports,
    elsewhere: (...tags) =>
      redis.redis.run(
        appendRecord,
        [KEYS.clock, KEYS.journal],
        [`other-${++others}`, JSON.stringify(tags), 0, 0, options.maxRecords ?? 100, 0],
      ),
    isFresh: (tag, position, sequence = Number.POSITIVE_INFINITY) =>
      journal.replica.judge({ epoch: journal.replica.epoch, position, ownRecord: 0, tags: [tag] }, sequence) ===
      'fresh',
  };
}

/** The same bench after the first confirmation. */
export async function confirmedBench(options: Partial<RedisJournalOptions> = {}): Promise<JournalBench> {
  const bench = journalBench(options);
  await bench.journal.confirm();
  bench.redis.sent.length = 0;
  return bench;
}

const seeds = (): (() => number) => {
  let draws = 0;
  return () => (++draws % 97) / 97;
};
