import { CacheConfigurationError } from '../../cache.errors.js';
import type { EventTarget } from '../../desk/cache-engine.js';
import type { OwnCaches } from '../cache-events.js';
import { writeEvent, type InvalidationEvent } from '../event-format.js';
import type { OutboxStore } from './outbox.interface.js';
import type { OutboxPublisher, OutboxStatus } from './outbox-publisher.js';

/** What an outbox consists of. */
export interface OutboxParts {
  readonly store: OutboxStore;
  readonly publisher: OutboxPublisher;
  readonly create: (target: EventTarget) => InvalidationEvent;
  /** Undefined in a service without caches. */
  readonly own: OwnCaches | undefined;
}

/** Events that are written with the change they tell of, and published afterwards: at least once, in order. */
export class CacheOutbox<Transaction = unknown> {
  /** @param parts undefined where `CacheEventsModule` was given no `outbox` */
  constructor(private readonly parts: OutboxParts | undefined) {}

  /**
   * Writes an event in a transaction. When that is committed this service's own caches and all others let go; inside
   * `CacheService.afterCommit` this service does so at once.
   *
   * @returns the id of the event
   * @throws CacheKeyError for tags and keys that can't be in an event, and whatever the database throws
   * @example
   * await this.cache.afterCommit(() => inTransaction(pool, async (tx) => {
   *   await tx.query('update users set name = $2 where id = $1', [id, name]);
   *   await this.outbox.add(tx, { tags: [`user:${id}`] });
   * }));
   */
  async add(transaction: Transaction, target: EventTarget): Promise<string> {
    const { store, publisher, create, own } = this.#configured();
    const event = create(target);
    await store.add(transaction, JSON.stringify(writeEvent(event)));
    const isCollected = own?.whenCommitted(() => publisher.nudge()) === true;
    if (isCollected) await own.invalidate(target);
    return event.id!;
  }

  /** For whoever commits without `afterCommit`: there is something to publish, which would else be found by the next look. */
  nudge(): void {
    this.#configured().publisher.nudge();
  }

  status(): OutboxStatus {
    return this.#configured().publisher.status();
  }

  #configured(): OutboxParts {
    if (this.parts !== undefined) return this.parts;
    throw new CacheConfigurationError([
      { where: 'CacheEventsModule.outbox', problem: 'isn’t said; give it { store: new PostgresOutbox({ … }) }' },
    ]);
  }
}
