import { describe, expect, it } from 'vitest';
import { Once } from '../../../lib/coalescing/once.js';
import { EventReceiver, type EventCaches } from '../../../lib/events/event-receiver.js';
import { EventLog } from '../../../lib/events/event-log.js';
import { Turnstile } from '../../../lib/events/turnstile.js';
import { TestClock } from '../../../lib/testing/test-clock.js';

/** Work that ends when it is told to. */
function works() {
  const begun: number[] = [];
  const ends = new Map<number, (failure?: Error) => void>();
  const work = (number: number) => async (): Promise<number> => {
    begun.push(number);
    await new Promise<void>((resolve, reject) =>
      ends.set(number, (failure) => (failure === undefined ? resolve() : reject(failure))),
    );
    return number;
  };
  return { begun, end: (number: number, failure?: Error) => ends.get(number)!(failure), work };
}

const turns = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a turnstile', () => {
  it('lets so many in at a time, and the others in their order', async () => {
    const turnstile = new Turnstile(2);
    const { begun, end, work } = works();
    const passing = [0, 1, 2, 3].map(async (number) => turnstile.pass(work(number)));
    await turns();
    expect(begun).toEqual([0, 1]);
    end(1);
    expect(await passing[1]).toBe(1);
    await turns();
    expect(begun).toEqual([0, 1, 2]);
    end(0);
    end(2);
    await turns();
    end(3);
    expect(await Promise.all(passing)).toEqual([0, 1, 2, 3]);
  });

  it('lets the next one in where one fails as well', async () => {
    const turnstile = new Turnstile(1);
    const { begun, end, work } = works();
    const first = turnstile.pass(work(0));
    const second = turnstile.pass(work(1));
    await turns();
    end(0, new Error('failed'));
    await expect(first).rejects.toThrow('failed');
    await turns();
    expect(begun).toEqual([0, 1]);
    end(1);
    expect(await second).toBe(1);
  });
});

describe('events that are received at once', () => {
  it('are applied 64 at a time, and counted as under way until then', async () => {
    const clock = new TestClock();
    const { begun, end, work } = works();
    const caches = {
      service: { invalidate: async () => work(begun.length)().then(() => ({ status: 'applied' })) },
      once: new Once(clock),
      has: () => true,
      background: () => undefined,
    } as unknown as EventCaches;
    const log = new EventLog({ error: () => undefined, warn: () => undefined, log: () => undefined }, clock);
    const options = {
      limits: { maxBytes: 1_000, maxTargets: 10 },
      signing: undefined,
      signedWithinMs: 1_000,
      rememberForMs: 1_000,
    };
    const receiver = new EventReceiver(caches, options, clock, log);
    const receiving = Array.from({ length: 100 }, async (_, id) => receiver.receive({ id: `${id}`, tags: ['a'] }));
    await turns();
    expect(begun).toHaveLength(64);
    expect(receiver.counts.events).toMatchObject({ received: 100, applied: 0, underWay: 100 });
    for (let number = 0; number < 100; number++) {
      end(number);
      await turns();
    }
    await Promise.all(receiving);
    expect(receiver.counts.events).toMatchObject({ received: 100, applied: 100, underWay: 0 });
  });
});
