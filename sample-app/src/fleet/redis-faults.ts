import { setTimeout as pause } from 'node:timers/promises';
import type { Faults } from '../driver/measured-run.js';
import type { MeasuredShop } from '../driver/meter.js';
import type { Outage } from '../driver/promise.js';
import type { RedisServer } from './redis-server.js';

interface Fault {
  what: string;
  /** How much of a run is done when it begins. */
  share: number;
  forMs: number;
  begin: (redis: RedisServer) => Promise<void> | void;
  end: (redis: RedisServer) => Promise<void> | void;
}

const FAULTS: readonly Fault[] = [
  { what: 'killed', share: 0.2, forMs: 2_000, begin: (redis) => redis.kill(), end: (redis) => redis.begin() },
  { what: 'frozen', share: 0.5, forMs: 1_500, begin: (redis) => redis.freeze(), end: (redis) => redis.thaw() },
];

const LOOK_EVERY_MS = 50;
const BACK_WITHIN_MS = 30_000;

/** What happens to Redis in the course of a run, one thing after the other. */
export class RedisFaults implements Faults {
  readonly outages: Outage[] = [];
  private readonly ahead = [...FAULTS];
  private story = Promise.resolve();

  constructor(
    private readonly redis: RedisServer,
    private readonly shop: MeasuredShop,
  ) {}

  reached(share: number): void {
    for (let next = this.ahead[0]; next && next.share <= share; next = this.ahead[0]) {
      const fault = next;
      this.ahead.shift();
      this.story = this.story.then(() => this.happen(fault));
      this.story.catch(() => {}); // `over` tells
    }
  }

  over(): Promise<void> {
    return this.story;
  }

  private async happen({ what, forMs, begin, end }: Fault): Promise<void> {
    const beganAt = Date.now();
    await begin(this.redis);
    await pause(forMs);
    const endedAt = Date.now();
    await end(this.redis);
    await this.everybodyIsBack();
    this.outages.push({ what, beganAt, endedAt, overAt: Date.now() });
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
