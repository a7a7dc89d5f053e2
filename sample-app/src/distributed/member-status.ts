import type { CacheEventsStatus, EmittedCounts, OutboxStatus } from 'nestjs-hybrid-cache/events';
import type { ShopStatus } from '../gateway/status.controller.js';

type Caches = ShopStatus['cache']['caches'];

/** What a process says of itself. */
export interface MemberStatus extends ShopStatus {
  events?: CacheEventsStatus | undefined;
  /** Of a service that has one. */
  outbox?: OutboxStatus | undefined;
}

/** What was counted in a former life of a process goes on being counted. */
export function addedTo(former: MemberStatus | undefined, now: MemberStatus): MemberStatus {
  if (!former) return now;
  return {
    ...now,
    queries: now.queries + former.queries,
    cache: { ...now.cache, caches: cachesOf(former.cache.caches, now.cache.caches) },
    events: former.events && now.events && eventsOf(former.events, now.events),
  };
}

function cachesOf(former: Caches, now: Caches): Caches {
  const entries = Object.entries(now).map(([name, cache]): [string, Caches[string]] => {
    const { reads = 0, hits = 0, loads = 0 } = former[name] ?? {};
    return [name, { ...cache, reads: cache.reads + reads, hits: cache.hits + hits, loads: cache.loads + loads }];
  });
  return Object.fromEntries(entries);
}

function eventsOf(former: CacheEventsStatus, now: CacheEventsStatus): CacheEventsStatus {
  const lines = Object.entries(now.emitted).map(([client, counts]): [string, EmittedCounts] => {
    const { emitted = 0, failed = 0, setbacks = 0 } = former.emitted[client] ?? {};
    return [
      client,
      {
        emitted: counts.emitted + emitted,
        failed: counts.failed + failed,
        setbacks: counts.setbacks + setbacks,
      },
    ];
  });
  const applied = now.events.applied + former.events.applied;
  return { ...now, events: { ...now.events, applied }, emitted: Object.fromEntries(lines) };
}
