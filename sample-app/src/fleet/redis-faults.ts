import { setTimeout as pause } from 'node:timers/promises';
import type { MeasuredShop } from '../driver/meter.js';
import type { Outage } from '../driver/promise.js';
import type { LocalServer } from '../servers/local-server.js';
import { FaultStory } from './fault-story.js';

interface Fault {
  what: string;
  /** How much of a run is done when it begins. */
  share: number;
  forMs: number;
  begin: (redis: LocalServer) => Promise<void> | void;
  end: (redis: LocalServer) => Promise<void> | void;
}

const FAULTS: readonly Fault[] = [
  { what: 'killed', share: 0.2, forMs: 2_000, begin: (redis) => redis.kill(), end: (redis) => redis.begin() },
  { what: 'frozen', share: 0.5, forMs: 1_500, begin: (redis) => redis.freeze(), end: (redis) => redis.thaw() },
];

const LOOK_EVERY_MS = 50;
const BACK_WITHIN_MS = 30_000;

/** What happens to Redis in the course of a run, one thing after the other. */
export class RedisFaults extends FaultStory {
  constructor(
    private readonly redis: LocalServer,
    private readonly shop: MeasuredShop,
  ) {
    super(FAULTS.map((fault) => ({ share: fault.share, happen: () => this.happen(fault) })));
  }

  private async happen({ what, forMs, begin, end }: Fault): Promise<Outage[]> {
    const beganAt = Date.now();
    await begin(this.redis);
    await pause(forMs);
    const endedAt = Date.now();
    await end(this.redis);
    await this.everybodyIsBack();
    return [{ what, beganAt, endedAt, overAt: Date.now() }];
  }

  /** Every process trusts what it knows again, and none has an invalidation that the others don't know of. */
  private async everybodyIsBack(): Promise<void> {
    const deadline = Date.now() + BACK_WITHIN_MS;
    for (;;) {
      const journals = (await this.shop.statuses()).map(({ cache }) => cache.journal);
      if (journals.every(({ trusted, queued }) => trusted && queued === 0)) return;
      if (Date.now() > deadline) throw new Error(`Redis is back, and not in use after ${BACK_WITHIN_MS} ms`);
      await pause(LOOK_EVERY_MS);
    }
  }
}
