import { describe, expect, it } from 'vitest';
import { EventLog } from '../../../lib/events/event-log.js';
import { OutboxPublisher } from '../../../lib/events/outbox/outbox-publisher.js';
import type { OutboxBatch, OutboxStore } from '../../../lib/events/outbox/outbox.interface.js';
import { TestClock } from '../../../lib/testing/test-clock.js';

class ListOutbox implements OutboxStore {
  readonly events: string[] = [];
  looks = 0;
  isBusy = false;
  isBroken = false;

  async add(_transaction: unknown, event: string): Promise<void> {
    this.events.push(event);
  }

  async publish(send: (event: string) => Promise<boolean>, most: number): Promise<OutboxBatch> {
    this.looks++;
    if (this.isBroken) throw new Error('no database');
    if (this.isBusy) return { busy: true, published: 0, failed: false };
    for (let published = 0; published < most; published++) {
      const [event] = this.events;
      if (event === undefined) return { busy: false, published, failed: false };
      if (!(await send(event))) return { busy: false, published, failed: true };
      this.events.shift();
    }
    return { busy: false, published: most, failed: false };
  }
}

function publishing() {
  const clock = new TestClock();
  const store = new ListOutbox();
  const sent: string[] = [];
  const warnings: string[] = [];
  const broker = { answer: 'sent' as 'sent' | 'failed' | 'unreadable' };
  const send = async (event: string): Promise<'sent' | 'failed' | 'unreadable'> => {
    if (broker.answer === 'sent') sent.push(event);
    return broker.answer;
  };
  const logger = { warn: (line: string) => warnings.push(line), error: () => undefined, log: () => undefined };
  const publisher = new OutboxPublisher(store, send, 1_000, clock, new EventLog(logger, clock));
  publisher.start();
  return { clock, store, sent, warnings, broker, publisher };
}

describe('the publisher of an outbox', () => {
  it('looks into it about each second', async () => {
    const { clock, store, sent } = publishing();
    await clock.advance(0);
    store.events.push('a', 'b');
    await clock.advance(1_000);
    expect(sent).toEqual(['a', 'b']);
    const { looks } = store;
    await clock.advance(10_000);
    expect(store.looks - looks).toBeGreaterThanOrEqual(10);
    expect(store.looks - looks).toBeLessThanOrEqual(14);
  });

  it('looks at once when it is nudged', async () => {
    const { clock, store, sent, publisher } = publishing();
    await clock.advance(0);
    store.events.push('a');
    publisher.nudge();
    await clock.advance(0);
    expect(sent).toEqual(['a']);
  });

  it('doesn’t rest while there is more than a batch', async () => {
    const { clock, store, sent, publisher } = publishing();
    await clock.advance(0);
    store.events.push(...Array.from({ length: 350 }, (_, index) => `${index}`));
    publisher.nudge();
    await clock.advance(0);
    expect(sent).toHaveLength(350);
  });

  it('waits longer and longer while the broker is away, and no nudge hurries it', async () => {
    const { clock, store, sent, broker, publisher } = publishing();
    await clock.advance(0);
    broker.answer = 'failed';
    store.events.push('a');
    publisher.nudge();
    await clock.advance(0);
    const looks: number[] = [];
    let before = store.looks;
    for (let minute = 0; minute < 6; minute++) {
      for (let second = 0; second < 60; second++) {
        publisher.nudge();
        await clock.advance(1_000);
      }
      looks.push(store.looks - before);
      before = store.looks;
    }
    expect(looks[0]).toBeLessThanOrEqual(10);
    expect(looks.at(-1)).toBeGreaterThanOrEqual(1);
    expect(looks.at(-1)).toBeLessThanOrEqual(3);
    expect(publisher.status()).toMatchObject({ state: 'failing', published: 0 });
    broker.answer = 'sent';
    await clock.advance(30_000);
    expect(sent).toEqual(['a']);
    expect(publisher.status()).toMatchObject({ state: 'publishing', published: 1 });
  });

  it('waits while another process publishes', async () => {
    const { clock, store, publisher } = publishing();
    await clock.advance(0);
    store.isBusy = true;
    await clock.advance(3_000);
    expect(publisher.status()).toMatchObject({ state: 'waiting', failures: 0 });
  });

  it('goes on when the database is back', async () => {
    const { clock, store, sent, warnings, publisher } = publishing();
    await clock.advance(0);
    store.isBroken = true;
    await clock.advance(5_000);
    expect(publisher.status().state).toBe('failing');
    expect(warnings.join()).toContain('the outbox can’t be read: no database');
    store.isBroken = false;
    store.events.push('a');
    await clock.advance(30_000);
    expect(sent).toEqual(['a']);
  });

  it('removes what can’t be read, and says so', async () => {
    const { clock, store, warnings, broker, publisher } = publishing();
    await clock.advance(0);
    broker.answer = 'unreadable';
    store.events.push('garbage');
    await clock.advance(1_000);
    expect(store.events).toEqual([]);
    expect(publisher.status()).toMatchObject({ unreadable: 1, failures: 0 });
    expect(warnings.join()).toContain('was removed');
  });

  it('ends when the application does, and leaves no timer behind', async () => {
    const { clock, store, publisher } = publishing();
    await clock.advance(0);
    await publisher.close(2_000);
    store.events.push('a');
    await clock.advance(10_000);
    expect(store.events).toEqual(['a']);
    expect(publisher.status().state).toBe('ended');
    expect(clock.pendingTimers).toBe(0);
  });
});
