import type { Figures, ReadFigures } from './figures.js';

/** `degraded`: every read is answered, but not as well as it should be. */
export type CacheHealthState = 'up' | 'degraded' | 'down';

export interface CacheHealthReport {
  readonly state: CacheHealthState;
  /** Why it isn't `up`, for people; empty when it is. */
  readonly reasons: readonly string[];
  /** Of the state, what one looks at first. */
  readonly details: {
    readonly trusted: boolean;
    /** `none`: there is none. */
    readonly redis: 'reachable' | 'away' | 'none';
    /** Tags whose invalidation waits for the journal. */
    readonly queuedInvalidations: number;
    readonly warm: boolean;
    readonly entries: number;
    readonly bytes: number;
  };
}

export interface HealthCheckOptions<Degraded extends CacheHealthState = CacheHealthState> {
  /** Whether it is down until every start is warmed that the readiness waits for: for a readiness probe. Default false. */
  readonly warm?: boolean;
  /**
   * What a degraded cache is for terminus. Default `up`, because it goes on answering. `degraded` needs terminus 12.1;
   * older ones leave such a result out.
   */
  readonly degraded?: Degraded;
}

/** The result of an indicator of @nestjs/terminus; one that knows no `degraded` isn't given any. */
export type HealthResult<Key extends string = string, Degraded extends CacheHealthState = CacheHealthState> = Readonly<
  Record<Key, { readonly status: 'up' | 'down' | Degraded } & CacheHealthReport>
>;

/** What health has to know beside the figures. */
export interface HealthSurroundings {
  readonly isClosed: () => boolean;
  /** Whether the application can't do without Redis (`redis.required`). */
  readonly needsRedis: boolean;
}

/**
 * How the cache is, and why. It asks nobody, so it answers at once while Redis is away.
 *
 * @example @Get('health') @HealthCheck() check() { return this.health.check([() => this.cacheHealth.check('cache')]); }
 */
export class CacheHealth {
  constructor(
    private readonly read: ReadFigures,
    private readonly surroundings: HealthSurroundings,
  ) {}

  report(): CacheHealthReport {
    const figures = this.read();
    const { journal, redis, memory } = figures.cache;
    const down = this.#reasonsToBeDown(figures);
    const reasons = [...down, ...reasonsToBeDegraded(figures)];
    return {
      state: down.length > 0 ? 'down' : reasons.length > 0 ? 'degraded' : 'up',
      reasons,
      details: {
        trusted: journal.trusted,
        redis: redis === undefined ? 'none' : redis.reachable ? 'reachable' : 'away',
        queuedInvalidations: journal.queued,
        warm: figures.warmup.ready,
        entries: memory.entries,
        bytes: memory.bytes,
      },
    };
  }

  /** An indicator of terminus. Never throws: what is wrong is in the result. */
  check<const Key extends string = 'cache', const Degraded extends CacheHealthState = 'up'>(
    key?: Key,
    options: HealthCheckOptions<Degraded> = {},
  ): HealthResult<Key, Degraded> {
    const { degraded = 'up', warm = false } = options;
    const report = this.report();
    const isCold = warm && !report.details.warm;
    const state = isCold ? 'down' : report.state;
    const reasons = isCold ? ['it is still being warmed', ...report.reasons] : report.reasons;
    const status = state === 'degraded' ? degraded : state;
    return { [key ?? 'cache']: { status, ...report, state, reasons } } as HealthResult<Key, Degraded>;
  }

  #reasonsToBeDown({ cache: { redis } }: Figures): string[] {
    if (this.surroundings.isClosed()) return ['it is closed'];
    const isAway = redis?.breaker === 'open' && this.surroundings.needsRedis;
    return isAway ? ['Redis is away and is required (redis.required)'] : [];
  }
}

function reasonsToBeDegraded({ cache, events }: Figures): string[] {
  const { journal, redis, writeQueues, caches } = cache;
  const reasons: string[] = [];
  if (!cache.enabled) return reasons;
  if (redis?.reachable === false) reasons.push('Redis is away');
  if (!journal.trusted)
    reasons.push('the journal is not confirmed: reads go to the source, or to what degraded.ttl allows');
  if (journal.queued > 0) reasons.push(`invalidated tags that wait for the journal: ${journal.queued}`);
  for (const [name, { origin }] of Object.entries(caches)) {
    if (origin?.breaker === 'open') reasons.push(`the source of cache ${name} is given up for now`);
  }
  for (const [name, { failures, written, waiting }] of Object.entries(writeQueues)) {
    if (waiting > 0 && failures > 0 && written === 0) reasons.push(`the sink of cache ${name} has taken nothing yet`);
  }
  for (const { transport, connected } of events?.transports ?? []) {
    if (!connected) reasons.push(`${transport} is not connected: events of others may be missing`);
  }
  return reasons;
}
