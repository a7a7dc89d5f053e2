import { describe, expect, it } from 'vitest';
import { EventLog } from '../../../../lib/events/event-log.js';
import { OutboxPublisher } from '../../../../lib/events/outbox/outbox-publisher.js';
import type { OutboxBatch, OutboxStore } from '../../../../lib/events/outbox/outbox.interface.js';
import { TestClock } from '../../../../lib/testing/test-clock.js';

/** As a database does it: what was sent is gone when the batch has ended, and not before. */
class Store implements OutboxStore {
  readonly batches: OutboxBatch[] = [];
  constructor(readonly events: string[]) {}

  async add(_transaction: unknown, event: string): Promise<void> {
    this.events.push(event);
  }

  async publish(send: (event: string) => Promise<boolean>, most: number): Promise<OutboxBatch> {
    const oldest = this.events.slice(0, most);
    let published = 0;
    while (published < oldest.length && (await send(oldest[published]!))) published++;
    this.events.splice(0, published);
    const batch = { busy: false, published, failed: published < oldest.length };
    this.batches.push(batch);
    return batch;
  }
}

type Send = (event: string, clock: TestClock) => Promise<'sent' | 'failed' | 'unreadable'>;

function publishing(howMany: number, send: Send) {
  const clock = new TestClock();
  const store = new Store(Array.from({ length: howMany }, (_, index) => `${index}`));
  const warnings: string[] = [];
  const logger = { warn: (line: string) => warnings.push(line), error: () => undefined, log: () => undefined };
  const log = new EventLog(logger, clock);
  const publisher = new OutboxPublisher(store, (event) => send(event, clock), 1_000, clock, log);
  publisher.start();
  return { clock, store, warnings, publisher };
}

const after = (clock: TestClock, ms: number): Promise<void> => new Promise((done) => clock.after(ms, done));

describe('a batch of an outbox', () => {
  it('ends after 10 seconds where the broker is slow, and the next one follows at once', async () => {
    const { clock, store, publisher } = publishing(100, async (_event, time) => {
      await after(time, 900);
      return 'sent';
    });
    await clock.advance(11_000);
    expect(store.batches).toEqual([{ busy: false, published: 12, failed: true }]);
    await clock.advance(80_000);
    expect(store.events).toEqual([]);
    expect(publisher.status()).toMatchObject({ published: 100, failures: 0, lastError: undefined });
  });

  it('sends one event at least, however long that takes', async () => {
    const { clock, store, publisher } = publishing(3, async (_event, time) => {
      await after(time, 60_000);
      return 'sent';
    });
    await clock.advance(181_000);
    expect(store.events).toEqual([]);
    expect(publisher.status()).toMatchObject({ published: 3, failures: 0 });
  });

  it('that got somewhere is soon followed by another one', async () => {
    let sent = 0;
    const { clock, publisher } = publishing(200, async () => (++sent % 5 === 0 ? 'failed' : 'sent'));
    await clock.advance(60_000);
    expect(publisher.status()).toMatchObject({ published: 200, failures: 49 });
  });

  it('ends where sending throws, and is a failure that says why', async () => {
    let isBroken = true;
    const { clock, warnings, publisher } = publishing(2, async (event) => {
      if (isBroken && event === '1') throw new Error('no broker');
      return 'sent';
    });
    await clock.advance(1);
    expect(publisher.status()).toMatchObject({
      published: 1,
      failures: 1,
      state: 'failing',
      lastError: 'an event couldn’t be published: no broker',
    });
    expect(warnings).toEqual(['an event couldn’t be published: no broker']);
    isBroken = false;
    await clock.advance(1_000);
    expect(publisher.status()).toMatchObject({ published: 2, state: 'publishing' });
  });

  it('is no failure when it ends because the application does', async () => {
    const { clock, store, publisher } = publishing(3, async (_event, time) => {
      await after(time, 500);
      return 'sent';
    });
    await clock.advance(100);
    const closed = publisher.close(2_000);
    await clock.advance(1_000);
    await closed;
    expect(store.events).toEqual(['1', '2']);
    expect(publisher.status()).toMatchObject({ published: 1, failures: 0, state: 'ended' });
    expect(clock.pendingTimers).toBe(0);
  });
});
